"""A profile as questions about values that satisfy their type already: what it says beyond the type, and only that.

Law: compiled once per profile and registry, on first use. A value that has not the shape of its type answers nothing
here (the check of the type says what is wrong). Whether a resource conforms is remembered for the whole validation, and
what is being asked already counts as yes, so profiles that refer to each other come to an end.
Source: http://hl7.org/fhir/R4/profiling.html, http://hl7.org/fhir/R4/elementdefinition.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from profiles.definitions import resource_types
from profiles.registry import CORE, Registry
from profiles.validator.constraints import Question
from profiles.validator.element_questions import (
    constraints_of,
    count_question,
    faceted,
    of_its_form,
    of_the_value,
    together,
    typed,
)
from profiles.validator.finding import Check, Findings, below, finding, unsound
from profiles.validator.item import Item, Read, reader
from profiles.validator.place import Place
from profiles.validator.profile_element import (
    ANYTHING,
    allowed_types,
    children_of,
    code_of,
    is_type,
    names_of,
    origin_of,
    slices_of,
)
from profiles.validator.remembered import remembered
from profiles.validator.slicing import Slicer, slicer
from profiles.validator.targets import target_question
from profiles.validator.tree import Node, points_within, profiled_by, referred, root_of
from profiles.validator.values import facets

ObjectQuestion: TypeAlias = "Callable[[dict[str, Any], Place], Findings]"
GroupQuestion: TypeAlias = "Callable[[list[Item], dict[str, Any], Place], Findings]"
_DEPTH, _DEEPEST = "depth", 16
"""How far references are followed from profile to profile; behind that they are taken to lead to what they should."""


# ------------------------------------------------------------------------------------------------------- whole profiles


def profile_findings(url: str, item: Item, place: Place) -> Findings:
    """What a profile has against a value; an unknown or broken profile is a finding, too."""
    registry = place.registry
    if item.type == "Extension":
        again: Check | None = registry.cache.get(("again", url))
        if again is not None:
            return again(item.value, place) or []
    root = root_of(url, registry)
    if root is None:
        why = registry.broken(url)
        return finding("profile-broken", profile=url, why=why) if why else finding("profile-unknown", profile=url)
    home = root.home
    kind = home["type"]
    if kind != item.type and item.type in resource_types() and kind not in ANYTHING:
        return finding("profile-type", profile=url)
    if is_type(home):
        return []
    ask = registry.once(("profile", home["url"], home.get("version")), lambda: root_question(root, registry))
    if ask is not None and item.type == "Extension" == kind and url == home["url"]:
        registry.once(("again", url), lambda: remembered(partial(_asked, ask)))
    return ask(item, place) or [] if ask is not None else []


def _asked(ask: Question, extension: Any, place: Place) -> Findings | None:
    return ask(Item(extension, None, "", "Extension"), place) or None


def core_question(url: str) -> Question | None:
    """What a profile of R4 itself asks of a value; None when it asks nothing."""
    root = root_of(url, CORE)
    if root is None or is_type(root.home):
        return None
    return CORE.once(("profile", root.home["url"], root.home.get("version")), lambda: root_question(root, CORE))


def core_forbidden(url: str) -> frozenset[str]:
    """The elements that a profile of R4 forbids, when that is all it asks (SimpleQuantity: `comparator`); else none."""
    root = root_of(url, CORE)
    if root is None or any(facets(root.element, root.name)) or constraints_of(root):
        return frozenset()
    asking = [child for child in root.children.values() if group_question(child, CORE) is not None]
    if any(child.element.get("max") != "0" or child.name.endswith("[x]") for child in asking):
        return frozenset()
    return frozenset(name for child in asking for name in (child.name, "_" + child.name))


def conforms(value: Any, url: str, place: Place, kind: str = "") -> bool | None:
    """Whether a value satisfies a profile (and, of a resource, its type); None for an unknown profile."""
    root = root_of(url, place.registry)
    if root is None:
        return None
    name = kind or (str(value.get("resourceType", "")) if type(value) is dict else "") or str(root.home["type"])
    if root.home["type"] != name and root.home["type"] not in ANYTHING:
        return False
    key = (id(value), root.home["url"])
    known: bool | None = place.shared.get(key)
    if known is not None:
        return known
    depth = place.shared.get(_DEPTH, 0)
    if depth >= _DEEPEST:
        return True
    place.shared[key] = True
    place.shared[_DEPTH] = depth + 1
    around = place
    if type(value) is dict and value is not place.resource and name in resource_types():
        around = _around(value, place)
    if is_type(root.home):
        from profiles.validator.compile import check_at

        sound = name not in resource_types() or not unsound(check_at(name, name)(value, around) or [])
    else:
        sound = not unsound(profile_findings(url, Item(value, None, "", name), around))
    place.shared[_DEPTH] = depth
    place.shared[key] = sound
    place.shared.setdefault("kept", []).append(value)  # its identity must not be given to another
    return sound


def _around(value: dict[str, Any], place: Place) -> Place:
    outer = place.container or place.resource
    contained = outer.get("contained")
    if type(contained) is list and any(one is value for one in contained):
        return place.containing(value)
    return place.inside(value)


def root_question(root: Node, registry: Registry) -> Question | None:
    asks: list[Question] = [faceted(facet) for facet in facets(root.element, root.name)]
    return together([*asks, *constraints_of(root), *inside(root, registry)])


# ------------------------------------------------------------------------------------------------------- one value


def value_question(node: Node, registry: Registry) -> Question | None:
    """Everything an element says about one of its values."""
    asks = [*of_the_value(node, registry), *constraints_of(node), *_of_the_target(node)]
    asks += [*_of_its_profiles(node), *inside(node, registry), *of_its_form(node)]
    whole = together(asks)
    allowed = allowed_types(node)
    return whole if allowed is None else typed(allowed, node.name.removesuffix("[x]"), whole)


def outer_questions(node: Node, registry: Registry) -> list[Question]:
    """What an element says about one of its values beside its rules, its targets and what is inside."""
    return [*of_the_value(node, registry), *_of_its_profiles(node), *of_its_form(node)]


def _of_the_target(node: Node) -> Iterator[Question]:
    target = target_question(node, origin_of(node), conforms)
    if target is not None:
        yield target


def _of_its_profiles(node: Node) -> Iterator[Question]:
    profiled = _profiled(node)
    if profiled is not None:
        yield profiled


def _profiled(node: Node) -> Question | None:
    """The profiles that the types of an element name: one of them must fit."""
    wanted = {code_of(kind): list(kind["profile"]) for kind in node.types if kind.get("profile")}
    if not wanted:
        return None
    if any(points_within(kind) for kind in node.types):
        return _as_elements(node)
    origin = origin_of(node)
    before = {code_of(kind): list(kind["profile"]) for kind in (origin or {}).get("type", ()) if kind.get("profile")}
    if before == wanted:
        return None
    anything = next((urls for code, urls in wanted.items() if code in ANYTHING), None)

    def ask(item: Item, place: Place) -> Findings | None:
        urls = wanted.get(item.type, anything)
        if urls is None or item.value is None:
            return None
        around = _around(item.value, place) if item.type in resource_types() else place
        return fitting(urls, item, around)

    return ask


def _as_elements(node: Node) -> Question:
    """The same, where the profiles are elements of profiles: a section of a library of sections."""

    def ask(item: Item, place: Place) -> Findings | None:
        registry = place.registry
        elements = [one for kind in node.types for one in profiled_by(kind, registry) if one is not None]
        answers = []
        for one in elements:
            each = registry.once(("value", one), partial(value_question, one, registry))
            found = each(item, place) if each is not None else None
            if not found or not unsound(found):
                return found
            answers.append(found)
        return answers[0] if answers else None

    return ask


def fitting(urls: list[str], item: Item, place: Place) -> Findings | None:
    """Nothing, when one of the profiles fits; with a single one, what it has against the value."""
    if item.type == "Extension":
        if len(urls) == 1 and ("again", urls[0]) in place.registry.cache:
            return profile_findings(urls[0], item, place) or None
        urls = [url for url in urls if root_of(url, place.registry) is not None]
    if len(urls) == 1:
        return profile_findings(urls[0], item, place) or None
    answers = []
    for url in urls:
        found = profile_findings(url, item, place)
        if any(problem.code == "profile-broken" and not problem.path for problem in found):
            return None  # what cannot be worked out may fit
        if not unsound(found):
            return found or None
        answers.append(url)
    return finding("profile-not-met", profiles=" ".join(answers)) if answers else None


# --------------------------------------------------------------------------------------------------- what is inside


def inside(node: Node, registry: Registry) -> list[Question]:
    """The question about the elements below, none where there is nothing to ask."""
    if "contentReference" in node.element and not node.children:
        return [lambda item, place: _again(node, item, place)]
    below_it = _children_question(node, registry)
    if below_it is None:
        return []

    def ask(item: Item, place: Place) -> Findings | None:
        holder = item.holder
        if type(holder) is not dict:
            return below_it({}, place) or None if item.value is not None else None
        if item.type in resource_types() and holder is not place.resource:
            place = _around(holder, place)
        return below_it(holder, place) or None

    return [ask]


def _again(node: Node, item: Item, place: Place) -> Findings | None:
    target = referred(node, place.registry)
    if target is None or type(item.value) is not dict:
        return None
    ask = _children_question(target, place.registry)
    return (ask(item.value, place) or None) if ask is not None else None


def _children_question(node: Node, registry: Registry) -> ObjectQuestion | None:
    return registry.once(("children", node), lambda: _made_children_question(node, registry))


def _made_children_question(node: Node, registry: Registry) -> ObjectQuestion | None:
    parts = [
        part_of(child, group)
        for child in children_of(node, registry)
        if (group := group_question(child, registry)) is not None
    ]
    if not parts:
        return None
    plans: dict[tuple[str, ...], tuple[Check, ...]] = {}

    def ask(value: dict[str, Any], place: Place) -> Findings:
        keys = tuple(value)
        plan = plans.get(keys)
        if plan is None:
            plan = tuple(part for names, part in parts if not names or not names.isdisjoint(keys))
            if len(plans) < _MOST_PLANS:
                plans[keys] = plan
        found: Findings = []
        for part in plan:
            answer = part(value, place)
            if answer:
                found += answer
        return found

    return ask


_MOST_PLANS = 256
_SAID_AGAIN = frozenset({"CodeableConcept", "Coding", "code"})
"""Types of which the same few values come again and again."""


def part_of(node: Node, group: GroupQuestion) -> tuple[frozenset[str], Check]:
    """What is asked about one element of an object, and the keys without any of which there is nothing to be said; no
    keys, where it may be missed."""
    names = names_of(node)
    both = frozenset((*names, *("_" + name for name in names)))
    read = _reader(node)

    def ask(value: dict[str, Any], place: Place) -> Findings | None:
        return group(read(value), value, place) or None

    needed = node.element.get("min", 0) > 0 or any(each.element.get("min", 0) > 0 for each in slices_of(node))
    again = bool(node.types) and all(code_of(kind) in _SAID_AGAIN for kind in node.types)
    of_resource = node.parent is not None and node.parent.parent is None and node.home["type"] in resource_types()
    if len(names) == 1 and (again or (node.name == "extension" and of_resource)):
        name = next(iter(names))
        beside = "_" + name
        return frozenset() if needed else both, remembered(ask, lambda value: (value.get(name), value.get(beside)))
    return frozenset() if needed else both, ask


def _reader(node: Node) -> Read:
    return reader(node.name.removesuffix("[x]"), names_of(node))


def group_question(node: Node, registry: Registry) -> GroupQuestion | None:
    """All that is asked of the values of one element: how many, each by itself, and by slices."""
    count = count_question(node)
    each = value_question(node, registry)
    sliced = slicer_of(node, registry)
    if count is None and each is None and sliced is None:
        return None

    def ask(items: list[Item], value: dict[str, Any], place: Place) -> Findings:
        found: Findings = [] if count is None else count(items)
        if each is not None:
            found += _each(each, items, place)
        if sliced is not None and (items or sliced.asks_without):
            found += sliced.findings(items, value, place)
        return found

    return ask


def _each(ask: Question, items: list[Item], place: Place) -> Findings:
    found: Findings = []
    for item in items:
        answer = ask(item, place)
        if answer:
            found += below(item.path, answer)
    return found


def slicer_of(node: Node, registry: Registry) -> Slicer | None:
    if not node.slices:
        return None
    return slicer(node, registry, conforms, lambda one: _slice_parts(one, registry))


def _slice_parts(node: Node, registry: Registry) -> tuple[Question | None, Slicer | None]:
    return value_question(node, registry), slicer_of(node, registry)
