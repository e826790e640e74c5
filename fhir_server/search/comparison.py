"""The tests of a `_filter` as conditions: what each operator means for each kind (FHIR R4 search_filter.html).

"An item in the set has …": a test speaks of one value. Of codes and references a list holds several keys for one value,
so `ne` there means: it has a value, and none is equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from fhir_server.search.condition import Condition, Criterion, Every
from fhir_server.search.parameters import Parameter
from fhir_server.search.values import Missing, Span, Value

Values = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`text` is read with `modifier`, and `condition` is made of what was read."""

    modifier: str
    text: str
    condition: Callable[[Parameter, Values], Condition]


_BY_KIND: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "string": {"eq": "equals", "ne": "differs", "co": "contains", "sw": "", "ew": "ends"},
        "token": {"eq": "", "ne": "not", "in": "in", "ni": "not-in", "ss": "below", "sb": "above"},
        "reference": {"eq": "", "re": "", "ne": "not"},
        "uri": {"eq": "", "ne": "not", "sw": "starts"},
    }
)
"""The modifier that says the same; `equals`, `differs`, `ends`, `starts` have no name in a query string."""
_PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


def operators(parameter: Parameter) -> tuple[str, ...]:
    """Those a kind of parameter takes."""
    return (*_BY_KIND.get(parameter.kind, _PREFIXES), *(("po",) if parameter.kind == "date" else ()), "pr")


def comparison(parameter: Parameter, operator: str, text: str) -> Comparison | None:
    """How a test is read, or None when the operator does not fit."""
    if operator not in operators(parameter):
        return None
    if operator == "pr":
        return Comparison("missing", {"true": "false", "false": "true"}.get(text, text), _as("missing"))
    if operator == "po":
        return Comparison("", "eq" + text, _overlaps)
    modifier = _BY_KIND.get(parameter.kind, {}).get(operator)
    if modifier is None:
        return Comparison("", operator + text, _as(""))
    if parameter.kind in ("string", "uri"):
        text = text.replace("\\", "\\\\")
    return Comparison("" if modifier == "not" else modifier, text, _unequal if operator == "ne" else _as(modifier))


def _as(modifier: str) -> Callable[[Parameter, Values], Condition]:
    return lambda parameter, values: Criterion(parameter, modifier, values)


def _overlaps(parameter: Parameter, values: Values) -> Condition:
    return Criterion(parameter, "", tuple(replace(v, prefix="po") for v in values if isinstance(v, Span)))


def _unequal(parameter: Parameter, values: Values) -> Condition:
    if parameter.kind == "string":
        return Criterion(parameter, "differs", values)
    unequal = Criterion(parameter, "not", values)
    return Every((unequal, Criterion(parameter, "missing", (Missing(False),))))
