"""The checks of JSON objects and arrays against what a definition says about them.

Law: unknown elements, wrong counts and stray nulls are findings; every value is visited once, whatever is wrong.
Source: http://hl7.org/fhir/R4/json.html.

Speed: objects of one type come in few key sequences. Which check each key needs, and whether the keys are all known,
sufficient and not contradictory, is worked out once per sequence (a `Plan`) and looked up afterwards; a sequence that
comes often gets code of its own (`straight`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from profiles.validator import straight
from profiles.validator.finding import ENOUGH, NULL_ENTRY, Check, Finding, Findings, below, finding, unsound
from profiles.validator.place import Place
from profiles.validator.shape import Plan, Run, Shape
from profiles.validator.straight import MANY, SHAPES, Many

# Key sequences remembered per shape; a sender can permute keys at will, and must not fill the memory with that.
MAX_PLANS = 256


def object_check(shape: Shape) -> Check:
    """The check of an object of this shape."""
    plans = shape.plans

    def check(value: Any, place: Place) -> Findings | None:
        if type(value) is not dict:
            return not_an_object(value, shape.type_name)
        keys = tuple(value)
        return (plans.get(keys) or _planned(shape, keys))(value, place)

    SHAPES[check] = shape
    return check


def _planned(shape: Shape, keys: tuple[str, ...]) -> Run:
    """What goes by the plan for these keys; remembered, where they are the keys of a sound object."""
    plan = plan_of(shape, keys)
    run = _interpreted(shape, keys, plan)
    if not plan.findings and len(shape.plans) < MAX_PLANS:
        shape.plans[keys] = run
    return run


def _interpreted(shape: Shape, keys: tuple[str, ...], plan: Plan) -> Run:
    checks, invariants, asks, before = plan
    seen = 0

    def run(value: dict[str, Any], place: Place) -> Findings | None:
        nonlocal seen
        seen += 1
        if seen == straight.OFTEN and keys in shape.plans and straight.written < straight.MOST:
            straight.written += 1
            shape.plans[keys] = straight.straight(shape, keys, plan, _TOOLS)
        if shape.walks:
            place.walk()
        found = before
        for inner, child, name in zip(checks, value.values(), keys):  # noqa: B905 (equal by making)
            problems = inner(child, place)
            if problems is not None:
                found = [*found, *_placed(problems, value, name, shape)]
        if invariants and not unsound(found):  # a rule about `status` says nothing when `status` is a list
            for rule in invariants:
                if not rule.holds(value):
                    found = [*found, Finding("", rule.code, {"key": rule.key.rpartition(":")[2]})]
        if asks and not unsound(found):
            for ask in asks:
                answer = ask(value, place)
                if answer is not None:
                    found = [*found, *answer]
        return found or None

    return run


def not_an_object(value: Any, type_name: str) -> Findings:
    if value is None or value == "" or value == []:
        return finding("element-empty")
    return finding("element-is-list") if type(value) is list else finding("element-type", type=type_name)


def _placed(problems: Findings, value: dict[str, Any], name: str, shape: Shape) -> Findings:
    label = shape.labels.get(name, name)
    child = value[name]
    if type(child) is not list or None not in child:  # then no null needs an explanation
        return below("." + label, problems, label)
    stray = [
        Finding(problem.path, "element-empty") if problem.code == NULL_ENTRY else problem
        for problem in problems
        if problem.code != NULL_ENTRY or _stray(problem, value, name)
    ]
    return below("." + label, stray, label)


def _stray(problem: Finding, value: dict[str, Any], name: str) -> bool:
    """Of a null in an array: whether the sibling array is silent at the same place, too."""
    sibling = value.get(name[1:] if name.startswith("_") else "_" + name)
    place = problem.details["place"]
    return type(sibling) is not list or place >= len(sibling) or sibling[place] is None


def plan_of(shape: Shape, keys: tuple[str, ...]) -> Plan:
    """What the definition says to objects with these keys."""
    names = {key.removeprefix("_") for key in keys}
    bare = not keys or (keys == ("id",) and shape.type_name != "Element")  # rule ele-1: an id alone is no content
    found: Findings = finding("element-empty") if bare else []
    checks: list[Check] = []
    for key in keys:
        known = shape.check(key)
        lonely = known is not None and key[0] == "_" and key[1:] not in keys
        checks.append(without_value(known) if lonely and known is not None else known or _accept)
        if known is None and len(found) < ENOUGH:
            shown = key if key.isascii() and key.isidentifier() and len(key) <= 64 else "?"
            path = "." + shown if shown != "?" else ""
            found.append(Finding(path, "element-unknown", {"type": shape.type_name, "name": shown}))
    for label, options, least in shape.required:
        if keys and not options & names:
            found.append(Finding("", "element-required", {"name": label, "min": str(least)}))
    for label, options in shape.choices:
        if len(options & names) > 1:
            found.append(Finding("." + label, "choice-too-many", {"name": label}))
    rules = tuple(
        rule
        for rule in shape.invariants
        if (not rule.when or names.intersection(rule.when)) and not (rule.by_keys and rule.holds(dict.fromkeys(keys)))
    )
    asks = tuple(ask for when, ask in shape.asks if not when or when & names)
    return Plan(tuple(checks), rules, asks, found)


def _accept(_: Any, __: Place) -> None:
    return None


_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


def _is_absent(beside: Any) -> bool:
    listed = beside.get("extension") if type(beside) is dict else None
    return type(listed) is list and any(type(one) is dict and one.get("url") == _ABSENT for one in listed)


CODED: dict[Check, str] = {}
"""By check of what stands beside a code (`_status`): the value set that the code must come from."""


def without_value(check: Check) -> Check:
    """The check of what stands beside a value, where there is none: an id alone is no content (rule ele-1), and in a
    conformance report a code of a value set that is required is not said to be absent."""
    value_set = CODED.get(check)

    def alone(value: Any, place: Place) -> Findings | None:
        if type(value) is dict and "id" not in value and (value_set is None or not place.strict):
            return check(value, place)
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        many = type(value) is list
        for at, item in enumerate(value if many else (value,)):
            path = f"[{at}]" if many else ""
            if type(item) is dict and item.keys() == {"id"}:
                found = [*(found or ()), Finding(path, "element-empty")]
            elif value_set is not None and place.strict and _is_absent(item):
                found = [*(found or ()), Finding(path, "code-not-in-valueset", {"valueset": value_set})]
        return found

    return alone


def list_check(inner: Check, least: int, most: float) -> Check:
    """The check of an array whose items pass `inner`."""

    def check(value: Any, place: Place) -> Findings | None:
        if type(value) is not list:
            return finding("element-empty") if value is None else finding("element-not-list")
        if not value:
            return finding("element-empty")
        return _rest(value, 0, inner(value[0], place), place, many)

    many = MANY[check] = Many(inner, least, most)
    return check


def _rest(value: list[Any], first: int, problems: Findings | None, place: Place, many: Many) -> Findings | None:
    """What is wrong with an array whose item `first` has these problems, and those before it none."""
    found: Findings = []
    for index in range(first, len(value)):
        if index > first:
            problems = many.inner(value[index], place)
        if problems is not None:
            placed = _item(index, value[index], problems, len(found))
            found += placed
            if len(found) > ENOUGH and unsound(placed):
                break
    if len(value) < many.least:
        found.insert(0, Finding("", "element-required", {"min": str(many.least)}))
    elif len(value) > many.most:
        found.insert(0, Finding("", "element-too-many", {"max": str(int(many.most))}))
    return found or None


def _item(place: int, item: Any, problems: Findings, before: int) -> Findings:
    if item is None and before < ENOUGH:  # aligned arrays have few nulls
        return [Finding(f"[{place}]", NULL_ENTRY, {"place": place})]
    return below(f"[{place}]", problems)


def _joined(found: Findings | None, problems: Findings, value: dict[str, Any], name: str, shape: Shape) -> Findings:
    return [*(found or ()), *_placed(problems, value, name, shape)]


_TOOLS: Mapping[str, Any] = MappingProxyType({"placed": _joined, "rest": _rest})
