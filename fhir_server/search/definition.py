"""A SearchParameter resource becomes search parameters, one for each base type (FHIR R4 searchparameter.html).

An expression is read by the path walkers where they can, else it is evaluated by FHIRPath on every resource. What R4
itself defines cannot be defined anew; a parameter that could never find anything is refused when it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.search.composite import composites
from fhir_server.search.elements import source_places
from fhir_server.search.parameters import KINDS, Kind, Parameter, Source, core_parameters
from fhir_server.search.paths import Path, parse
from fhir_server.store.schema import param_id
from profiles.definitions import applicable, resource_types
from profiles.issue import Issue

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_\-]{0,63}", re.ASCII)
_EVERY = frozenset({"Resource", "DomainResource"})
_FITTING: Mapping[str, frozenset[str]] = {
    "token": frozenset(
        {
            "CodeableConcept",
            "Coding",
            "code",
            "boolean",
            "Identifier",
            "string",
            "ContactPoint",
            "id",
            "uri",
            "canonical",
        }
    ),
    "string": frozenset({"string", "markdown", "HumanName", "Address", "code", "id"}),
    "date": frozenset({"date", "dateTime", "instant", "Period", "Timing"}),
    "number": frozenset({"integer", "decimal", "positiveInt", "unsignedInt", "Range"}),
    "quantity": frozenset({"Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range", "SimpleQuantity"}),
    "reference": frozenset({"Reference", "canonical", "uri"}),
    "uri": frozenset({"uri", "url", "canonical", "oid", "uuid"}),
}
"""The data types a parameter of a kind can be read from (search.html#table)."""


@dataclass(frozen=True, slots=True)
class Definition:
    """What a SearchParameter defines; `issues` stand against it. Without either it is not in force."""

    parameters: tuple[Parameter, ...] = ()
    issues: tuple[Issue, ...] = ()


def define(resource: Mapping[str, Any], mark: str) -> Definition:
    """The parameters of a SearchParameter; `mark` tells their lists from those of any other definition or version."""
    if resource.get("status") != "active":
        return Definition()
    kind, code = resource.get("type"), resource.get("code")
    expression, bases = resource.get("expression") or "", resource.get("base") or []
    if kind not in KINDS:
        return _refused("search-parameter-kind", "type", type=str(kind)[:32])
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return _refused("search-parameter-code", "code")
    types = sorted({each for base in bases for each in (resource_types() if base in _EVERY else (base,))})
    if not types or not set(types) <= resource_types():
        return _refused("search-parameter-base", "base")
    taken = next((each for each in types if code in core_parameters(each) or code in composites(each)), None)
    if taken is not None:
        return _refused("search-parameter-clash", "code", type=taken)
    made = [_parameter(each, kind, code, expression, resource, mark) for each in types]
    if None in made:
        return _refused("search-parameter-expression", "expression", type=types[made.index(None)])
    return Definition(tuple(each for each in made if each is not None))


def _refused(code: str, element: str, **details: str) -> Definition:
    return Definition(issues=(Issue(code, f"SearchParameter.{element}", details=details),))


def _parameter(
    resource_type: str, kind: Kind, code: str, expression: str, resource: Mapping[str, Any], mark: str
) -> Parameter | None:
    """The parameter on one type; None when the expression does not give what the kind needs."""
    name = f"{mark}:{kind}:{resource_type}"
    sources = _walked(resource_type, kind, applicable(expression, resource_type), name)
    if sources is None:
        sources = _evaluated(resource_type, expression, name)
    if not sources:
        return None
    targets = tuple(each for each in resource.get("target") or () if each in resource_types())
    if kind == "reference" and not targets:
        targets = tuple(sorted(resource_types()))
    return Parameter(
        resource_type, code, kind, sources, targets if kind == "reference" else (), resource.get("url", "")
    )


def _walked(resource_type: str, kind: Kind, expression: str, name: str) -> tuple[Source, ...] | None:
    """Sources with a walker; None when the paths have none, () when they lead to nothing of the kind."""
    try:
        paths = parse(expression, resource_type)
    except ValueError:
        return None
    if not _sound(resource_type, expression):
        return ()
    sources = tuple(Source(path, param_id(f"{name}.{path.text}"), path.target) for path in paths)
    for source in sources:
        found = {place.type for place in source_places(resource_type, source, kind)}
        if found and not found & _FITTING[kind]:
            return ()
    return sources


def _evaluated(resource_type: str, expression: str, name: str) -> tuple[Source, ...]:
    """One source that FHIRPath evaluates."""
    if not _sound(resource_type, expression):
        return ()
    return (Source(Path((), expression), param_id(f"{name}.{expression}"), expression=expression),)


def _sound(resource_type: str, expression: str) -> bool:
    """Whether FHIRPath can make sense of it on that type."""
    from profiles.fhirpath import FhirPathError, check

    try:
        return bool(expression) and not check(expression, resource_type)
    except FhirPathError:
        return False
