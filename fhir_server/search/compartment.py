"""Compartments: what belongs to one Patient, Encounter, Practitioner, RelatedPerson or Device (FHIR R4).

A resource is a member when one of the parameters its CompartmentDefinition names refers to the focus, or when it is the
focus itself.
"""

from __future__ import annotations

from functools import cache

from fhir_server.search.condition import Criterion, Member
from fhir_server.search.parameters import EVERY, Parameter, Source, parameters, types_of
from fhir_server.search.values import Target
from profiles.definitions import compartment

COMPARTMENTS = ("Device", "Encounter", "Patient", "Practitioner", "RelatedPerson")


@cache
def member_types(name: str) -> tuple[str, ...]:
    """The types that have a place in the compartment, its own included; none when there is no such compartment."""
    return tuple(sorted({*compartment(name), name})) if name in COMPARTMENTS else ()


def membership(name: str, focus: str, resource_type: str) -> Member:
    """The condition that a resource of the type (or types) is in the compartment of `name/focus`."""
    linked = Criterion(_link(name, resource_type), "", (Target(name, focus),))
    return Member(linked, name, focus, itself=name in types_of(resource_type))


@cache
def _link(name: str, resource_type: str) -> Parameter:
    """One reference parameter that reads all the places a membership may stand at."""
    sources: dict[int, Source] = {}
    linked = compartment(name)
    for kind in linked if resource_type == EVERY else types_of(resource_type):
        for code in linked.get(kind, ()):
            parameter = parameters(kind).get(code)
            if parameter is not None and name in parameter.targets:
                sources |= {source.param: source for source in parameter.sources}
    return Parameter(resource_type, f"_in-{name}", "reference", tuple(sources.values()), (name,), "")
