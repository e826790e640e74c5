"""What an element of a profile says beyond the element of R4 that it goes back to, as facts: types, how many, rules.

Law: looks at definitions only, never at a resource; an element that R4 does not have goes back to nothing.
Source: http://hl7.org/fhir/R4/elementdefinition.html, http://hl7.org/fhir/R4/profiling.html#snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from profiles.definitions import STRUCTURES, Definition, json_names, structure
from profiles.registry import Registry
from profiles.validator.tree import Node, referred

ANYTHING = frozenset({"Resource", "DomainResource", "Element", "*"})
"""Types that stand for many."""
_SYSTEM = "http://hl7.org/fhirpath/"


def is_type(definition: Definition) -> bool:
    """Whether a definition defines a type (rather than constraining one)."""
    return bool(definition["url"] == STRUCTURES + definition["type"])


def origin_of(node: Node) -> Definition | None:
    """The element of R4 that an element of a profile goes back to."""
    if node.parent is None:
        definition = structure(node.home["type"])
        return None if definition is None else definition["snapshot"]["element"][0]
    return _core_elements(node.extent[0].partition(".")[0]).get(node.extent[0])


@cache
def _core_elements(name: str) -> Mapping[str, Definition]:
    definition = structure(name)
    if definition is None or definition.get("derivation") == "constraint":
        return {}
    return {element["path"]: element for element in definition["snapshot"]["element"]}


def children_of(node: Node, registry: Registry) -> list[Node]:
    """The elements right below an element, also where it stands for another one."""
    if "contentReference" in node.element and not node.children:
        target = referred(node, registry)
        return [] if target is None else _children(target)
    return _children(node)


def _children(node: Node) -> list[Node]:
    primitive = bool(node.types) and all(code_of(kind)[:1].islower() for kind in node.types) and node.parent is not None
    return [child for child in node.children.values() if not (primitive and child.name == "value")]


def slices_of(node: Node) -> Iterator[Node]:
    """The slices of an element, and theirs."""
    for each in node.slices:
        yield each
        yield from slices_of(each)


def code_of(kind: Definition) -> str:
    """The name of a type."""
    return str(kind.get("code", "").removeprefix("http://hl7.org/fhir/StructureDefinition/"))


def allowed_types(node: Node) -> frozenset[str] | None:
    """The types of an element, where it allows fewer than its base does."""
    codes = frozenset(code_of(kind) for kind in node.types)
    origin = origin_of(node)
    before = frozenset(code_of(kind) for kind in origin.get("type", ())) if origin is not None else codes
    if any(code.startswith(_SYSTEM) for code in before):
        return None  # an id, or the value of a primitive: some write `string` or `id` for what R4 calls System.String
    return None if not codes or codes >= before or codes & ANYTHING else codes


def bounds(node: Node) -> tuple[int, str] | None:
    """The bounds of an element where they are narrower than those of its type."""
    _, least_before, most_before = node.extent
    least, most = node.element.get("min", 0), str(node.element.get("max", "*"))
    if node.unsliced is not None or (least <= least_before and most == most_before):
        return None
    return least, most


def names_of(node: Node) -> Mapping[str, str]:
    """The JSON names of an element, each with the type it stands for."""
    origin = origin_of(node) or node.element
    if "contentReference" in origin:
        return {node.name: "BackboneElement"}
    kinds = origin.get("type", [])
    if kinds and kinds[0].get("code") == "*":
        kinds = node.types
    if origin["path"].endswith("[x]") and not node.name.endswith("[x]"):  # `valueCoding`: the choice by its one name
        stem = origin["path"].rpartition(".")[2]
        kinds = [kind for kind in kinds if json_names(stem, {"type": [kind]}) == (node.name,)]
    names = json_names(node.name, {"type": kinds}) if node.name.endswith("[x]") else (node.name,)
    return {name: _plain(kind) for name, kind in zip(names, kinds or [{"code": "Element"}], strict=False)}


def _plain(kind: Definition) -> str:
    code = code_of(kind)
    return str(kind.get("fhirType", "string")) if code.startswith("http://hl7.org/fhirpath/") else code


def new_rules(node: Node) -> tuple[str, list[Definition]]:
    """The rules of an element that its base and its types do not have, and the path of R4 that they are about; no path
    where the type of the value says it."""
    known = known_rules(node)
    path = node.extent[0]
    whole = "." not in path
    codes = {code_of(kind) for kind in node.types}
    if not whole and not codes <= {"BackboneElement", "Element"} and codes:
        path = ""
    return path, [constraint for constraint in node.element.get("constraint", ()) if constraint["key"] not in known]


def known_rules(node: Node) -> frozenset[str]:
    """The keys of the rules that its base and its types have."""
    origin = origin_of(node)
    keys = {constraint["key"] for constraint in (origin or {}).get("constraint", ())}
    for kind in node.types or ([{"code": node.home["type"]}] if node.parent is None else []):
        keys |= _rules_of_type(code_of(kind))
    return frozenset(keys)


@cache
def _rules_of_type(name: str) -> frozenset[str]:
    definition = structure(name)
    if definition is None:
        return frozenset()
    return frozenset(constraint["key"] for constraint in definition["snapshot"]["element"][0].get("constraint", ()))
