"""The places of a resource tree that a patch changes: an element of an object, with what R4 says of it.

A primitive has two homes in JSON, its value under the name and `id` and extensions under `_name`; the two lists of a
repeating primitive are kept in step (FHIR R4 json.html#primitive).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from fhir_server.patch.failure import PatchError
from profiles.fhirpath import Location
from profiles.xml_elements import Element, Form, Table, extension_table, resource_table

Part = Mapping[str, Any]
Resource = dict[str, Any]
_STRING = Element("", 0, False, Form.PRIMITIVE, "string", extension_table)
"""Ids and URLs, which are attributes in XML."""


@dataclass(frozen=True, slots=True)
class Target:
    """An object and its definition."""

    value: dict[str, Any]
    table: Table

    def slot(self, name: str, value: Part) -> Slot | None:
        """The element of that name; of a choice (`value`) the one of the type of the value."""
        if name in self.table.attributes:
            return Slot(self.value, name, _STRING, {name: _STRING})
        element = self.table.elements.get(name) or self.table.elements.get(name + _value_type(value))
        if element is None:
            return None
        options = {other.name: other for other in self.table.elements.values() if other.order == element.order}
        return Slot(self.value, element.name, element, options)


@dataclass(frozen=True, slots=True)
class Slot:
    """One element of an object; `options` are all forms of a choice by name, or the one there is."""

    holder: dict[str, Any]
    name: str
    element: Element
    options: Mapping[str, Element]

    def __len__(self) -> int:
        return max(len(self.holder.get(self.name, ())), len(self.holder.get("_" + self.name, ())))

    def insert(self, index: int, value: Part) -> None:
        plain, beside = built(self.element, value)
        lists = self._lists()
        lists[0].insert(index, plain)
        lists[1].insert(index, beside)
        self._settle(*lists)

    def move(self, source: int, destination: int) -> None:
        lists = self._lists()
        for each in lists:
            each.insert(destination, each.pop(source))
        self._settle(*lists)

    def remove(self, place: str | int) -> None:
        """A whole element, or one of a list."""
        if isinstance(place, int):
            lists = self._lists()
            for each in lists:
                del each[place]
            self._settle(*lists)
        else:
            self.holder.pop(self.name, None)
            self.holder.pop("_" + self.name, None)

    def bare(self, place: int | None) -> None:
        """Without what stands beside the primitive, or beside one of a list."""
        if place is None:
            self.holder.pop("_" + self.name, None)
            return
        plain, beside = self._lists()
        beside[place] = None
        self._settle(plain, beside)

    def replace(self, place: str | int, value: Part) -> None:
        if isinstance(place, int):
            self.remove(place)
            self.insert(place, value)
            return
        self.remove(place)
        self.set(value)

    def set(self, value: Part) -> None:
        """The value of an element that holds one; another type of a choice takes another name."""
        wanted = _value_type(value)
        name = next((name for name in self.options if len(self.options) > 1 and name.endswith(wanted)), self.name)
        plain, beside = built(self.options[name], value)
        self._settle_one(name, plain)
        self._settle_one("_" + name, beside)

    def _lists(self) -> tuple[list[Any], list[Any]]:
        """Both homes at full length; of a complex element the second is all None."""
        found = (list(self.holder.get(self.name, ())), list(self.holder.get("_" + self.name, ())))
        for each in found:
            each += [None] * (len(self) - len(each))
        return found

    def _settle(self, plain: list[Any], beside: list[Any]) -> None:
        self._settle_one(self.name, plain if any(value is not None for value in plain) else None)
        self._settle_one("_" + self.name, beside if any(value is not None for value in beside) else None)

    def _settle_one(self, name: str, value: Any) -> None:
        if value is None:
            self.holder.pop(name, None)
        else:
            self.holder[name] = value


# ----------------------------------------------------------------------------------------- values


def _value_key(value: Part) -> str:
    return next((name.removeprefix("_") for name in value if name.removeprefix("_").startswith("value")), "")


def _value_type(value: Part) -> str:
    """`Quantity` of a part with `valueQuantity`."""
    return _value_key(value).removeprefix("value")


def built(element: Element, value: Part) -> tuple[Any, Any]:
    """What a part holds: a value and what stands beside it; an element without a type of its own comes as parts.

    Copies: a patch may be applied again, after its later operations have changed what the earlier ones had put in.
    """
    if "resource" in value:
        return deepcopy(value["resource"]), None
    if "part" in value:
        return _object(element, value["part"]), None
    key = _value_key(value)
    if not key:
        raise PatchError("an operation gives no value")
    return deepcopy(value.get(key)), deepcopy(value.get("_" + key))


def _object(element: Element, parts: Any) -> dict[str, Any]:
    target = Target({}, element.table())
    for part in parts if isinstance(parts, list) else ():
        slot = target.slot(str(part.get("name", "")), part) if isinstance(part, dict) else None
        if slot is None:
            raise PatchError("a value has a part that is no element")
        if slot.element.many:
            slot.insert(len(slot), part)
        else:
            slot.set(part)
    return target.value


# ----------------------------------------------------------------------------------------- places


def descend(resource: Resource, place: Location) -> Target:
    """The object at a place; of a primitive that beside it, made when it is not there."""
    value: Any = resource
    table = resource_table(resource["resourceType"])
    holder, name, element = resource, "", _STRING
    for step in place:
        if isinstance(step, str):
            holder, name = value, step
            element = table.elements.get(step.removeprefix("_"), _STRING)
            table = extension_table() if step[0] == "_" else element.table()
        value = value[step] if isinstance(step, int) else value.get(step)
        if element.form is Form.RESOURCE and isinstance(value, dict):
            table = resource_table(value["resourceType"])
    if isinstance(value, dict):
        return Target(value, table)
    return Target(_beside(holder, name, place[-1]), extension_table())


def _beside(holder: dict[str, Any], name: str, last: str | int) -> dict[str, Any]:
    if isinstance(last, str):
        found: dict[str, Any] = holder.setdefault("_" + name, {})
        return found
    beside = holder.setdefault("_" + name, [])
    beside += [None] * (len(holder[name]) - len(beside))
    beside[last] = beside[last] or {}
    made: dict[str, Any] = beside[last]
    return made


def slot_of(resource: Resource, place: Location) -> Slot:
    """The element a place stands for, or is one of a list of."""
    at = place[:-1] if isinstance(place[-1], str) else place[:-2]
    name = str(place[len(at)])
    target = descend(resource, at)
    slot = target.slot(name.removeprefix("_"), {})
    if slot is None:
        raise PatchError("there is no such element at the path")
    return slot


def emptied(resource: Resource, place: Location) -> None:
    """Takes away, from the inside out, what a delete has left empty."""
    for length in range(len(place) - 1, 0, -1):
        outer = place[:length]
        value: Any = resource
        for step in outer:
            value = value[step] if isinstance(step, int) else value.get(step)
            if value is None:
                break
        if value == {} and length > 1 and isinstance(outer[-1], int) and str(outer[-2])[0] == "_":
            slot_of(resource, outer).bare(outer[-1])
        elif value in ({}, []) and str(outer[-1])[0] == "_":
            slot_of(resource, outer).bare(None)
        elif value in ({}, []):
            slot_of(resource, outer).remove(outer[-1])
