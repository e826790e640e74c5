"""FHIRPath Patch: operations in a Parameters resource, on the places FHIRPath finds (FHIR R4 fhirpatch.html).

Law: `add`, `insert`, `replace`, `move` need the one place they speak of; `delete` of what is not there does nothing.
What is emptied by a delete goes too, for FHIR has no empty elements. The definition says which elements are lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fhir_server.patch.failure import MOST_OPERATIONS, PatchError, PatchMalformed
from fhir_server.patch.slot import Slot, Target, descend, emptied, slot_of
from profiles import fhirpath
from profiles.fhirpath import Expression, FhirPathError, Location

Part = Mapping[str, Any]
Resource = dict[str, Any]
_MEMBER = re.compile(r"(.+)\.([A-Za-z][A-Za-z0-9]*)", re.ASCII | re.DOTALL)
_LONGEST_PATH = 1000
_NAMES = frozenset({"type", "path", "name", "value", "index", "source", "destination"})
_NEEDED = MappingProxyType(
    {
        "add": ("name", "value"),
        "insert": ("index", "value"),
        "delete": (),
        "replace": ("value",),
        "move": ("source", "destination"),
    }
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `value` is the part that holds it."""

    number: int
    kind: str
    path: Expression
    name: str
    value: Part
    index: int
    source: int
    destination: int

    def failed(self, why: str) -> PatchError:
        return PatchError(f"operation {self.number + 1}, {self.kind}: {why}")


def read(parameters: Resource) -> tuple[Operation, ...]:
    """The operations of a Parameters resource; raises PatchMalformed."""
    given = parameters.get("parameter", [])
    if parameters.get("resourceType") != "Parameters" or not isinstance(given, list):
        raise PatchMalformed("a FHIRPath Patch is a Parameters resource")
    if len(given) > MOST_OPERATIONS:
        raise PatchMalformed(f"more than {MOST_OPERATIONS} operations")
    return tuple(_operation(number, one) for number, one in enumerate(given))


def _operation(number: int, given: Any) -> Operation:
    where = f"operation {number + 1}"
    parts = given.get("part") if isinstance(given, dict) and given.get("name") == "operation" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) and _known(part.get("name")) for part in parts):
        raise PatchMalformed(f"{where} is not one with parts of type, path, name, value, index, source, destination")
    named = {part["name"]: part for part in parts}
    if len(named) < len(parts):
        raise PatchMalformed(f"{where} gives a part twice")
    kind = _text(named, "type")
    if kind not in _NEEDED:
        raise PatchMalformed(f"{where}: type is none of add, insert, delete, replace, move")
    missing = [name for name in ("path", *_NEEDED[kind]) if name not in named]
    if missing:
        raise PatchMalformed(f"{where}: {missing[0]} is missing")
    return Operation(
        number,
        kind,
        _path(_text(named, "path"), where),
        _text(named, "name"),
        named.get("value", {}),
        *(_number(named, name, where) for name in ("index", "source", "destination")),
    )


def _known(name: object) -> bool:
    return isinstance(name, str) and name in _NAMES


def _text(named: Mapping[str, Part], name: str) -> str:
    part = named.get(name, {})
    found = part.get("valueString", part.get("valueCode", ""))
    return found if isinstance(found, str) else ""


def _number(named: Mapping[str, Part], name: str, where: str) -> int:
    part = named.get(name)
    found = 0 if part is None else part.get("valueInteger")
    if type(found) is not int or found < 0:
        raise PatchMalformed(f"{where}: {name} is no index")
    return found


def _path(text: str, where: str) -> Expression:
    if not text or len(text) > _LONGEST_PATH:
        raise PatchMalformed(f"{where}: path is missing or too long")
    try:
        return fhirpath.compile(text)
    except FhirPathError as error:
        raise PatchMalformed(f"{where}: path is no FHIRPath: {error.message}") from None


# -------------------------------------------------------------------------------------- applying


def apply(operations: Sequence[Operation], resource: Resource) -> Resource:
    """The patched resource, which is the one given, changed. Raises PatchError."""
    for operation in operations:
        try:
            _APPLY[operation.kind](operation, resource, operation.path.locate(resource))
        except FhirPathError as error:
            raise operation.failed(f"the path cannot be evaluated: {error.message}") from None
    return resource


def _add(operation: Operation, resource: Resource, found: Sequence[Location]) -> None:
    target = descend(resource, _one(operation, found))
    slot = _slot(operation, target, operation.name)
    if slot.element.many:
        slot.insert(len(slot), operation.value)
    elif any(name.removeprefix("_") in slot.options for name in target.value):
        raise operation.failed("the element is there already")
    else:
        slot.set(operation.value)


def _insert(operation: Operation, resource: Resource, found: Sequence[Location]) -> None:
    slot = _list(operation, resource, found)
    if operation.index > len(slot):
        raise operation.failed("the index is beyond the list")
    slot.insert(operation.index, operation.value)


def _delete(operation: Operation, resource: Resource, found: Sequence[Location]) -> None:
    if not found:
        return
    place = _one(operation, found)
    if not place:
        raise operation.failed("the resource itself is deleted by DELETE")
    slot_of(resource, place).remove(place[-1])
    emptied(resource, place)


def _replace(operation: Operation, resource: Resource, found: Sequence[Location]) -> None:
    place = _one(operation, found)
    if not place:
        raise operation.failed("the resource itself is replaced by PUT")
    slot_of(resource, place).replace(place[-1], operation.value)


def _move(operation: Operation, resource: Resource, found: Sequence[Location]) -> None:
    slot = _list(operation, resource, found)
    if max(operation.source, operation.destination) >= len(slot):
        raise operation.failed("the index is beyond the list")
    slot.move(operation.source, operation.destination)


_APPLY: Mapping[str, Callable[[Operation, Resource, Sequence[Location]], None]] = MappingProxyType(
    {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}
)


def _one(operation: Operation, found: Sequence[Location]) -> Location:
    if len(found) != 1:
        raise operation.failed("the path leads to more than one place" if found else "there is nothing at the path")
    return found[0]


def _list(operation: Operation, resource: Resource, found: Sequence[Location]) -> Slot:
    """The whole list the path names; an empty one is found by the path of what holds it."""
    if found:
        slot = slot_of(resource, found[0])
        whole = [(*found[0][:-1], position) for position in range(len(slot))]
        if not slot.element.many or list(found) != whole:
            raise operation.failed("the path does not name one whole list")
        return slot
    member = _MEMBER.fullmatch(operation.path.text)
    if member is None:
        raise operation.failed("there is nothing at the path")
    holder = fhirpath.compile(member[1]).locate(resource)
    slot = _slot(operation, descend(resource, _one(operation, holder)), member[2])
    if not slot.element.many:
        raise operation.failed("the path does not name a list")
    return slot


def _slot(operation: Operation, target: Target, name: str) -> Slot:
    slot = target.slot(name, operation.value)
    if slot is None:
        raise operation.failed("there is no such element at the path")
    return slot
