"""The API on one screen: which interaction answers which method and address (FHIR R4 http.html#summary)."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.jobs.files import job_file
from fhir_server.jobs.status import cancel as cancel_job
from fhir_server.jobs.status import status as job_status
from fhir_server.log import log
from fhir_server.operations.registry import Handler, Level, operation
from fhir_server.rest.batch import process
from fhir_server.rest.capabilities import capabilities
from fhir_server.rest.create import create
from fhir_server.rest.delete import delete
from fhir_server.rest.entry import Entry
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal, refused
from fhir_server.rest.history_instance import history_instance
from fhir_server.rest.history_system import history_system
from fhir_server.rest.history_type import history_type
from fhir_server.rest.identity import type_issue
from fhir_server.rest.patch import patch
from fhir_server.rest.provenance import NOT_TOLD_OF
from fhir_server.rest.read import read
from fhir_server.rest.search import search
from fhir_server.rest.search_compartment import search_compartment
from fhir_server.rest.search_system import search_system
from fhir_server.rest.update import update
from fhir_server.rest.vread import vread
from fhir_server.search.overlay import Overlay, using
from fhir_server.store.time_limit import TooSlow
from profiles.json_output import dump


@dataclass(frozen=True, slots=True)
class Route:
    """`interaction` is the R4 code (type-restful-interaction or system-restful-interaction)."""

    method: str
    address: str
    interaction: str
    handler: Handler

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(segment for segment in self.address.split("/") if segment)


def _entry_read(entry: Entry, call: Call, services: Services) -> Answer:
    """A GET, or a POST that only asks, inside a batch or a transaction goes through the same table."""
    found = find(entry.method, entry.segments)
    if isinstance(found, Answer):
        return found
    inner = call._replace(
        method=entry.method,
        parameters=entry.parameters,
        body=b"" if entry.resource is None else dump(entry.resource),
        content_type="",
        accept="application/fhir+json",  # a Binary in a Bundle is the resource, whatever the Bundle is asked for as
        if_none_match=entry.if_none_match,
        if_modified_since=entry.if_modified_since,
    )
    answer = _handled(found[0], _placed(inner, found[1]), services)
    # What changes something is no read: it has no place among them.
    return refused("bundle-entry", f"{entry.expression}.request") if isinstance(answer, Change) else answer


def _known(call: Call, services: Services) -> Overlay:
    """The search parameters of the store as they are now, as far as the caller may know of them."""
    with services.database.reading() as reader:
        return services.database.known.fresh(reader.all).seen_by(call.caller.scope.owners)


def _capabilities(call: Call, services: Services) -> Answer:
    """What the server does, made from this table."""
    with using(_known(call, services)):
        return capabilities(call, services, ROUTES)


def _openapi(call: Call, services: Services) -> Answer:
    """The same as an OpenAPI document, which few ask for."""
    from fhir_server.rest.openapi import openapi

    with using(_known(call, services)):
        return openapi(call, services, ROUTES)


_NO_TYPES = frozenset({"metadata", "openapi.json"})
"""Addresses of the system that stand where a type could."""

ROUTES: tuple[Route, ...] = (
    Route("GET", "/metadata", "capabilities", _capabilities),
    Route("GET", "/openapi.json", "openapi", _openapi),
    Route("POST", "/", "batch", process(_entry_read)),
    Route("GET", "/_job/{id}", "job-status", job_status),
    Route("DELETE", "/_job/{id}", "job-cancel", cancel_job),
    Route("GET", "/_job/{id}/file/{name}", "job-file", job_file),
    Route("GET", "/{type}", "search-type", search),
    Route("POST", "/{type}/_search", "search-type", search),
    Route("GET", "/", "search-system", search_system),
    Route("POST", "/_search", "search-system", search_system),
    Route("GET", "/{type}/{id}/{name}", "search-compartment", search_compartment),
    Route("POST", "/{type}/{id}/{name}/_search", "search-compartment", search_compartment),
    Route("POST", "/{type}", "create", create),
    Route("GET", "/{type}/{id}", "read", read),
    Route("PUT", "/{type}", "update", update),
    Route("PATCH", "/{type}", "patch", patch),
    Route("DELETE", "/{type}", "delete", delete),
    Route("PUT", "/{type}/{id}", "update", update),
    Route("PATCH", "/{type}/{id}", "patch", patch),
    Route("DELETE", "/{type}/{id}", "delete", delete),
    Route("GET", "/_history", "history-system", history_system),
    Route("GET", "/{type}/_history", "history-type", history_type),
    Route("GET", "/{type}/{id}/_history", "history-instance", history_instance),
    Route("GET", "/{type}/{id}/_history/{version}", "vread", vread),
)

_BY_LENGTH: dict[int, tuple[Route, ...]] = {
    length: tuple(route for route in ROUTES if len(route.segments) == length) for length in range(5)
}
_BY_METHOD: dict[tuple[str, int], tuple[tuple[Route, tuple[str, ...]], ...]] = {
    (method, length): tuple((route, route.segments) for route in routes if route.method == method)
    for length, routes in _BY_LENGTH.items()
    for method in {route.method for route in routes}
}
"""The same, as every request looks it up."""


def find(method: str, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]] | Answer:
    """The route and what its address names, or the refusal."""
    method = "GET" if method == "HEAD" else method
    if segments and segments[-1].startswith("$"):
        return _operation(method, segments)
    for route, pattern in _BY_METHOD.get((method, len(segments)), ()):
        placed = _match(pattern, segments)
        if placed is not None:
            issue = type_issue(placed["type"]) if "type" in placed else None
            return refusal(issue) if issue else (route, placed)
    if all(_match(route.segments, segments) is None for route in _BY_LENGTH.get(len(segments), ())):
        return refused("interaction-unknown", "http")
    of_type = bool(segments) and segments[0] not in _NO_TYPES
    if of_type and (issue := type_issue(segments[0])):
        return refusal(issue)
    return refused("method-not-allowed", "http", method=method if method.isalpha() and len(method) < 12 else "…")


def _operation(method: str, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]] | Answer:
    """`$name` on the system, a type, an instance or a version of one."""
    *place, name = segments
    pattern = _PLACES.get(len(place))
    placed = None if pattern is None else _match(pattern, tuple(place))
    if pattern is None or placed is None:
        return refused("interaction-unknown", "http")
    if placed and (issue := type_issue(placed["type"])):
        return refusal(issue)
    level = _LEVELS[len(place)]
    found = operation(name[1:], level, placed.get("type", ""))
    if found is None:
        return refused("interaction-unknown", "http")
    if method != "POST" and (found.affects_state or method != "GET"):
        return refused("method-not-allowed", "http", method=method if method.isalpha() and len(method) < 12 else "…")
    return Route(method, "/" + "/".join((*pattern, name)), name, found.handler), placed


_PLACES: dict[int, tuple[str, ...]] = {
    0: (),
    1: ("{type}",),
    2: ("{type}", "{id}"),
    4: ("{type}", "{id}", "_history", "{version}"),
}
_LEVELS = {0: Level.SYSTEM, 1: Level.TYPE, 2: Level.INSTANCE, 4: Level.VERSION}


def allowed(segments: tuple[str, ...]) -> tuple[str, ...]:
    """The methods of an address, for the Allow header."""
    if segments and segments[-1].startswith("$"):
        return tuple(method for method in ("GET", "POST") if not isinstance(_operation(method, segments), Answer))
    methods = {
        route.method for route in _BY_LENGTH.get(len(segments), ()) if _match(route.segments, segments) is not None
    }
    return tuple(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    placed: dict[str, str] = {}
    for wanted, given in zip(pattern, segments, strict=True):
        if wanted[0] == "{":
            if given[:1] in ("_", "$") and wanted != "{version}":
                return None  # `_history` and `$operation` are no ids
            if wanted == "{type}" and given in _NO_TYPES:
                return None  # no type, whatever the method
            placed[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return placed


def _placed(call: Call, placed: dict[str, str]) -> Call:
    return call._replace(**(_NOWHERE | placed)) if placed else call  # type: ignore[arg-type]


_NOWHERE = {"type": "", "id": "", "version": "", "name": ""}


def carry_out(route: Route, placed: dict[str, str], call: Call, services: Services) -> Answer | Change:
    """Calls the handler of a route; `placed` is empty when the call names its place already.

    Searches inside it know the search parameters this process last read, as far as the caller may know of them.
    """
    with using(services.database.known.overlay.seen_by(call.caller.scope.owners)):
        return _handled(route, _placed(call, placed), services)


def _handled(route: Route, call: Call, services: Services) -> Answer | Change:
    """What the handler says; a read that was stopped at its time limit is refused."""
    if call.provenance and route.interaction in NOT_TOLD_OF:
        return refused("provenance-place", "http.X-Provenance")
    try:
        return route.handler(call, services)
    except TooSlow:
        log.warning("a read was stopped at its time limit", interaction=route.interaction)
        return refused("read-too-slow", "http")
