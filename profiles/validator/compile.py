"""Turns the snapshot of a StructureDefinition into closures over plain dicts, once per type, on first use.

Law: a check never raises, never changes its value and never repeats it. What is compiled is immutable or grows by equal
entries only: threads share it. Structure (elements, how many, types, forms of values, choices) is the first part of
every check, and a check of its own for whoever wants no more.
Source: http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal, TypeAlias

from profiles.definitions import Definition, json_names, primitive_types, resource_types, structure
from profiles.terminology import expand
from profiles.validator.bindings import at_most, bound
from profiles.validator.codes import bound_findings
from profiles.validator.composition import EXTENSIONS, GENTLE, Part, made
from profiles.validator.constraints import Question, question, settled_by_keys
from profiles.validator.extensions import extension_ask, settle_contexts
from profiles.validator.finding import (
    EXTENSION_CONTEXT,
    LOCAL_REFERENCE,
    Check,
    Finding,
    Findings,
    both,
    finding,
    unsound,
)
from profiles.validator.invariants import Invariant, invariant
from profiles.validator.item import Item
from profiles.validator.objects import CODED, list_check, not_an_object, object_check
from profiles.validator.place import Place
from profiles.validator.primitives import PRIMITIVES
from profiles.validator.profile import core_forbidden, core_question, profile_findings
from profiles.validator.references import referring, settle_local_references
from profiles.validator.remembered import remembered
from profiles.validator.rules import GENTLY, RULES, WITHOUT_NOTHING, Rule
from profiles.validator.shape import Ask, Shape
from profiles.validator.straight import SETTLED

Depth: TypeAlias = Literal["full", "structure"]
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


def check_at(url: str, path: str, depth: Depth = "full") -> Check:
    """The check of the objects at a path of a definition: of a type (`Patient`) or a part of it (`Patient.contact`)."""
    return _check_at(url, path, depth)


@cache
def _check_at(url: str, path: str, depth: Depth) -> Check:
    return object_check(shape_at(url, path, depth))


def shape_at(url: str, path: str, depth: Depth = "full") -> Shape:
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
            makers[name] = _maker(url, child, kind, depth)
            if kind["code"] in primitive_types():
                labels["_" + name] = labels[name]
                makers["_" + name] = _extensions_maker(child.element, depth)
        if child.element["min"]:
            required.append((label, frozenset(options), child.element["min"]))
        if child.element["path"].endswith("[x]"):
            choices.append((label, frozenset(options)))
    if path in resource_types():
        makers["resourceType"] = lambda: PRIMITIVES["code"]
    if depth == "structure":
        return Shape(path, labels, makers, tuple(required), tuple(choices), (), (), walks=False, walked=False)
    rules = _rules(path, node)
    asks = tuple(_asks(path, node, rules))
    inside = path not in resource_types()
    return Shape(path, labels, makers, tuple(required), tuple(choices), rules, asks, walked=inside)


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


def _asks(path: str, node: Node, rules: tuple[Invariant, ...]) -> Iterator[tuple[frozenset[str], Ask]]:
    """What else is asked of these objects: rules in FHIRPath, and those of the table of rules."""
    everywhere = RULES.get("*", ()) if path in resource_types() else ()
    yield from _questions(path, node, rules)
    for key in ("extension", "modifierExtension"):
        if any(child.element["path"].endswith("." + key) for child in node.children):
            ask = extension_ask(key, path)
            EXTENSIONS[ask] = key
            yield frozenset({key}), ask
    for rule in (*everywhere, *RULES.get(path, ())):
        yield WITHOUT_NOTHING.get(rule, frozenset()), _asked(rule)


# Best practice only (a resource should have a narrative), or settled elsewhere: ele-1 by structure, ref-1 and dom-3.
_NOT_ASKED = frozenset({"ele-1", "dom-6", "ref-1"})


def _questions(path: str, node: Node, rules: tuple[Invariant, ...]) -> Iterator[tuple[frozenset[str], Ask]]:
    """The rules in FHIRPath that no plain function stands for."""
    answered = {rule.key.rpartition(":")[2] for rule in rules} | _NOT_ASKED
    for constraint in node.element.get("constraint", ()):
        if constraint["key"] in answered:
            continue
        asked = question(constraint, path)
        if asked is not None:
            ask = _of_object(asked, path)
            SETTLED[ask] = partial(settled_by_keys, constraint, path)
            if not _refuses(constraint):
                GENTLE.add(ask)
            yield _when(constraint), ask


def _of_object(asked: Question, path: str) -> Ask:
    return lambda value, place: asked(Item(value, None, "", path), place)


_WHEN = re.compile(r"\(?([a-z]\w*)(?:\.exists\(\) implies|\.empty\(\) or)\b")


def _when(constraint: Definition) -> frozenset[str]:
    """The element without which the rule holds by its own words; nothing where it must always be asked."""
    match = _WHEN.match(constraint.get("expression", ""))
    return frozenset({match.group(1)}) if match and " and " not in constraint["expression"] else frozenset()


def _asked(rule: Rule) -> Ask:
    def ask(value: dict[str, Any], place: Place) -> Findings | None:
        issues = rule(value, place)
        return [Finding(issue.expression, issue.code, issue.details) for issue in issues] if issues else None

    if rule in GENTLY:
        GENTLE.add(ask)
    return ask


def _refuses(constraint: Definition) -> bool:
    return bool(constraint["severity"] == "error")


# ----------------------------------------------------------------------------------------------------- elements


def _maker(url: str, node: Node, kind: Definition, depth: Depth) -> Callable[[], Check]:
    return lambda: _element_check(url, node, kind, depth)


def _element_check(url: str, node: Node, kind: Definition, depth: Depth) -> Check:
    element = node.element
    if element["max"] == "0":
        return lambda _, __: finding("element-too-many", max="0")
    check = _value_check(url, node, kind, depth)
    if depth == "full":
        check = _constrained(element, kind, check)
    if element.get("base", element)["max"] != "1":
        check = list_check(check, element["min"], float("inf") if element["max"] == "*" else int(element["max"]))
    again = depth == "full" and kind["code"] in _SAID_AGAIN
    return made(remembered(check), Part("same", check)) if again else check


_SAID_AGAIN = frozenset({"CodeableConcept"})
"""Types of which the same few values come again and again."""


def _constrained(element: Definition, kind: Definition, check: Check) -> Check:
    """The check of a value with the binding and the fixed value of its element."""
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        check = bound(kind["code"], binding["valueSet"], check)
    elif "maxValueSet" in binding:
        check = at_most(kind["code"], binding["maxValueSet"], check)
    elif binding.get("strength") == "extensible" and "valueSet" in binding:
        check = _advised(kind["code"], binding["valueSet"], check)
    for name, wanted in element.items():
        if name.startswith("fixed"):
            check = _fixed(check, wanted)
        elif name.startswith("pattern"):
            check = _patterned(check, wanted)
    return check


def _value_check(url: str, node: Node, kind: Definition, depth: Depth) -> Check:
    """The check of one value of an element, of one of its types."""
    code, element = kind["code"], node.element
    if "contentReference" in element:
        return check_at(url, _SLICE_NAME.sub("", element["contentReference"].partition("#")[2]), depth)
    if code.startswith("http://hl7.org/fhirpath/"):
        is_id = element.get("base", element)["path"] == RESOURCE_ID
        return PRIMITIVES["id" if is_id else kind.get("fhirType", "string")]
    if code in primitive_types():
        return PRIMITIVES[code]
    if code == "Resource":
        if depth == "structure":
            return structure_check
        return contained_check if element["path"].endswith(".contained") else resource_check
    check = check_at(url, element["path"], depth) if node.children else check_at(code, code, depth)
    if depth == "structure":
        return check
    if kind.get("profile"):
        check = _fitting(code, kind["profile"][0], check)
    return referring(kind.get("targetProfile", []), check) if code == "Reference" else check


def _advised(code: str, value_set: str, check: Check) -> Check:
    """An extensible binding: a code of a loaded system that is not in the value set is worth a warning."""
    members = expand(value_set)
    codings = members.codings if members is not None and code == "CodeableConcept" else frozenset()

    def advised(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        if codings:
            for one in value.get("coding", ()):
                if (one.get("system"), one.get("code")) in codings:
                    return found
        asked = bound_findings(Item(value, None, "", code), value_set, "code-not-extensible", place.registry)
        return both(found, [one for one in asked if one.code == "code-not-extensible"])

    return made(advised, Part("same", check))


def _fitting(code: str, url: str, check: Check) -> Check:
    """A type with a profile of R4, such as the Quantity that may have no comparator."""
    ask = core_question(url)
    if ask is None:
        return check
    forbidden = core_forbidden(url)

    def fits(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        if forbidden and forbidden.isdisjoint(value):
            return found
        return both(found, ask(Item(value, None, "", code), place))

    return made(fits, Part("without", check, forbidden)) if forbidden else fits


def _extensions_maker(element: Definition, depth: Depth) -> Callable[[], Check]:
    """Of `_birthDate` beside `birthDate`: an Element, or an array of Elements and nulls."""

    def make() -> Check:
        check = check_at("Element", "Element", depth)
        many = element.get("base", element)["max"] != "1"
        beside = list_check(check, 0, float("inf")) if many else check
        binding = element.get("binding", {})
        if depth == "structure" or binding.get("strength") != "required" or element["type"][0]["code"] != "code":
            return beside
        own = made(lambda value, place: beside(value, place), Part("same", beside))
        CODED[own] = binding.get("valueSet", "").partition("|")[0]
        return own

    return make


def _fixed(check: Check, wanted: Any) -> Check:
    return lambda value, place: check(value, place) or (None if value == wanted else finding("value-fixed"))


def _patterned(check: Check, wanted: Any) -> Check:
    return lambda value, place: check(value, place) or (None if _includes(value, wanted) else finding("value-fixed"))


def _includes(value: Any, wanted: Any) -> bool:
    """Pattern semantics: everything wanted is there; arrays may hold more."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(key in value and _includes(value[key], wanted[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(_includes(item, one) for item in value) for one in wanted)
    return bool(value == wanted)


