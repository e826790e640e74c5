"""The rules of definitions in FHIRPath: a constraint of an element becomes a question about its values.

Law: a rule is broken when it says false; where it is empty, a conformance report counts it as broken, too, for it is
not true, and a store's door lets it pass. A rule that cannot be evaluated is a warning that names it. FHIRPath itself
is loaded when the first rule is asked.
Source: http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint, conformance-rules.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.definitions import Definition
from profiles.validator.finding import Finding, Findings
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.validator.reckoned import as_function

Question: TypeAlias = "Callable[[Item, Place], Findings | None]"

ERRATA: Mapping[str, str] = MappingProxyType(
    {
        # R4 asks for System.Boolean, which no FHIR element is; later versions ask for the FHIR type.
        "que-7": "operator = 'exists' implies (answer is boolean)",
        # Its words say "more than one".
        "que-12": "enableWhen.count() > 1 implies enableBehavior.exists()",
        # A probability that is a Range, or missing, is not over 100.
        "ras-2": "probability.empty() or ((probability is decimal) implies ((probability as decimal) <= 100))",
    }
)
"""Expressions that R4 got wrong, by key, put right as later versions have them."""


_SAID_OTHERWISE = frozenset({"ele-1", "sqty-1"})
"""Rules that the structure says as well: nothing is empty; a SimpleQuantity has no comparator (max 0)."""


@cache
def evaluation() -> Any:
    """The bridge to FHIRPath."""
    return import_module("profiles.validator.evaluation")


def question(constraint: Definition, path: str) -> Question | None:
    """The question of one constraint (see `questions`)."""
    return _question(constraint, path)


def questions(constraints: Iterable[Definition], path: str) -> Question | None:
    """One question of several constraints on the element at a path of R4 (`Patient.contact`, `Period`): of an element
    whose structure is sound only those are asked that its keys alone do not settle. None without any."""
    asks = [(constraint, asked) for constraint in constraints if (asked := _question(constraint, path)) is not None]
    if not asks:
        return None
    every = tuple(asked for _, asked in asks)
    plans: dict[tuple[str, ...], tuple[Question, ...]] = {}

    def ask(item: Item, place: Place) -> Findings | None:
        wanted = every
        if place.sound and type(item.value) is dict:
            keys = tuple(item.value)
            known = plans.get(keys)
            wanted = known if known is not None else _unsettled(keys)
        found: Findings = []
        for each in wanted:
            answer = each(item, place)
            if answer is not None:
                found += answer
        return found or None

    def _unsettled(keys: tuple[str, ...]) -> tuple[Question, ...]:
        wanted = tuple(asked for constraint, asked in asks if not settled_by_keys(constraint, path, keys))
        if len(plans) < _MOST_PLANS:
            plans[keys] = wanted
        return wanted

    return ask


_MOST_PLANS = 256


def settled_by_keys(constraint: Definition, path: str, keys: tuple[str, ...]) -> bool:
    """Whether the keys of a sound element at the path say already that it holds."""
    bridge = evaluation()
    try:
        rule = bridge.compiled(_text(constraint)).tree
    except bridge.FhirPathError:
        return False
    return bool(bridge.settled(rule, path, keys))


def certainly(constraint: Definition, path: str) -> Callable[[dict[str, Any]], bool | None] | None:
    """A function of a sound element at the path, which is true only where it holds; None where there is none."""
    bridge = evaluation()
    try:
        found: Callable[[dict[str, Any]], bool | None] | None = bridge.certain(
            bridge.compiled(_text(constraint)).tree, path
        )
    except bridge.FhirPathError:
        return None
    return found


def _text(constraint: Definition) -> str:
    return str(ERRATA.get(constraint["key"], constraint.get("expression", "")))


_PERHAPS = ("memberOf", "conformsTo", "resolve", "subsume", "trace")
"""What is empty where something could not be looked up says nothing."""


def _question(constraint: Definition, path: str) -> Question | None:
    """The question of a constraint on the element at a path of R4 (`Patient.contact`, `Period`); None without one."""
    text = _text(constraint)
    if not text or constraint["key"] in _SAID_OTHERWISE:
        return None
    code = "invariant-failed" if constraint["severity"] == "error" else "invariant-warning"
    broken = [Finding("", code, {"key": constraint["key"], "rule": constraint.get("human", "")})]
    unanswered = [Finding("", "rule-unanswered", {"key": constraint["key"]})]
    made: list[Any] = []
    plain = as_function(text)
    certain = code == "invariant-failed" and not any(name in text for name in _PERHAPS)

    def ask(item: Item, place: Place) -> Findings | None:
        reckoned = plain(item.value) if plain is not None else None
        if reckoned is not None:
            return None if reckoned else broken
        bridge = evaluation()
        try:
            if not made:
                made.append(bridge.compiled(text))
            answer = bridge.holds(made[0], path, item, place)
        except bridge.FhirPathError:
            return unanswered
        return broken if answer is False or (answer is None and certain and place.strict) else None

    return ask
