"""What changed between two versions, as the FHIRPath Patch that makes the one of the other (FHIR R4 fhirpatch.html).

The operations are to be applied in their order. The version and the time of the server's own stamp are left out.
Inside an element what is new comes before what goes, so that no element is empty on the way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.operations.element_type import Child, children
from fhir_server.operations.parameters import group, parameter

Json = dict[str, Any]
Pair = tuple[Any, Any]
"""A value, and what stands beside it under `_name` when it is primitive."""
_STAMP = frozenset({"versionId", "lastUpdated"})
_VALUES = frozenset(
    {
        *("Address", "Age", "Annotation", "Attachment", "CodeableConcept", "Coding", "ContactPoint", "Count"),
        *("Distance", "Duration", "HumanName", "Identifier", "Money", "Period", "Quantity", "Range", "Ratio"),
        *("Reference", "SampledData", "Signature", "Timing", "ContactDetail", "Contributor", "DataRequirement"),
        *("Expression", "ParameterDefinition", "RelatedArtifact", "TriggerDefinition", "UsageContext", "Dosage"),
        "Meta",
    }
)
"""Complex types a parameter can carry as they are; of others the children are given as parts."""


def difference(old: Json, new: Json) -> list[Json]:
    """The `operation` parameters, none when the two say the same."""
    kind = new["resourceType"]
    return list(_object(_unstamped(old), _unstamped(new), kind, kind))


def _unstamped(resource: Json) -> Json:
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _STAMP}
    rest = {name: value for name, value in resource.items() if name not in ("resourceType", "meta")}
    return rest | ({"meta": meta} if meta else {})


def _object(old: Json, new: Json, path: str, place: str) -> Iterator[Json]:
    """The changes inside one element: first what changes or is new, then what goes."""
    known = children(place)
    before, after = _members(old, known), _members(new, known)
    stems = {known[name].name: name for name in before}
    for name, items in after.items():
        child = known[name]
        if name in before:
            yield from _items(before[name], items, f"{path}.{child.name}", child)
            continue
        if child.name in stems:  # a choice of another type takes the place of the old one
            yield _delete(f"{path}.{child.name}")
        for item in items:
            yield _add(path, child, item)
    stems_after = {known[name].name for name in after}
    for name, items in before.items():
        child = known[name]
        if child.name not in stems_after:
            yield from _deletes(f"{path}.{child.name}", child, 0, len(items))


def _members(value: Json, known: Mapping[str, Child]) -> dict[str, list[Pair]]:
    """The elements by JSON name, each as a list; a primitive together with its `_name`."""
    names = dict.fromkeys(name.removeprefix("_") for name in value)
    return {name: _pairs(value.get(name), value.get("_" + name)) for name in names if name in known}


def _pairs(value: Any, beside: Any) -> list[Pair]:
    if not isinstance(value, list) and not isinstance(beside, list):
        return [(value, beside)]
    values, besides = value or [], beside or []
    length = max(len(values), len(besides))
    return list(zip(_padded(values, length), _padded(besides, length), strict=True))


def _padded(values: list[Any], length: int) -> list[Any]:
    return [*values, *[None] * (length - len(values))]


def _items(before: list[Pair], after: list[Pair], path: str, child: Child) -> Iterator[Json]:
    """The changes of one element: what is alike at both ends of a list stays."""
    if not child.repeats:
        yield from _item(before[0], after[0], path, child)
        return
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    same = 0
    while same < min(len(before), len(after)) - start and before[-1 - same] == after[-1 - same]:
        same += 1
    old, new = before[start : len(before) - same], after[start : len(after) - same]
    for offset, (one, other) in enumerate(zip(old, new, strict=False)):
        yield from _item(one, other, f"{path}[{start + offset}]", child)
    shared = min(len(old), len(new))
    yield from _deletes(path, child, start + shared, start + len(old))
    for offset, item in enumerate(new[shared:], start + shared):
        parent = path.rpartition(".")[0]
        yield _insert(path, offset, child, item) if same else _add(parent, child, item)


def _item(old: Pair, new: Pair, path: str, child: Child) -> Iterator[Json]:
    if old == new:
        return
    one, other = old[0], new[0]
    whole = child.primitive or child.type == "Resource" or not isinstance(one, dict) or not isinstance(other, dict)
    if whole or not any(one.get(name) == value for name, value in other.items()):
        yield group("operation", _code("type", "replace"), _text("path", path), _value(child, new))
    else:
        yield from _object(one, other, path, child.place)


# ------------------------------------------------------------------------------------------------------- operations


def _code(name: str, value: str) -> Json:
    return parameter(name, "code", value)


def _text(name: str, value: str) -> Json:
    return parameter(name, "string", value)


def _add(path: str, child: Child, item: Pair) -> Json:
    return group("operation", _code("type", "add"), _text("path", path), _text("name", child.name), _value(child, item))


def _insert(path: str, index: int, child: Child, item: Pair) -> Json:
    place = parameter("index", "integer", index)
    return group("operation", _code("type", "insert"), _text("path", path), place, _value(child, item))


def _delete(path: str) -> Json:
    return group("operation", _code("type", "delete"), _text("path", path))


def _deletes(path: str, child: Child, start: int, end: int) -> Iterator[Json]:
    """One element at a time, the last first, so that the numbers of the others stay."""
    if not child.repeats:
        if end > start:
            yield _delete(path)
        return
    for index in range(end - 1, start - 1, -1):
        yield _delete(f"{path}[{index}]")


def _value(child: Child, item: Pair, name: str = "value") -> Json:
    """The `value` of an operation, or the part of one: as a value[x], as a resource, or as parts of its own."""
    value, beside = item
    if child.type == "Resource":
        return {"name": name, "resource": value}
    if child.primitive or child.type in _VALUES:
        kind = "string" if child.type == "xhtml" else child.type
        key = "value" + kind[0].upper() + kind[1:]
        shown: Json = {"name": name}
        if value is not None:
            shown[key] = value
        if beside is not None:
            shown["_" + key] = beside
        return shown
    known = children(child.place)
    members = _members(value, known)
    return group(
        name, *(_value(known[each], one, known[each].name) for each, items in members.items() for one in items)
    )