# ---------------------------------------------------------------------------------------------------- resources


def contained_check(value: Any, place: Place) -> Findings | None:
    """A resource inside another: local references in it are the outer resource's to settle."""
    if type(value) is not dict:
        return not_an_object(value, "Resource")
    inside = place.containing(value)
    found = _typed(value, inside)
    return settle_contexts(found, value, inside) if found else None


def structure_check(value: Any, place: Place) -> Findings | None:
    """A resource, and those in it, by structure alone: elements, how many, types, forms of values, choices."""
    return _of_type(value, place, "structure") if type(value) is dict else not_an_object(value, "Resource")


def _of_type(value: dict[str, Any], place: Place, depth: Depth) -> Findings | None:
    name = value.get("resourceType")
    if name is None:
        return finding("element-required", name="resourceType", min="1") if value else finding("element-empty")
    if type(name) is not str or name not in resource_types():
        return finding("type-unknown", ".resourceType", type="?")
    return _check_at(name, name, depth)(value, place)


def _typed(value: dict[str, Any], place: Place) -> Findings | None:
    # What else is asked of a whole resource is to be asked in `accepting_form.takes` as well.
    found = _of_type(value, place, "full")
    meta, kind = value.get("meta"), value.get("resourceType")
    asked = meta.get("profile", []) if type(meta) is dict else []
    everywhere = place.registry.global_profiles(kind) if type(kind) is str else ()
    if (asked or everywhere) and type(kind) is str and not misshapen(found):
        place.sound = place.sound and (found is None or not unsound(found))
        claimed = _claimed(asked, value, place)
        if everywhere:
            claimed = [*claimed, *_everywhere(everywhere, asked, value, place)]
        if claimed:
            found = distinct([*(found or ()), *claimed])
    return found


