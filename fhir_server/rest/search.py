"""search-type: one page of a type, as a searchset Bundle (FHIR R4 http.html#search).

What the three searches have in common is here: `searched` answers a Query that `search-type`, `search-system` or
`search-compartment` has read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlencode

from fhir_server.problem import outcome
from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Services, refusal
from fhir_server.rest.subset import Subset, subset
from fhir_server.rest.surroundings import surroundings
from fhir_server.search.overlay import current, using
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Found, Page, run
from fhir_server.store.body import instant
from profiles.issue import Issue


def search(call: Call, services: Services) -> Answer:
    """200 with the page, or 400 naming every parameter that cannot be understood."""
    around = surroundings(call, services)
    return searched(
        call, services, lambda: parse(call.type, call.parameters, around, call.preferences.handling, services.limits)
    )


def searched(call: Call, services: Services, read: Callable[[], Query | tuple[Issue, ...]]) -> Answer:
    """200 with the page, or why there is none. `read` gives the Query under the search parameters that are known."""
    query = read()
    with services.database.reading() as reader:
        if _beyond_r4(query, call):
            with using(services.database.known.fresh(reader.all).seen_by(call.caller.scope.owners)):
                query = read()
                page = run(query, call.caller.scope, reader, services.cursor_key) if isinstance(query, Query) else query
        else:
            page = run(query, call.caller.scope, reader, services.cursor_key) if isinstance(query, Query) else query
    if not isinstance(query, Query):
        return refusal(*query)
    if not isinstance(page, Page):
        return refusal(*page)
    body = bundle(
        "searchset",
        _entries(call, query, page),
        links=_links(call, query, page),
        total=page.total,
        at=instant(services.clock()),
    )
    return Answer(200, body)


def _beyond_r4(query: Query | tuple[Issue, ...], call: Call) -> bool:
    """Whether the search names a parameter that R4 does not define, known here or perhaps to another process."""
    if not isinstance(query, Query) or query.ignored:
        return True
    added = current().added
    if not added:
        return False
    text = " ".join(f"{name} {value}" for name, value in call.parameters)
    return any(parameter.code in text for each in added.values() for parameter in each)


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
    """A GET for each page, also after a POST; `first` begins anew, with what there is then."""
    address = f"{call.base}/{query.type if query.path is None else query.path}"
    asked = urlencode(query.pairs, safe=":/|,$*")
    here = _joined(address, asked, f"_cursor={query.cursor}" if query.cursor else "")
    links = [("self", here)]
    if page.next or query.cursor:
        links.append(("first", _joined(address, asked)))
    for relation, cursor in (("previous", page.previous), ("next", page.next)):
        if cursor:
            links.append((relation, _joined(address, asked, f"_cursor={cursor}")))
    return links


def _joined(address: str, *parts: str) -> str:
    given = "&".join(part for part in parts if part)
    return f"{address}?{given}" if given else address
