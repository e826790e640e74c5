"""The index rows of a resource: a pure function of its body (FHIR R4 search.html).

`rows(resource)` is called for every version that is written. The walkers of a type are compiled once and grouped by the
top-level key they begin with, so that a resource pays only for the elements it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from fhir_server.search.composite import composite_emitters
from fhir_server.search.convert import Emit, Rows, by_key, current_entries, emitter
from fhir_server.search.elements import source_places
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.keys import token_keys
from fhir_server.search.overlay import added
from fhir_server.search.parameters import (
    DECEASED,
    Parameter,
    Source,
    clinical_date,
    indexed,
    parameters,
    patient_sources,
)
from fhir_server.search.remembered import remembering
from fhir_server.search.timed import timed_rows


class IndexRows(NamedTuple):
    """What one resource puts into the lists of search keys. References are (param, target type, target id)."""

    keys: Set[tuple[int, int]]
    strings: Set[tuple[int, str]]
    ranges: Set[tuple[int, int, int]]
    references: Set[tuple[int, str, str]]
    patient: tuple[str, str] | None
    clinical_date: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The emitters of one type by top-level key, and those that need the `whole` resource.

    `patients` and `dates` are the params that fill columns.
    """

    emitters: Mapping[str, Emit]
    patients: frozenset[int]
    dates: frozenset[int]
    deceased: bool
    whole: tuple[Emit, ...]


def rows(resource: dict[str, Any]) -> IndexRows:
    """The index rows of a resource; values that cannot be read give no row (the validator has spoken before)."""
    resource_type = resource["resourceType"]
    plan = _plan(resource_type, added(resource_type))
    found = Rows(set(), set(), set(), set())
    emitters = plan.emitters
    for key, value in resource.items():
        emit = emitters.get(key)
        if emit is not None:
            emit(value, found)
    for emit in plan.whole:
        emit(resource, found)
    if plan.deceased:
        _emit_deceased(resource, found)
    at = _clinical_date(found, plan.dates)
    timed_rows(resource, found.ranges, at)
    patient = _patient(found, plan.patients)
    return IndexRows(found.keys, found.strings, found.ranges, found.references, patient, at)


def less(some: IndexRows, others: IndexRows) -> IndexRows:
    """What some have beside the others."""
    return IndexRows(
        some.keys - others.keys,
        some.strings - others.strings,
        some.ranges - others.ranges,
        some.references - others.references,
        None,
        None,
    )


def _patient(found: Rows, params: frozenset[int]) -> tuple[str, str] | None:
    patients = [(kind, name) for param, kind, name in found.references if kind == "Patient" and param in params]
    return min(patients) if patients else None


def _clinical_date(found: Rows, params: frozenset[int]) -> int | None:
    dates = [low if low != EARLIEST else high for param, low, high in found.ranges if param in params]
    return min((date for date in dates if date != LATEST), default=None)


def _emit_deceased(resource: dict[str, Any], found: Rows) -> None:
    deceased = resource.get("deceasedBoolean") is True or "deceasedDateTime" in resource
    for key in token_keys("", "true" if deceased else "false"):
        found.keys.add((DECEASED.param, key))


@cache
def _plan(resource_type: str, _more: tuple[Parameter, ...]) -> _Plan:
    known = parameters(resource_type)
    emitters: dict[str, list[Emit]] = {}
    whole: list[Emit] = []
    every = indexed(resource_type)
    for parameter, source in {s.param: (p, s) for p in every for s in p.sources if s is not DECEASED}.values():
        if source.expression:
            whole.append(_evaluated(source, emitter(parameter.kind, source)))
            continue
        places = source_places(resource_type, source, parameter.kind)
        for key, emit in by_key(parameter.kind, source, frozenset(place.type for place in places)):
            emitters.setdefault(key, []).append(emit)
    for key, emit in composite_emitters(resource_type):
        emitters.setdefault(key, []).append(emit)
    if resource_type == "List":
        emitters["entry"].append(current_entries)
    main = clinical_date(resource_type)
    return _Plan(
        {key: remembering(emits) for key, emits in emitters.items()},
        frozenset(source.param for source in patient_sources(resource_type)),
        frozenset(main.params) if main else frozenset(),
        any(source is DECEASED for parameter in known.values() for source in parameter.sources),
        tuple(whole),
    )


def _evaluated(source: Source, emit: Emit) -> Emit:
    """What a FHIRPath expression gives of a whole resource; one that fails on it gives nothing."""
    from profiles.fhirpath import Environment, FhirPathError, compile, stub  # noqa: A004 - rare

    expression = compile(source.expression, "")
    environment = Environment(resolve=stub, several_as="filter")

    def evaluate(resource: Any, found: Rows) -> None:
        try:
            values = expression(resource, environment=environment)
        except FhirPathError:
            return
        emit(values, found)

    return evaluate
