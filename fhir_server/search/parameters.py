"""The search parameters of each resource type, from the SearchParameter definitions (FHIR R4 search.html).

A parameter reads one or more paths. Each path has one list of keys in the store, shared by all parameters that read it
(`patient` and `subject`, `code` and `combo-code`), so nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from fhir_server.search.overlay import added
from fhir_server.search.parameter import Kind as Kind
from fhir_server.search.parameter import Parameter as Parameter
from fhir_server.search.parameter import Source as Source
from fhir_server.search.paths import NOT_COVERED, parse
from fhir_server.store.schema import param_id
from profiles.definitions import SearchParameter, resource_types, search_parameters, structure

KINDS: frozenset[str] = frozenset({"token", "string", "date", "number", "quantity", "reference", "uri"})
"""Kinds that are searched; `composite` and `special` are not yet."""
COLUMNS: frozenset[str] = frozenset({"_id", "_lastUpdated"})
"""Parameters that are columns of the resource table, not lists of keys."""

CHOICES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "token": ("CodeableConcept", "Coding", "code", "boolean", "Identifier", "string"),
        "string": ("string", "markdown"),
        "date": ("dateTime", "date", "instant", "Period", "Timing"),
        "number": ("integer", "decimal", "positiveInt", "unsignedInt"),
        "quantity": ("Quantity", "Age", "Duration", "Range", "Money", "SampledData"),
        "reference": ("Reference", "canonical", "uri"),
        "uri": ("uri", "canonical", "url", "oid", "uuid"),
    }
)
"""The data types a choice element may take when the expression names none, by kind of parameter."""

_MAIN_DATES = (
    *("date", "authored", "authored-on", "authoredon", "started", "collected", "recorded", "recorded-date"),
    *("onset-date", "effective-time", "effective", "whenhandedover", "issued", "created", "period", "sent"),
)
"""The first of these that a type has is its clinical date."""


EVERY = "*"
"""Stands for every resource type where a search names none."""


@cache
def types_of(name: str) -> tuple[str, ...]:
    """The types a search is about: `Patient`; `Condition,Observation`; `*`."""
    return tuple(sorted(resource_types())) if name == EVERY else tuple(name.split(","))


def parameters(resource_type: str) -> Mapping[str, Parameter]:
    """The parameters of a type by code, those of every resource included; empty for an unknown type.

    Of several types (`Condition,Observation`): those that all of them have, of one kind (search.html: "only parameters
    common to all types"). Such a parameter reads the lists of every type.
    """
    if "," in resource_type or resource_type == EVERY:
        return _shared(resource_type, tuple(added(one) for one in types_of(resource_type)))
    return _known(resource_type, added(resource_type))


def indexed(resource_type: str) -> tuple[Parameter, ...]:
    """Every parameter whose lists the store fills: also those of one code that several institutions defined."""
    return (*parameters(resource_type).values(), *added(resource_type))


@cache
def _known(resource_type: str, more: tuple[Parameter, ...]) -> Mapping[str, Parameter]:
    found = dict(core_parameters(resource_type)) | {parameter.code: parameter for parameter in more}
    return MappingProxyType(dict(sorted(found.items())))


@cache
def core_parameters(resource_type: str) -> Mapping[str, Parameter]:
    """Those of R4."""
    found: dict[str, Parameter] = {}
    for definition in search_parameters(resource_type).values():
        parameter = _parameter(resource_type, definition)
        if parameter is not None:
            found[parameter.code] = parameter
    return MappingProxyType(found)


@cache
def _shared(name: str, more: tuple[tuple[Parameter, ...], ...]) -> Mapping[str, Parameter]:
    each = [_known(one, extra) for one, extra in zip(types_of(name), more, strict=True)]
    codes = sorted(set(each[0]).intersection(*each[1:]))
    found = {code: _joined(name, [known[code] for known in each]) for code in codes}
    return MappingProxyType({code: parameter for code, parameter in found.items() if parameter is not None})


def _joined(name: str, same: list[Parameter]) -> Parameter | None:
    first = same[0]
    if any(parameter.kind != first.kind for parameter in same):
        return None
    sources = {source.param: source for parameter in same for source in parameter.sources}
    targets = dict.fromkeys(target for parameter in same for target in parameter.targets)
    return replace(first, type=name, sources=tuple(sources.values()), targets=tuple(targets))


def _parameter(resource_type: str, definition: SearchParameter) -> Parameter | None:
    name = f"{resource_type}.{definition.code}"
    if definition.type not in KINDS or not definition.expression or name in NOT_COVERED:
        return None
    kind: Kind = definition.type  # type: ignore[assignment]
    if definition.code in COLUMNS:
        return Parameter(resource_type, definition.code, kind, (), (), definition.url)
    if name == "Patient.deceased":
        return Parameter(resource_type, definition.code, kind, (DECEASED,), (), definition.url)
    sources = tuple(
        Source(path, param_id(f"{kind}:{resource_type}.{path.text}"), path.target)
        for path in parse(definition.expression, resource_type)
    )
    if not sources:
        return None
    return Parameter(resource_type, definition.code, kind, sources, _targets(definition, sources), definition.url)


def _targets(definition: SearchParameter, sources: tuple[Source, ...]) -> tuple[str, ...]:
    """The types a reference may point to: those the paths themselves name, when each names one."""
    if definition.type != "reference":
        return ()
    named = tuple(dict.fromkeys(source.target for source in sources))
    return named if "" not in named else definition.targets or tuple(sorted(resource_types()))


CURRENT_ENTRIES = param_id("reference:List.entry.item:current")
"""The list of what a List holds and does not mark as deleted (`_list`)."""
DECEASED = Source(parse("Patient.deceased", "Patient")[0], param_id("token:Patient.deceased:exists"))
"""`Patient.deceased.exists() and Patient.deceased != false`: the one expression of R4 that is a condition."""


@cache
def clinical_date(resource_type: str) -> Parameter | None:
    """The date parameter that says when the thing happened; of several types, when all call it by the same code."""
    types = types_of(resource_type)
    if len(types) > 1:
        codes = {date.code if (date := clinical_date(one)) else "" for one in types}
        return parameters(resource_type).get(codes.pop()) if len(codes) == 1 else None
    known = core_parameters(resource_type)
    return next((known[code] for code in _MAIN_DATES if code in known and known[code].kind == "date"), None)


@cache
def patient_sources(resource_type: str) -> tuple[Source, ...]:
    """Where a resource says whose it is: the one path of `patient`, else of `subject`, when it holds one reference."""
    known = core_parameters(resource_type)
    parameter = known.get("patient") or known.get("subject")
    if parameter is None or parameter.kind != "reference" or "Patient" not in parameter.targets:
        return ()
    single = len(parameter.sources) == 1 and _holds_one(resource_type, parameter.sources[0].path.text)
    return parameter.sources if single else ()


def _holds_one(resource_type: str, path: str) -> bool:
    """Whether the element may stand once at most (a nested path may always repeat)."""
    definition = structure(resource_type)
    elements = definition["snapshot"]["element"] if definition else ()
    return any(
        element["path"] == f"{resource_type}.{path}" and element["max"] == "1"
        for element in elements
        if "." not in path
    )


@cache
def in_patient_column(parameter: Parameter) -> bool:
    """Whether a Patient the parameter refers to is the one in `resource.patient_rid`."""
    columns = [{source.param for source in patient_sources(one)} for one in types_of(parameter.type)]
    return all(columns) and set(parameter.params) == set().union(*columns)
