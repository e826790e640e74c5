"""One value of a composite parameter as conditions (FHIR R4 search.html#composite); see `composite` for the lists."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from fhir_server.search.composite import RANGED, Alternative, Composite
from fhir_server.search.condition import Condition, Criterion, Every, Not, Some, Together
from fhir_server.search.key_lists import hashes
from fhir_server.search.keys import PRESENT, composite_param, exact_key, pair_key
from fhir_server.search.parameters import Parameter
from fhir_server.search.range_lists import range_params
from fhir_server.search.reference_lists import target_keys
from fhir_server.search.values import Missing, Span, Value, Words


def both(alternative: Alternative, values: Sequence[Value]) -> Condition:
    """All parts true of one instance of the element."""
    alone = tuple(Criterion(part, "", (value,)) for part, value in zip(alternative.parts, values, strict=True))
    if not alternative.repeating:
        return Every(alone)
    beside = tuple(alone[place] for place in sorted(alternative.beside))
    inner = [each for place, each in enumerate(alone) if place not in alternative.beside]
    (first, second), (one, other) = inner, (each.values[0] for each in inner)
    if isinstance(one, Span) and isinstance(other, Span):
        return Every((Together(alternative.param, numbers=(one, other)), *beside))
    if second.parameter.kind in RANGED and isinstance(other, Span):
        spans = tuple((_lists(alternative.param, key, second.parameter, other), other) for key in _keys(first))
        return Every((Together(alternative.param, spans=spans), *alone))
    pairs = tuple(pair_key(*pair) for pair in product(_keys(first), _keys(second)))
    return Every((Together(alternative.param, keys=pairs), *beside))


def _lists(composite: int, key: int, ranged: Parameter, span: Span) -> tuple[int, ...]:
    return tuple(composite_param(composite, param, key) for param in range_params(ranged.params, span))


def _keys(criterion: Criterion) -> tuple[int, ...]:
    if criterion.parameter.kind != "reference":
        return hashes(criterion)
    whole = [exact_key(value.text) for value in criterion.values if isinstance(value, Words)]
    return (*whole, *(exact_key(f"{kind}/{name}") for kind, name in target_keys(criterion)))


def missing(composite: Composite, *, wanted: bool) -> Condition:
    """`:missing`: whether no element has all parts."""
    there = Missing(False)
    present: list[Condition] = []
    for alternative in composite.alternatives:
        parts = [Criterion(part, "missing", (there,)) for part in alternative.parts]
        if alternative.repeating:
            beside = [parts[place] for place in sorted(alternative.beside)]
            present.append(Every((Together(alternative.param, keys=(PRESENT,)), *beside)))
        else:
            present.append(Every(tuple(parts)))
    anything = Some(tuple(present))
    return Not(anything) if wanted else anything
