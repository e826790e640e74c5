"""A search over several types: `_type`, and the parameters all of them have (FHIR R4 search.html, http.html#search)."""

from __future__ import annotations

from dataclasses import replace

from fhir_server.rest.exchange import Call, Services
from fhir_server.rest.identity import NOT_STORED
from fhir_server.rest.surroundings import surroundings
from fhir_server.search.parameters import types_of
from fhir_server.search.query import Query, parse
from profiles.definitions import resource_types
from profiles.issue import Issue

Pairs = list[tuple[str, str]]


def several(call: Call, services: Services, name: str, path: str) -> Query | tuple[Issue, ...]:
    """The Query of a call over the types `name` stands for, or over those of them that `_type` names."""
    wanted = [(key, text) for key, text in call.parameters if key == "_type"]
    types = _named(wanted, name)
    if isinstance(types, Issue):
        return (types,)
    others = [pair for pair in call.parameters if pair[0] != "_type"]
    given = [each for pair in others for each in _spelled_out(pair, types)]
    query = parse(types, given, surroundings(call, services), call.preferences.handling, services.limits)
    if not isinstance(query, Query):
        return query
    # The link says what was asked, not what it was spelled out to.
    understood = [pair for pair in query.pairs if pair[0] not in _INCLUDES]
    asked = [pair for pair in others if pair[0].partition(":")[0] in _INCLUDES]
    return replace(query, path=path, pairs=(*wanted, *understood, *asked))


def _named(wanted: Pairs, name: str) -> str | Issue:
    if not wanted:
        return name
    allowed = set(types_of(name)) & (resource_types() - NOT_STORED)
    types = set(wanted[0][1].split(","))
    if len(wanted) > 1 or not types <= allowed:
        return Issue("search-value", "http._type", details={"name": "_type", "type": "list of resource types"})
    return ",".join(sorted(types))


_INCLUDES = ("_include", "_revinclude")


def _spelled_out(pair: tuple[str, str], types: str) -> Pairs:
    """`_include=*` of each type by itself: its references differ from those of the others."""
    if pair[0].partition(":")[0] != "_include" or pair[1] != "*":
        return [pair]
    return [(pair[0], f"{one}:*") for one in types_of(types)]
