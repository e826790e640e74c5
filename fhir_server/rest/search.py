"""search: one page of a type, as a searchset Bundle (FHIR R4 http.html#search)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from fhir_server.problem import outcome
from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Services, refusal
from fhir_server.rest.subset import Subset, subset
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Found, Page, run
from fhir_server.search.values import Surroundings
from fhir_server.store.body import instant


def search(call: Call, services: Services) -> Answer:
    """200 with the page, or 400 naming every parameter that cannot be understood."""
    around = Surroundings(services.clock(), call.base)
    query = parse(call.type, call.parameters, around, call.preferences.handling, services.limits)
    if not isinstance(query, Query):
        return refusal(*query)
    with services.database.read() as connection:
        page = run(query, call.caller.scope, connection, services.cursor_key)
    if not isinstance(page, Page):
        return refusal(*page)
    body = bundle(
        "searchset",
        _entries(call, query, page),
        links=_links(call, query, page),
        total=page.total,
        at=instant(around.now),
    )
    return Answer(200, body)


def _entries(call: Call, query: Query, page: Page) -> Iterable[bytes]:
    part = subset(query.summary, query.elements)
    yield from _listed(call, page.matches, b',"search":{"mode":"match"}', part)
    yield from _listed(call, page.included, b',"search":{"mode":"include"}', part)
    if query.ignored:
        yield b'{"resource":' + outcome(query.ignored) + b',"search":{"mode":"outcome"}}'


def _listed(call: Call, resources: Iterable[Found], mode: bytes, part: Subset | None) -> Iterable[bytes]:
    for found in resources:
        body = found.body if part is None else part(found.type, found.body)
        yield resource_entry(f"{call.base}/{found.type}/{found.id}", body, mode)


def _links(call: Call, query: Query, page: Page) -> list[tuple[str, str]]:
    address = f"{call.base}/{query.type}"
    asked = urlencode(query.pairs, safe=":/|,$")
    cursor = f"_cursor={query.cursor}" if query.cursor else ""
    links = [("self", _joined(address, asked, cursor))]
    if page.next:
        links.append(("next", _joined(address, asked, f"_cursor={page.next}")))
    return links


def _joined(address: str, *parts: str) -> str:
    given = "&".join(part for part in parts if part)
    return f"{address}?{given}" if given else address
