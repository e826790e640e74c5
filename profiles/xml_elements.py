"""Which XML element stands for which JSON property: one table a type, made from its snapshot on first use.

Law: a table is immutable and shared. Elements keep the order of the definition; the options of a choice share a place.
Source: http://hl7.org/fhir/R4/xml.html, http://hl7.org/fhir/R4/json.html#xml.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache

from profiles.definitions import Definition, json_names, primitive_types, structure

_SLICE_NAME = re.compile(r":[^.]+")
_SYSTEM = "http://hl7.org/fhirpath/"


class Form(Enum):
    """What an element looks like in XML."""

    PRIMITIVE = "a value attribute"
    OBJECT = "elements of its own"
    RESOURCE = "a resource inside"
    XHTML = "a div of XHTML"


@dataclass(frozen=True, slots=True)
class Element:
    """One JSON property. `type` is the FHIR type; `table` gives the table of an OBJECT."""

    name: str
    order: int
    many: bool
    form: Form
    type: str
    table: Callable[[], Table]


@dataclass(frozen=True, slots=True)
class Table:
    """The elements of an object by name, and the names of those that are attributes (`id`, `url`)."""

    type: str
    elements: Mapping[str, Element]
    attributes: frozenset[str]


def resource_table(resource_type: str) -> Table:
    """The table of a resource type or a data type that exists."""
    return _table(resource_type, resource_type)


@cache
def extension_table() -> Table:
    """What a primitive has beside its value: `id` and `extension`."""
    return _table("Element", "Element")


@cache
def _table(type_name: str, path: str) -> Table:
    definition = structure(type_name)
    assert definition is not None, type_name
    elements: dict[str, Element] = {}
    attributes: set[str] = set()
    depth = path.count(".") + 1
    snapshot = definition["snapshot"]["element"]
    parents = frozenset(element["path"].rpartition(".")[0] for element in snapshot)
    for order, element in enumerate(snapshot):
        its_path = element["path"]
        if its_path.count(".") != depth or not its_path.startswith(path + "."):
            continue
        name = its_path.rpartition(".")[2]
        if _is_attribute(element):
            attributes.add(name)
            continue
        for json_name, kind in zip(json_names(name, element), _kinds(element), strict=True):
            elements[json_name] = _element(type_name, json_name, order, element, kind, parents)
    return Table(path, elements, frozenset(attributes))


def _is_attribute(element: Definition) -> bool:
    return "xmlAttr" in element.get("representation", ()) or element.get("base", element)["path"] == "Element.id"


def _kinds(element: Definition) -> list[str]:
    """The type of each JSON name; System types are those of ids and URLs."""
    if "contentReference" in element:
        return [""]
    return [
        kind.get("fhirType", "string") if kind["code"].startswith(_SYSTEM) else kind["code"] for kind in element["type"]
    ]


def _element(type_name: str, name: str, order: int, element: Definition, kind: str, parents: frozenset[str]) -> Element:
    many = element.get("base", element)["max"] not in ("0", "1")
    if "contentReference" in element:
        path = _SLICE_NAME.sub("", element["contentReference"].partition("#")[2])
        return Element(name, order, many, Form.OBJECT, path, lambda: _table(type_name, path))
    if kind == "xhtml":
        return Element(name, order, many, Form.XHTML, kind, extension_table)
    if kind in primitive_types():
        return Element(name, order, many, Form.PRIMITIVE, kind, extension_table)
    if kind == "Resource":
        return Element(name, order, many, Form.RESOURCE, kind, extension_table)
    if element["path"] in parents:
        path = element["path"]
        return Element(name, order, many, Form.OBJECT, kind, lambda: _table(type_name, path))
    return Element(name, order, many, Form.OBJECT, kind, lambda: _table(kind, kind))
