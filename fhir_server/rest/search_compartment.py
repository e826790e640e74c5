"""search-compartment: `Patient/1/Observation?…` and `Patient/1/*` (FHIR R4 compartmentdefinition.html).

The focus need not be there, nor be visible to the caller: its members are what he may see of them.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue, type_issue
from fhir_server.rest.search import searched
from fhir_server.rest.several import several
from fhir_server.rest.surroundings import surroundings
from fhir_server.search.compartment import member_types, membership
from fhir_server.search.query import Query, parse
from profiles.issue import Issue


def search_compartment(call: Call, services: Services) -> Answer:
    """200 with the page; 404 for a compartment or a member type R4 does not define."""
    types = member_types(call.type)
    issue = id_issue(call.id) or (type_issue(call.name) if call.name != "*" else None)
    if not types or (call.name != "*" and call.name not in types and issue is None):
        return refused("interaction-unknown", "http")
    if issue is not None:
        return refusal(issue)
    return searched(call, services, lambda: _query(call, services, types))


def _query(call: Call, services: Services, types: tuple[str, ...]) -> Query | tuple[Issue, ...]:
    path = f"{call.type}/{call.id}/{call.name}"
    if call.name == "*":
        query = several(call, services, ",".join(types), path)
    else:
        around = surroundings(call, services)
        query = parse(call.name, call.parameters, around, call.preferences.handling, services.limits)
    if not isinstance(query, Query):
        return query
    member = membership(call.type, call.id, query.type)
    return replace(query, conditions=(member, *query.conditions), path=path)
