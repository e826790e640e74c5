"""The checks of JSON objects and arrays against what a definition says about them.

Law: unknown elements, wrong counts and stray nulls are findings; every value is visited once, whatever is wrong.
Source: http://hl7.org/fhir/R4/json.html.

Speed: objects of one type come in few key sequences. Which check each key needs, and whether the keys are all known,
sufficient and not contradictory, is worked out once per sequence (a `Plan`) and looked up afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from profiles.validator.finding import ENOUGH, NULL_ENTRY, Check, Finding, Findings, below, finding, unsound
from profiles.validator.invariants import Invariant
from profiles.validator.place import Place

# Key sequences remembered per shape; a sender can permute keys at will, and must not fill the memory with that.
MAX_PLANS = 256


Ask: TypeAlias = Callable[[dict[str, Any], Place], Findings | None]
"""A question about an object whose structure is sound."""


class Plan(NamedTuple):
    """What to do with an object that has these keys in this order."""

    checks: tuple[Check, ...]
    invariants: tuple[Invariant, ...]
    asks: tuple[Ask, ...]
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
    asks: tuple[tuple[frozenset[str], Ask], ...] = ()
    checks: dict[str, Check] = field(default_factory=dict)
    plans: dict[tuple[str, ...], Plan] = field(default_factory=dict)

    def check(self, name: str) -> Check | None:
        known = self.checks.get(name)
        if known is None and name in self.makers:
            known = self.checks.setdefault(name, self.makers[name]())
        return known


def object_check(shape: Shape) -> Check:
    """The check of an object of this shape."""
    plans = shape.plans

    def check(value: Any, place: Place) -> Findings | None:
        if type(value) is not dict:
            return not_an_object(value, shape.type_name)
        keys = tuple(value)
        plan = plans.get(keys)
        if plan is None:
            plan = _plan(shape, keys)
        checks, invariants, asks, found = plan
        for inner, child, name in zip(checks, value.values(), keys):  # noqa: B905 (the hottest loop; equal by making)
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

    return check


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


def _plan(shape: Shape, keys: tuple[str, ...]) -> Plan:
    names = {key.removeprefix("_") for key in keys}
    found: Findings = [] if keys else finding("element-empty")
    checks: list[Check] = []
    for key in keys:
        known = shape.check(key)
        checks.append(known or _accept)
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
    rules = tuple(rule for rule in shape.invariants if not rule.when or names.intersection(rule.when))
    asks = tuple(ask for when, ask in shape.asks if not when or when & names)
    plan = Plan(tuple(checks), rules, asks, found)
    if not found and len(shape.plans) < MAX_PLANS:
        shape.plans[keys] = plan
    return plan


def _accept(_: Any, __: Place) -> None:
    return None


def list_check(inner: Check, least: int, most: float) -> Check:
    """The check of an array whose items pass `inner`."""

    def check(value: Any, place: Place) -> Findings | None:
        if type(value) is not list:
            return finding("element-empty") if value is None else finding("element-not-list")
        if not value:
            return finding("element-empty")
        found: Findings = []
        for index, item in enumerate(value):
            problems = inner(item, place)
            if problems is not None:
                placed = _item(index, item, problems, len(found))
                found += placed
                if len(found) > ENOUGH and unsound(placed):
                    break
        if len(value) < least:
            found.insert(0, Finding("", "element-required", {"min": str(least)}))
        elif len(value) > most:
            found.insert(0, Finding("", "element-too-many", {"max": str(int(most))}))
        return found or None

    return check


def _item(place: int, item: Any, problems: Findings, before: int) -> Findings:
    if item is None and before < ENOUGH:  # aligned arrays have few nulls
        return [Finding(f"[{place}]", NULL_ENTRY, {"place": place})]
    return below(f"[{place}]", problems)
