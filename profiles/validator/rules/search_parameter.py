"""SearchParameter: an expression that can be evaluated, and composites with parts.

Source: http://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression, .component.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
