"""The type of an element of a resource, step by step, as its StructureDefinition says (FHIR R4 elementdefinition.html).

A place is `Type` or, inside a backbone element, `Type.path`; one step leads to the next place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from profiles.definitions import primitive_types, structure

_BACKBONES = frozenset({"BackboneElement", "Element"})


@dataclass(frozen=True, slots=True)
class Child:
    """One element. `name` is that of FHIRPath (`value`, not `valueString`), `type` is empty for a backbone."""

    name: str
    type: str
    place: str
    repeats: bool

    @property
    def primitive(self) -> bool:
        return self.type in primitive_types() or self.type == "xhtml"


@cache
def children(place: str) -> Mapping[str, Child]:
    """The elements below a place, by JSON name."""
    root = place.partition(".")[0]
    definition = structure(root)
    if definition is None:
        return MappingProxyType({})
    found: dict[str, Child] = {}
    for element in definition["snapshot"]["element"]:
        parent, _, name = element["path"].rpartition(".")
        if parent == place and "sliceName" not in element:
            found |= _child(root, element, name)
    return MappingProxyType(found)


def _child(root: str, element: Mapping[str, Any], name: str) -> dict[str, Child]:
    repeats = element["max"] != "1"
    if "contentReference" in element:
        path = element["contentReference"].partition("#")[2]
        return {name: Child(name, "", path, repeats)}
    kinds = [each["code"] for each in element.get("type", ())]
    if name.endswith("[x]"):
        stem = name[:-3]
        return {stem + kind[0].upper() + kind[1:]: Child(stem, kind, kind, repeats) for kind in kinds}
    kind = _plain(element["type"][0]) if kinds else ""
    if kind in _BACKBONES:
        return {name: Child(name, "", element["path"], repeats)}
    return {name: Child(name, kind, kind, repeats)}


def _plain(kind: Mapping[str, Any]) -> str:
    """The FHIR type; ids and extension URLs are written as types of FHIRPath."""
    code = str(kind["code"])
    if code.startswith("http://hl7.org/fhirpath/System."):
        return "string"
    return code
