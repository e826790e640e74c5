"""Turns the snapshot of a StructureDefinition into closures over plain dicts, once per type, on first use.

Law: unknown elements, wrong counts, wrong kinds of JSON and broken rules are findings; a check never raises, never
changes its value and never repeats it. What is compiled is immutable or grows by equal entries only: threads share it.
Source: http://hl7.org/fhir/R4/elementdefinition.html, http://hl7.org/fhir/R4/json.html.

Speed: objects of one type come in few key sequences. Which check each key needs, and whether the keys are all known,
sufficient and not contradictory, is worked out once per sequence (a `Plan`) and looked up afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from profiles.definitions import (
    Definition,
    json_names,
    primitive_types,
    resource_types,
    structure,
)
from profiles.validator.bindings import bound
from profiles.validator.finding import LOCAL_REFERENCE, NULL_ENTRY, Check, Finding, Findings, below, finding
from profiles.validator.invariants import Invariant, invariant
from profiles.validator.primitives import PRIMITIVES
from profiles.validator.references import referring, settle_local_references

# Key sequences remembered per shape; a sender can permute keys at will, and must not fill the memory with that.
MAX_PLANS = 256
RESOURCE_ID = "Resource.id"
HARMLESS = frozenset({"terminology-unknown"})


class Plan(NamedTuple):
    """What to do with an object that has these keys in this order."""

    checks: tuple[Check, ...]
    invariants: tuple[Invariant, ...]
    findings: Findings


@dataclass(slots=True)
class Shape:
    """An element with children: its elements by JSON name, which of them are needed, and the rules on it."""

    type_name: str
    labels: Mapping[str, str]
    makers: Mapping[str, Callable[[], Check]]
    required: tuple[tuple[str, frozenset[str], int], ...]
    choices: tuple[tuple[str, frozenset[str]], ...]
    invariants: tuple[Invariant, ...]
    checks: dict[str, Check] = field(default_factory=dict)
    plans: dict[tuple[str, ...], Plan] = field(default_factory=dict)

    def check(self, name: str) -> Check | None:
        known = self.checks.get(name)
        if known is None and name in self.makers:
            known = self.checks.setdefault(name, self.makers[name]())
        return known


# ----------------------------------------------------------------------------------------------- objects and lists


def object_check(shape: Shape) -> Check:
    """The check of an object of this shape."""
    plans = shape.plans

    def check(value: Any) -> Findings | None:
        if type(value) is not dict:
            return _not_an_object(value, shape.type_name)
        keys = tuple(value)
        plan = plans.get(keys)
        if plan is None:
            plan = _plan(shape, keys)
        checks, invariants, found = plan
        for inner, child, name in zip(checks, value.values(), keys):  # noqa: B905 (the hottest loop; equal by making)
            problems = inner(child)
            if problems is not None:
                found = [*found, *_placed(problems, value, name, shape)]
        if invariants and not _unsound(found):
            for rule in invariants:
                if not rule.holds(value):
                    found = [*found, Finding("", "invariant-failed", {"key": rule.key.rpartition(":")[2]})]
        return found or None

    return check


def _not_an_object(value: Any, type_name: str) -> Findings:
    if value is None or value == "" or value == []:
        return finding("element-empty")
    return finding("element-is-list") if type(value) is list else finding("element-type", type=type_name)


def _unsound(found: Findings) -> bool:
    """Rules are asked only of sound elements: a rule about `status` says nothing when `status` is a list."""
    return any(code not in HARMLESS and not code.startswith("pending:") for _, code, _ in found)


def _placed(problems: Findings, value: dict[str, Any], name: str, shape: Shape) -> Findings:
    label = shape.labels.get(name, name)
    settled = [
        Finding(problem.path, "element-empty") if problem.code == NULL_ENTRY else problem
        for problem in problems
        if problem.code != NULL_ENTRY or _stray(problem, value, name)
    ]
    return below("." + label, settled, label)


def _stray(problem: Finding, value: dict[str, Any], name: str) -> bool:
    """Of a null in an array: whether the sibling array is silent at the same place, too."""
    sibling = value.get(name[1:] if name.startswith("_") else "_" + name)
    place = problem.details["place"]
    return type(sibling) is not list or place >= len(sibling) or sibling[place] is None


def _plan(shape: Shape, keys: tuple[str, ...]) -> Plan:
    names = {key.removeprefix("_") for key in keys}
    found: Findings = [] if keys else finding("element-empty")
    checks: list[Check] = []
    for key in keys:
        known = shape.check(key)
        checks.append(known or _accept)
        if known is None:
            shown = key if key.isascii() and key.isidentifier() and len(key) <= 64 else "?"
            path = "." + shown if shown != "?" else ""
            found.append(Finding(path, "element-unknown", {"type": shape.type_name, "name": shown}))
    for label, options, least in shape.required:
        if keys and not options & names:
            found.append(Finding("", "element-required", {"name": label, "min": str(least)}))
    for label, options in shape.choices:
        if len(options & names) > 1:
            found.append(Finding("." + label, "choice-too-many", {"name": label}))
    rules = tuple(rule for rule in shape.invariants if not rule.when or names.intersection(rule.when))
    plan = Plan(tuple(checks), rules, found)
    if not found and len(shape.plans) < MAX_PLANS:
        shape.plans[keys] = plan
    return plan


def _accept(_: Any) -> None:
    return None


def list_check(inner: Check, least: int, most: float) -> Check:
    """The check of an array whose items pass `inner`."""

    def check(value: Any) -> Findings | None:
        if type(value) is not list:
            return finding("element-empty") if value is None else finding("element-not-list")
        if not value:
            return finding("element-empty")
        found: Findings | None = None
        for item in value:
            problems = inner(item)
            if problems is not None:
                found = _items(inner, value)
                break
        if least <= len(value) <= most:
            return found
        wrong = ("element-required", {"min": str(least)}) if len(value) < least else _too_many(most)
        return [Finding("", *wrong), *(found or ())]

    return check


def _too_many(most: float) -> tuple[str, dict[str, str]]:
    return "element-too-many", {"max": str(int(most))}


def _items(inner: Check, value: list[Any]) -> Findings | None:
    found: Findings = []
    for place, item in enumerate(value):
        if item is None:
            found.append(Finding(f"[{place}]", NULL_ENTRY, {"place": place}))
        else:
            found += below(f"[{place}]", inner(item) or [])
    return found or None


# --------------------------------------------------------------------------------------------------- snapshots


@dataclass(slots=True)
class Node:
    """An element of a snapshot and the elements right below it (slices are not compiled yet)."""

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
def shape(url: str, path: str) -> Check:
    """The check of the objects at a path of a definition: of a type (`Patient`) or a part of it (`Patient.contact`)."""
    nodes = _nodes(url)
    node = nodes[path]
    labels: dict[str, str] = {}
    makers: dict[str, Callable[[], Check]] = {}
    required: list[tuple[str, frozenset[str], int]] = []
    choices: list[tuple[str, frozenset[str]]] = []
    for child in node.children:
        label, options = _options(child.element)
        for name, kind in options.items():
            labels[name] = label if len(options) == 1 and name == label else f"{label}.ofType({kind['code']})"
            makers[name] = _maker(url, child, kind)
            if kind["code"] in primitive_types():
                labels["_" + name] = labels[name]
                makers["_" + name] = _extensions_maker(child.element)
        if child.element["min"]:
            required.append((label, frozenset(options), child.element["min"]))
        if child.element["path"].endswith("[x]"):
            choices.append((label, frozenset(options)))
    if path in resource_types():
        labels["resourceType"] = "resourceType"
        makers["resourceType"] = lambda: PRIMITIVES["code"]
    return object_check(Shape(path, labels, makers, tuple(required), tuple(choices), _rules(path, node)))


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
        return shape(url, element["contentReference"].partition("#")[2])
    if code.startswith("http://hl7.org/fhirpath/"):
        is_id = element.get("base", element)["path"] == RESOURCE_ID
        return PRIMITIVES["id" if is_id else kind.get("fhirType", "string")]
    if code in primitive_types():
        return PRIMITIVES[code]
    if node.children:
        return shape(url, element["path"])
    if code == "Resource":
        return contained_check if element["path"].endswith(".contained") else resource_check
    check = shape(code, code)
    return referring(kind.get("targetProfile", []), check) if code == "Reference" else check


def _extensions_maker(element: Definition) -> Callable[[], Check]:
    """Of `_birthDate` beside `birthDate`: an Element, or an array of Elements and nulls."""

    def make() -> Check:
        check = shape("Element", "Element")
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
        return _not_an_object(value, "Resource")
    name = value.get("resourceType")
    if name is None:
        return finding("element-required", name="resourceType", min="1") if value else finding("element-empty")
    if type(name) is not str or name not in resource_types():
        return finding("type-unknown", ".resourceType", type="?")
    return shape(name, name)(value)


def resource_check(value: Any) -> Findings | None:
    """A resource that stands on its own, at the top or in a Bundle or Parameters."""
    return settled(contained_check, value)


def profile_check(definition: Definition, value: Any) -> Findings | None:
    """A resource held against a profile; its snapshot says all that the base definition says."""
    return settled(shape(definition["url"], definition["type"]), value)


def settled(check: Check, value: Any) -> Findings | None:
    """The findings on a whole resource, its local references settled."""
    found = check(value)
    if found is None or all(problem.code != LOCAL_REFERENCE for problem in found):
        return found
    return settle_local_references(found, value)
