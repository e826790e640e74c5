"""The API on one screen: which interaction answers which method and address (FHIR R4 http.html#summary)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fhir_server.operations.registry import Handler, Level, operation
from fhir_server.rest.batch import process
from fhir_server.rest.capabilities import statement
from fhir_server.rest.create import create
from fhir_server.rest.delete import delete
from fhir_server.rest.entry import Entry
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal, refused
from fhir_server.rest.history_instance import history_instance
from fhir_server.rest.identity import type_issue
from fhir_server.rest.read import read
from fhir_server.rest.search import search
from fhir_server.rest.update import update
from fhir_server.rest.vread import vread


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
    """A GET inside a batch or a transaction goes through the same table."""
    inner = replace(call, method="GET", parameters=entry.parameters, body=b"", if_none_match=entry.if_none_match)
    found = find("GET", entry.segments)
    if isinstance(found, Answer):
        return found
    route, inner = found[0], _placed(inner, found[1])
    answer = route.handler(inner, services)
    assert isinstance(answer, Answer), "a GET does not write"
    return answer


def _capabilities(call: Call, _services: Services) -> Answer:
    """200 with the CapabilityStatement, made from this table."""
    codes = sorted({route.interaction for route in ROUTES if "{type}" in route.address})
    return Answer(200, statement(call.base, tuple(codes)))


ROUTES: tuple[Route, ...] = (
    Route("GET", "/metadata", "capabilities", _capabilities),
    Route("POST", "/", "batch", process(_entry_read)),
    Route("GET", "/{type}", "search-type", search),
    Route("POST", "/{type}/_search", "search-type", search),
    Route("POST", "/{type}", "create", create),
    Route("GET", "/{type}/{id}", "read", read),
    Route("PUT", "/{type}/{id}", "update", update),
    Route("DELETE", "/{type}/{id}", "delete", delete),
    Route("GET", "/{type}/{id}/_history", "history-instance", history_instance),
    Route("GET", "/{type}/{id}/_history/{version}", "vread", vread),
)

_BY_LENGTH: dict[int, tuple[Route, ...]] = {
    length: tuple(route for route in ROUTES if len(route.segments) == length) for length in range(5)
}


def find(method: str, segments: tuple[str, ...]) -> tuple[Route, dict[str, str]] | Answer:
    """The route and what its address names, or the refusal."""
    method = "GET" if method == "HEAD" else method
    if segments and segments[-1].startswith("$"):
        return _operation(method, segments)
    fitting = [
        (route, placed)
        for route in _BY_LENGTH.get(len(segments), ())
        if (placed := _match(route.segments, segments)) is not None
    ]
    for route, placed in fitting:
        if route.method == method:
            issue = type_issue(placed["type"]) if "type" in placed else None
            return refusal(issue) if issue else (route, placed)
    if not fitting:
        return refused("interaction-unknown", "http")
    of_type = bool(segments) and segments[0] != "metadata"
    if of_type and (issue := type_issue(segments[0])):
        return refusal(issue)
    if of_type and len(segments) == 1 and method in ("PUT", "DELETE", "PATCH"):
        kind = {"PUT": "update", "DELETE": "delete", "PATCH": "patch"}[method]
        return refused("conditional-unsupported", "http", interaction=kind)
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
    level = Level.INSTANCE if "id" in placed else Level.TYPE if placed else Level.SYSTEM
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
            placed[wanted[1:-1]] = given
        elif wanted != given:
            return None
    return placed


def _placed(call: Call, placed: dict[str, str]) -> Call:
    return replace(call, type=placed.get("type", ""), id=placed.get("id", ""), version=placed.get("version", ""))


def carry_out(route: Route, placed: dict[str, str], call: Call, services: Services) -> Answer | Change:
    """Calls the handler of a route."""
    return route.handler(_placed(call, placed), services)
