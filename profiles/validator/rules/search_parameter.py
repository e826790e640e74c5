"""SearchParameter: an expression that can be evaluated, and composites with parts.

Source: http://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression, .component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.definitions import search_parameter_resource
from profiles.fhirpath import FhirPathError
from profiles.fhirpath import compile as compiled
from profiles.issue import Issue
from profiles.validator.place import Place


def evaluable(parameter: dict[str, Any], place: Place) -> Iterator[Issue]:
    """The expression and the components."""
    expression = parameter.get("expression")
    if type(expression) is str:
        try:
            compiled(expression)
        except FhirPathError:
            yield place.issue("search-parameter-unreadable", ".expression")
    if parameter.get("type") == "composite" and len(parameter.get("component", ())) < 2:
        yield place.issue("search-parameter-parts", ".component")
    original = parameter.get("derivedFrom")
    if type(original) is str:
        yield from _derived(parameter, original, place)


_ANY_BASE = frozenset({"Resource", "DomainResource"})


def _derived(parameter: dict[str, Any], original: str, place: Place) -> Iterator[Issue]:
    """What one derives from has the same type, and all its bases."""
    above = place.registry.canonical(original, "SearchParameter") or search_parameter_resource(
        original.partition("|")[0]
    )
    if above is None:
        return
    if parameter.get("type") != above.get("type"):
        yield place.issue("search-parameter-derived", ".type", name="type")
    bases = above.get("base", ())
    for index, base in enumerate(parameter.get("base", ())):
        if base not in bases and _ANY_BASE.isdisjoint(bases):
            yield place.issue("search-parameter-derived", f".base[{index}]", name="base")
    code = parameter.get("expression"), above.get("expression")
    if None not in code and _plain(code[0]) != _plain(code[1]):
        yield place.issue("search-parameter-derived-expression", ".expression")


def _plain(expression: Any) -> frozenset[str]:
    """The parts of a union, without the brackets and blanks that change nothing."""
    return frozenset(part.strip().strip("()").strip() for part in str(expression).split("|"))
