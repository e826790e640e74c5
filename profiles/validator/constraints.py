"""The rules of definitions in FHIRPath: a constraint of an element becomes a question about its values.

Law: a rule is broken only when it says false; empty and true are fine. A rule that cannot be evaluated is a warning
that names it. FHIRPath itself is loaded when the first rule is asked.
Source: http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.constraint, conformance-rules.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.definitions import Definition
from profiles.validator.finding import Finding, Findings
from profiles.validator.item import Item
from profiles.validator.place import Place

Question: TypeAlias = "Callable[[Item, Place], Findings | None]"

ERRATA: Mapping[str, str] = MappingProxyType(
    {
        # R4 asks for System.Boolean, which no FHIR element is; later versions ask for the FHIR type.
        "que-7": "operator = 'exists' implies (answer is boolean)",
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
    """The question of a constraint on the element at a path of R4 (`Patient.contact`, `Period`); None without one."""
    text = ERRATA.get(constraint["key"], constraint.get("expression", ""))
    if not text or constraint["key"] in _SAID_OTHERWISE:
        return None
    code = "invariant-failed" if constraint["severity"] == "error" else "invariant-warning"
    broken = [Finding("", code, {"key": constraint["key"], "rule": constraint.get("human", "")})]
    unanswered = [Finding("", "rule-unanswered", {"key": constraint["key"]})]
    made: list[Any] = []

    def ask(item: Item, place: Place) -> Findings | None:
        bridge = evaluation()
        try:
            if not made:
                made.append(bridge.compiled(text))
            answer = bridge.holds(made[0], path, item, place)
        except bridge.FhirPathError:
            return unanswered
        return broken if answer is False else None

    return ask