# Where these stand, questions that build on the shape of the values make no sense.
_MISSHAPEN = frozenset({"element-is-list", "element-not-list", "element-type", "type-unknown"})


def misshapen(found: Findings | None) -> bool:
    return found is not None and any(problem.code in _MISSHAPEN for problem in found)


def distinct(found: Findings) -> Findings:
    """Each finding once: a profile repeats what its type says."""
    seen: set[tuple[Any, ...]] = set()
    kept: Findings = []
    for problem in found:
        identity = (problem.path, problem.code, *map(str, problem.details.values()))
        if identity not in seen:
            seen.add(identity)
            kept.append(problem)
    return kept


def _claimed(urls: list[Any], value: dict[str, Any], place: Place) -> Findings:
    """What the profiles that a resource claims have against it; one that is not known is only said."""
    found: Findings = []
    for index, url in enumerate(urls if type(urls) is list else ()):
        if type(url) is not str:
            continue
        if place.registry.structure(url) is None and not place.registry.broken(url):
            found.append(Finding(f".meta.profile[{index}]", "profile-missing", {"profile": url}))
        else:
            found += profile_findings(url, Item(value, None, "", value["resourceType"]), place)
    return found


def _everywhere(urls: tuple[str, ...], asked: Any, value: dict[str, Any], place: Place) -> Findings:
    """What the profiles that a loaded guide asks of all resources of a type have against one."""
    item = Item(value, None, "", value["resourceType"])
    return [problem for url in urls if url not in asked for problem in profile_findings(url, item, place)]


def resource_check(value: Any, place: Place) -> Findings | None:
    """A resource that stands on its own, in a Bundle or Parameters."""
    if type(value) is not dict:
        return not_an_object(value, "Resource")
    inside = place.inside(value)
    return settled(_typed(value, inside), value, inside)


def outermost_check(value: Any, place: Place) -> Findings | None:
    """The resource that `place` is the place of."""
    return settled(_typed(value, place), value, place) if type(value) is dict else not_an_object(value, "Resource")


def profile_check(url: str, value: Any, place: Place) -> Findings | None:
    """The resource that `place` is the place of, as its type and a profile have it."""
    if type(value) is not dict:
        return not_an_object(value, "Resource")
    found = _typed(value, place)
    if not misshapen(found):
        place.sound = place.sound and (found is None or not unsound(found))
        against = profile_findings(url, Item(value, None, "", str(value.get("resourceType"))), place)
        found = distinct([*(found or ()), *against])
    return settled(found, value, place)


_PENDING = frozenset({LOCAL_REFERENCE, EXTENSION_CONTEXT})


def settled(found: Findings | None, value: Any, place: Place) -> Findings | None:
    """The findings on a whole resource, its local references and the places of its extensions settled."""
    if not found or all(problem.code not in _PENDING for problem in found):
        return found or None
    found = settle_contexts(found, value, place) or []
    return settle_local_references(found, value)
