"""Turns the snapshot of a StructureDefinition into closures over plain dicts, once per type, on first use.

Law: a check never raises, never changes its value and never repeats it. What is compiled is immutable or grows by equal
entries only: threads share it. Slices of profiles are not compiled yet.
Source: http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from profiles.definitions import Definition, json_names, primitive_types, resource_types, structure
from profiles.validator.bindings import bound
from profiles.validator.finding import LOCAL_REFERENCE, Check, Findings, finding
from profiles.validator.invariants import Invariant, invariant
from profiles.validator.objects import Shape, list_check, not_an_object, object_check
from profiles.validator.primitives import PRIMITIVES
from profiles.validator.references import referring, settle_local_references

RESOURCE_ID = "Resource.id"
_SLICE_NAME = re.compile(r":[^.]+")


@dataclass(slots=True)
class Node:
    """An element of a snapshot and the elements right below it."""

    element: Definition
    children: list[Node] = field(default_factory=list)


@cache
def _nodes(url: str) -> Mapping[str, Node]:
    """The tree of a StructureDefinition, by path."""
    definition = structure(url)
    assert definition is not None, url
    nodes: dict[str, Node] = {}
    for element in definition["snapshot"]["element"]:
        if ":" in element["id"] or "/" in element["id"]:
            continue
        node = nodes.setdefault(element["path"], Node(element))
        parent = nodes.get(element["path"].rpartition(".")[0])
        if parent is not None:
            parent.children.append(node)
    return nodes


@cache
def check_at(url: str, path: str) -> Check:
    """The check of the objects at a path of a definition: of a type (`Patient`) or a part of it (`Patient.contact`)."""
    return object_check(shape_at(url, path))


def shape_at(url: str, path: str) -> Shape:
    """What a definition says about the objects at one of its paths."""
    node = _nodes(url)[path]
    labels: dict[str, str] = {}
    makers: dict[str, Callable[[], Check]] = {}
    required: list[tuple[str, frozenset[str], int]] = []
    choices: list[tuple[str, frozenset[str]]] = []
    for child in node.children:
        label, options = _options(child.element)
        for name, kind in options.items():
            labels[name] = label if name == label else f"{label}.ofType({kind['code']})"
            makers[name] = _maker(url, child, kind)
            if kind["code"] in primitive_types():
                labels["_" + name] = labels[name]
                makers["_" + name] = _extensions_maker(child.element)
        if child.element["min"]:
            required.append((label, frozenset(options), child.element["min"]))
        if child.element["path"].endswith("[x]"):
            choices.append((label, frozenset(options)))
    if path in resource_types():
        makers["resourceType"] = lambda: PRIMITIVES["code"]
    return Shape(path, labels, makers, tuple(required), tuple(choices), _rules(path, node))


def _options(element: Definition) -> tuple[str, dict[str, Definition]]:
    """The FHIRPath name of an element and its JSON names, each with the type it stands for."""
    name = element["path"].rpartition(".")[2]
    types = element.get("type", [{"code": "contentReference"}])
    return name.removesuffix("[x]"), dict(zip(json_names(name, element), types, strict=False))


def _rules(path: str, node: Node) -> tuple[Invariant, ...]:
    """The rules on the element, and those that come with its data type."""
    root = path.partition(".")[0]
    keys = {constraint["key"]: None for constraint in node.element.get("constraint", ()) if _refuses(constraint)}
    found = (invariant(root, key) for key in keys)
    return tuple(rule for rule in found if rule is not None)


def _refuses(constraint: Definition) -> bool:
    return bool(constraint["severity"] == "error")


# ----------------------------------------------------------------------------------------------------- elements


def _maker(url: str, node: Node, kind: Definition) -> Callable[[], Check]:
    return lambda: _element_check(url, node, kind)


def _element_check(url: str, node: Node, kind: Definition) -> Check:
    element = node.element
    if element["max"] == "0":
        return lambda _: finding("element-too-many", max="0")
    check = _value_check(url, node, kind)
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        check = bound(kind["code"], binding["valueSet"], check)
    for name, wanted in element.items():
        if name.startswith("fixed"):
            check = _fixed(check, wanted)
        elif name.startswith("pattern"):
            check = _patterned(check, wanted)
    if element.get("base", element)["max"] == "1":
        return check
    most = float("inf") if element["max"] == "*" else int(element["max"])
    return list_check(check, element["min"], most)


def _value_check(url: str, node: Node, kind: Definition) -> Check:
    """The check of one value of an element, of one of its types."""
    code, element = kind["code"], node.element
    if "contentReference" in element:
        return check_at(url, _SLICE_NAME.sub("", element["contentReference"].partition("#")[2]))
    if code.startswith("http://hl7.org/fhirpath/"):
        is_id = element.get("base", element)["path"] == RESOURCE_ID
        return PRIMITIVES["id" if is_id else kind.get("fhirType", "string")]
    if code in primitive_types():
        return PRIMITIVES[code]
    if code == "Resource":
        return contained_check if element["path"].endswith(".contained") else resource_check
    check = check_at(url, element["path"]) if node.children else check_at(code, code)
    return referring(kind.get("targetProfile", []), check) if code == "Reference" else check


def _extensions_maker(element: Definition) -> Callable[[], Check]:
    """Of `_birthDate` beside `birthDate`: an Element, or an array of Elements and nulls."""

    def make() -> Check:
        check = check_at("Element", "Element")
        many = element.get("base", element)["max"] != "1"
        return list_check(check, 0, float("inf")) if many else check

    return make


def _fixed(check: Check, wanted: Any) -> Check:
    return lambda value: check(value) or (None if value == wanted else finding("value-fixed"))


def _patterned(check: Check, wanted: Any) -> Check:
    return lambda value: check(value) or (None if _includes(value, wanted) else finding("value-fixed"))


def _includes(value: Any, wanted: Any) -> bool:
    """Pattern semantics: everything wanted is there; arrays may hold more."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(key in value and _includes(value[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(_includes(item, one) for item in value) for one in wanted)
    return bool(value == wanted)


# ---------------------------------------------------------------------------------------------------- resources


def contained_check(value: Any) -> Findings | None:
    """A resource inside another: local references in it are the outer resource's to settle."""
    if type(value) is not dict:
        return not_an_object(value, "Resource")
    name = value.get("resourceType")
    if name is None:
        return finding("element-required", name="resourceType", min="1") if value else finding("element-empty")
    if type(name) is not str or name not in resource_types():
        return finding("type-unknown", ".resourceType", type="?")
    return check_at(name, name)(value)


def resource_check(value: Any) -> Findings | None:
    """A resource that stands on its own, at the top or in a Bundle or Parameters."""
    return settled(contained_check, value)


def profile_check(definition: Definition, value: Any) -> Findings | None:
    """A resource held against a profile; its snapshot says all that the base definition says."""
    return settled(check_at(definition["url"], definition["type"]), value)


def settled(check: Check, value: Any) -> Findings | None:
    """The findings on a whole resource, its local references settled."""
    found = check(value)
    if found is None or all(problem.code != LOCAL_REFERENCE for problem in found):
        return found
    return settle_local_references(found, value)
