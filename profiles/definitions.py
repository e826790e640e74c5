"""What FHIR R4 4.0.1 defines: structures, terminology, search parameters, compartments, summaries; loaded on first use.

Law: everything handed out is shared and must not be changed; an unknown name gives None or nothing, never an error.
Source: hl7.fhir.r4.core 4.0.1, see profiles/core/NOTICE.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from profiles.archive import core

Definition = dict[str, Any]
SearchType = Literal["number", "date", "string", "token", "reference", "composite", "quantity", "uri", "special"]
STRUCTURES = "http://hl7.org/fhir/StructureDefinition/"


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite search parameter: `expression` is relative to what the composite selects."""

    code: str
    definition: str
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter on one resource type; `expression` holds only the alternatives that apply to that type."""

    code: str
    type: SearchType
    expression: str
    targets: tuple[str, ...]
    url: str
    components: tuple[Component, ...] = ()


# ------------------------------------------------------------------------------------------------- structures


@cache
def _structure_ids() -> Mapping[str, str]:
    """Id by id and by canonical URL."""
    index: dict[str, list[Any]] = core("structures").member("_index")
    return {**{row[0]: name for name, row in index.items()}, **{name: name for name in index}}


@cache
def _constraints() -> list[dict[str, str]]:
    constraints: list[dict[str, str]] = core("structures").member("_constraints")
    return constraints


def structure(name_or_url: str) -> Definition | None:
    """The StructureDefinition (trimmed, with snapshot) of a type, profile or extension, by id or canonical URL."""
    name = _structure_ids().get(name_or_url.partition("|")[0])
    return None if name is None else _resolved_structure(name)


@cache
def _resolved_structure(name: str) -> Definition:
    trimmed = core("structures").entry(name)
    elements = [_resolved_element(element) for element in trimmed["snapshot"]["element"]]
    return {**trimmed, "snapshot": {"element": elements}}


def _resolved_element(element: Definition) -> Definition:
    if "constraint" not in element:
        return element
    constraints = _constraints()
    return {**element, "constraint": [constraints[place] for place in element["constraint"]]}


@cache
def resource_types() -> frozenset[str]:
    """The concrete resource types of R4."""
    return _types_of_kind("resource")


@cache
def data_types() -> frozenset[str]:
    """The complex data types, `Element` and `BackboneElement` among them."""
    return _types_of_kind("complex-type") | {"Element", "BackboneElement"}


@cache
def primitive_types() -> frozenset[str]:
    return _types_of_kind("primitive-type")


def _types_of_kind(kind: str) -> frozenset[str]:
    index: dict[str, list[Any]] = core("structures").member("_index")
    return frozenset(
        name
        for name, (_, its_kind, abstract, derivation, _) in index.items()
        if its_kind == kind and not abstract and derivation == "specialization"
    )


@cache
def summary_elements(resource_type: str) -> frozenset[str]:
    """The elements of `_summary=true`, as JSON names relative to the resource: `status`, `component.valueQuantity`."""
    definition = structure(resource_type)
    if definition is None:
        return frozenset()
    paths: set[str] = set()
    for element in definition["snapshot"]["element"][1:]:
        if element.get("isSummary"):
            paths.update(json_names(element["path"].partition(".")[2], element))
    return frozenset(paths)


def json_names(path: str, element: Definition) -> tuple[str, ...]:
    """The JSON name of an element, or of each of its choices: `value[x]` gives `valueQuantity`, `valueString`, …"""
    if not path.endswith("[x]"):
        return (path,)
    stem = path[:-3]
    return tuple(stem + kind["code"][0].upper() + kind["code"][1:] for kind in element["type"])


# ------------------------------------------------------------------------------------------------ terminology


@cache
def _urls(kind: str) -> Mapping[str, str]:
    index: dict[str, str] = core(kind).member("_index")
    return index


def value_set(url: str) -> Definition | None:
    """The ValueSet with this canonical URL (a version after `|` is ignored)."""
    name = _urls("value_sets").get(url.partition("|")[0])
    return None if name is None else core("value_sets").entry(name)


def code_system(url: str) -> Definition | None:
    """The CodeSystem with this URL, if its content came with the core package."""
    name = _urls("code_systems").get(url.partition("|")[0])
    return None if name is None else core("code_systems").entry(name)


# ------------------------------------------------------------------------------- searching, compartments, operations


def search_parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    """Every search parameter of a concrete resource type by code, those of Resource and DomainResource included."""
    if resource_type not in resource_types():
        return MappingProxyType({})
    return _search_parameters(resource_type)


@cache
def _search_parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    found: dict[str, SearchParameter] = {}
    for base in _ancestry(resource_type):
        for source in core("search_parameters").entry(base) or ():
            found[source["code"]] = _search_parameter(source, resource_type)
    return MappingProxyType(found)


def _ancestry(resource_type: str) -> tuple[str, ...]:
    """From Resource down to the type itself."""
    definition = structure(resource_type)
    assert definition is not None, resource_type
    base = definition.get("baseDefinition", "").removeprefix(STRUCTURES)
    return (*(_ancestry(base) if base else ()), resource_type)


def search_parameter_resource(url: str) -> Definition | None:
    """The SearchParameter of R4 with this URL, as a resource."""
    home = _urls("search_parameters").get(url)
    listed = core("search_parameters").entry(home[0]) if home is not None else None
    found: Definition | None = next((one for one in listed or () if one["url"] == url), None)
    return found


def _search_parameter(source: Definition, resource_type: str) -> SearchParameter:
    index = _urls("search_parameters")
    components = tuple(
        Component(index[part["definition"]][1], part["definition"], part["expression"])
        for part in source.get("component", ())
    )
    expression = applicable(source.get("expression", ""), resource_type)
    targets = tuple(source.get("target", ()))
    return SearchParameter(source["code"], source["type"], expression, targets, source["url"], components)


def applicable(expression: str, resource_type: str) -> str:
    """The alternatives (top-level `|`) of a search expression that begin at this type, Resource or DomainResource."""
    roots = {resource_type, "Resource", "DomainResource"}
    kept = [part for part in _alternatives(expression) if part.lstrip("( ").partition(".")[0].split(" ")[0] in roots]
    return " | ".join(kept) or expression


def _alternatives(expression: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for place, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            parts.append(expression[start:place].strip())
            start = place + 1
    return [*parts, expression[start:].strip()]


@cache
def compartment(name: str) -> Mapping[str, tuple[str, ...]]:
    """Which search parameters link each resource type to the compartment; a type that is not there is not in it."""
    definition = core("compartments").entry(name)
    if definition is None:
        return MappingProxyType({})
    return MappingProxyType({row["code"]: tuple(row["param"]) for row in definition["resource"] if "param" in row})


def operation(name_or_url: str) -> Definition | None:
    """The OperationDefinition by id (`Patient-everything`) or canonical URL."""
    name = _urls("operations").get(name_or_url, name_or_url)
    found: Definition | None = core("operations").entry(name)
    return found
