"""The index rows of a resource: a pure function of its body (FHIR R4 search.html).

`rows(resource)` is called for every version that is written. The walkers of a type are compiled once and grouped by the
top-level key they begin with, so that a resource pays only for the elements it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fhir_server.search.convert import Emit, Rows, emitter
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.keys import token_keys
from fhir_server.search.parameters import (
    CHOICES,
    DECEASED,
    Parameter,
    Source,
    clinical_date,
    parameters,
    patient_sources,
)
from fhir_server.search.paths import keys_of, root_extension, walker


@dataclass(frozen=True, slots=True)
class IndexRows:
    """What one resource puts into the lists of search keys. References are (param, target type, target id)."""

    keys: frozenset[tuple[int, int]]
    strings: frozenset[tuple[int, str]]
    ranges: frozenset[tuple[int, int, int]]
    references: frozenset[tuple[int, str, str]]
    patient: tuple[str, str] | None
    clinical_date: int | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The emitters of one type by top-level key; `patients` and `dates` are the params that fill columns."""

    emitters: Mapping[str, tuple[Emit, ...]]
    patients: frozenset[int]
    dates: frozenset[int]
    deceased: bool


def rows(resource: dict[str, Any]) -> IndexRows:
    """The index rows of a resource; values that cannot be read give no row (the validator has spoken before)."""
    resource_type = resource["resourceType"]
    plan = _plan(resource_type)
    found = Rows(set(), set(), set(), set())
    emitters = plan.emitters
    for key, value in resource.items():
        for emit in emitters.get(key, ()):
            emit(value, found)
    if plan.deceased:
        _emit_deceased(resource, found)
    return IndexRows(
        frozenset(found.keys),
        frozenset(found.strings),
        frozenset(found.ranges),
        frozenset(found.references),
        _patient(found, plan.patients),
        _clinical_date(found, plan.dates),
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
def _plan(resource_type: str) -> _Plan:
    known = parameters(resource_type)
    emitters: dict[str, list[Emit]] = {}
    for parameter, source in {s.param: (p, s) for p in known.values() for s in p.sources if s is not DECEASED}.values():
        for key, emit in _emitters(parameter, source):
            emitters.setdefault(key, []).append(emit)
    main = clinical_date(resource_type)
    return _Plan(
        {key: tuple(emits) for key, emits in emitters.items()},
        frozenset(source.param for source in patient_sources(resource_type)),
        frozenset(main.params) if main else frozenset(),
        any(source is DECEASED for parameter in known.values() for source in parameter.sources),
    )


def _emitters(parameter: Parameter, source: Source) -> list[tuple[str, Emit]]:
    """One emitter for each top-level key the path may begin with."""
    first, *rest = source.path.steps
    if first.kind == "extension":
        return [("extension", _through(root_extension(first.name), emitter(parameter.kind, source)))]
    choices = CHOICES[parameter.kind]
    leaf = all(step.kind == "resolves" for step in rest)
    walk = walker(tuple(rest), choices)
    emit = emitter(parameter.kind, source)
    if walk is not None:
        emit = _through(walk, emit)
    return [(key, emit) for key in keys_of(first, choices if leaf else ())]


def _through(walk: Callable[[Any], list[Any]], emit: Emit) -> Emit:
    def emit_leaves(value: Any, found: Rows) -> None:
        leaves = walk(value)
        if leaves:
            emit(leaves, found)

    return emit_leaves
