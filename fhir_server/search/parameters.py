"""The search parameters of each resource type, from the SearchParameter definitions (FHIR R4 search.html).

A parameter reads one or more paths. Each path has one list of keys in the store, shared by all parameters that read it
(`patient` and `subject`, `code` and `combo-code`), so nothing is stored twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

from fhir_server.search.paths import NOT_COVERED, Path, parse
from fhir_server.store.schema import param_id

Kind = Literal["token", "string", "date", "number", "quantity", "reference", "uri"]

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

_MAIN_DATES = ("date", "authored", "authored-on", "authoredon", "started", "collected", "recorded", "recorded-date",
               "onset-date", "effective-time", "effective", "whenhandedover", "issued", "created", "period", "sent")  # fmt: skip
"""The first of these that a type has is its clinical date."""


@dataclass(frozen=True, slots=True)
class Source:
    """One path of a parameter. `param` numbers its list of keys; `target` is the only type a reference may point to."""

    path: Path
    param: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One search parameter of one resource type."""

    type: str
    code: str
    kind: Kind
    sources: tuple[Source, ...]
    targets: tuple[str, ...]
    url: str

    @property
    def params(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(source.param for source in self.sources))


@cache
def parameters(resource_type: str) -> Mapping[str, Parameter]:
    """The parameters of a type by code, those of every resource included; empty for an unknown type."""
    found: dict[str, Parameter] = {}
    for definition in _definitions(resource_type):
        parameter = _parameter(resource_type, definition)
        if parameter is not None:
            found[parameter.code] = parameter
    return MappingProxyType(dict(sorted(found.items())))


def _parameter(resource_type: str, definition: _Definition) -> Parameter | None:
    name = f"{resource_type}.{definition.code}"
    if definition.kind not in KINDS or not definition.expression or name in NOT_COVERED:
        return None
    kind: Kind = definition.kind  # type: ignore[assignment]
    if definition.code in COLUMNS:
        return Parameter(resource_type, definition.code, kind, (), (), definition.url)
    if name == "Patient.deceased":
        return Parameter(resource_type, definition.code, kind, (DECEASED,), (), definition.url)
    sources = tuple(
        Source(path, param_id(f"{kind}:{resource_type}.{path.text}"), path.target)
        for path in parse(definition.expression, resource_type)
    )
    return Parameter(resource_type, definition.code, kind, sources, definition.targets, definition.url) if sources else None


DECEASED = Source(parse("Patient.deceased", "Patient")[0], param_id("token:Patient.deceased:exists"))
"""`Patient.deceased.exists() and Patient.deceased != false`: the one expression of R4 that is a condition."""


@cache
def clinical_date(resource_type: str) -> Parameter | None:
    """The date parameter that says when the thing happened."""
    known = parameters(resource_type)
    return next((known[code] for code in _MAIN_DATES if code in known and known[code].kind == "date"), None)


@cache
def patient_sources(resource_type: str) -> tuple[Source, ...]:
    """Where a resource says whose it is: the paths of `patient`, else of `subject`."""
    known = parameters(resource_type)
    parameter = known.get("patient") or known.get("subject")
    return parameter.sources if parameter and parameter.kind == "reference" and "Patient" in parameter.targets else ()


# --- TEMPORARY until profiles.definitions is there ---
@dataclass(frozen=True, slots=True)
class _Definition:
    code: str
    kind: str
    expression: str
    targets: tuple[str, ...]
    url: str


@cache
def _all() -> list[dict]:
    import json
    from pathlib import Path as P

    return json.loads(P("/tmp/gfhir/sps.json").read_text())


def _definitions(resource_type: str) -> list[_Definition]:
    return [
        _Definition(d["code"], d["type"], d["expression"] or "", tuple(d["target"] or ()), d["url"])
        for d in _all()
        if set(d["base"] or ()) & {resource_type, "Resource", "DomainResource"}
        and "/us-core" not in d["url"]
    ]
