"""Bundle: what each type of Bundle asks of its entries and links, beside the invariants bdl-1 to bdl-12.

Law: one pass over the entries; what a whole document or message hangs together by stands in `bundle_links`.
Sources: http://hl7.org/fhir/R4/bundle.html#bundle-unique (fullUrl), #searchset, http.html#paging (links),
http.html#transaction (requests).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from profiles.definitions import resource_types
from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]

WITHOUT_FULL_URL = frozenset({"transaction", "transaction-response", "batch", "batch-response"})
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
RESTFUL = re.compile(
    r"https?://\S+?/([A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?",
)
_PAGES = frozenset({"first", "previous", "prev", "next", "last"})
_PAGED = frozenset({"searchset", "history"})
_BODY = frozenset({"POST", "PUT"})


def entries(bundle: Json) -> Iterator[tuple[int, Json]]:
    """The entries that are objects, with their place."""
    return ((index, entry) for index, entry in enumerate(bundle.get("entry", ())) if type(entry) is dict)


# ------------------------------------------------------------------------------------------------------- fullUrl


def identified(bundle: Json, place: Place) -> Iterator[Issue]:
    """Each entry has a fullUrl that is absolute and agrees with the type and id of its resource."""
    needed = bundle.get("type") not in WITHOUT_FULL_URL
    for index, entry in entries(bundle):
        url = entry.get("fullUrl")
        if url is None:
            if needed and "_fullUrl" not in entry and not _is_outcome(entry):
                yield place.issue("bundle-full-url-missing", f".entry[{index}]")
        elif not ABSOLUTE.match(url):
            yield place.issue("bundle-full-url-relative", f".entry[{index}].fullUrl")
        else:
            yield from _agreeing(url, entry.get("resource"), index, place)


def _is_outcome(entry: Json) -> bool:
    """An OperationOutcome about a search has no identity."""
    return (entry.get("search") or {}).get("mode") == "outcome"


def _agreeing(url: str, resource: Json | None, index: int, place: Place) -> Iterator[Issue]:
    """fullUrl "SHALL NOT disagree with the id in the resource", where the URL is that of a RESTful server."""
    if resource is None:
        return
    match = RESTFUL.fullmatch(url)
    if match is None or match.group(1) not in resource_types():
        return
    if "id" not in resource:
        yield place.issue("bundle-full-url-without-id", f".entry[{index}].fullUrl")
    elif (match.group(1), match.group(2)) != (resource.get("resourceType"), resource["id"]):
        yield place.issue("full-url", f".entry[{index}].fullUrl")


# --------------------------------------------------------------------------------------------------------- links


def linked(bundle: Json, place: Place) -> Iterable[Issue]:
    """Links between pages stand in pages only, and each relation of a page leads to one address."""
    links = bundle.get("link")
    return _links(links, bundle.get("type") in _PAGED, place) if links else ()


def _links(links: list[Json], paged: bool, place: Place) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, link in enumerate(links):
        relation = link.get("relation", "")
        if relation in _PAGES and not paged:
            yield place.issue("bundle-link-page", f".link[{index}].relation", relation=relation)
        elif relation in seen and (relation in _PAGES or relation == "self"):
            yield place.issue("bundle-link-repeated", f".link[{index}]", relation=relation)
        seen.add(relation)


# --------------------------------------------------------------------------------------------- requests, searchset


def requested(bundle: Json, place: Place) -> Iterable[Issue]:
    """The requests of a batch or transaction name what their entries hold."""
    return _requests(bundle, place) if bundle.get("type") in ("transaction", "batch") else ()


def _requests(bundle: Json, place: Place) -> Iterator[Issue]:
    for index, entry in entries(bundle):
        request = entry.get("request") or {}
        method, url, resource = request.get("method"), request.get("url"), entry.get("resource")
        if type(url) is not str:
            continue
        path = f".entry[{index}].request.url"
        if ABSOLUTE.match(url) or url.startswith("/"):
            yield place.issue("bundle-request-absolute", path)
        elif method not in _BODY:
            continue
        elif resource is None:
            yield place.issue("bundle-request-resource", f".entry[{index}]", method=method)
        elif _named_type(url) not in (resource.get("resourceType"), ""):
            yield place.issue("bundle-request-type", path)


def _named_type(url: str) -> str:
    """The type in the address of a create or update; nothing for an operation."""
    return "" if "$" in url or "_search" in url else url.partition("?")[0].partition("/")[0]


def searched(bundle: Json, place: Place) -> Iterable[Issue]:
    """A page of a search: each entry says why it is there, and is of the type that was searched for."""
    return _searchset(bundle, place) if bundle.get("type") == "searchset" and bundle.get("entry") else ()


def _searchset(bundle: Json, place: Place) -> Iterator[Issue]:
    own = next((link.get("url", "") for link in bundle.get("link", ()) if link.get("relation") == "self"), None)
    if own is None:
        yield place.issue("bundle-search-self")
    wanted = _searched_types(own or "")
    silent = 0
    for index, entry in entries(bundle):
        path, resource = f".entry[{index}]", entry.get("resource")
        mode = (entry.get("search") or {}).get("mode")
        silent += mode is None
        if resource is None:
            yield place.issue("bundle-search-resource", path)
            continue
        yield from _result(mode, resource, wanted, path + ".resource", place)
    if silent:
        yield place.issue("bundle-search-mode")


def _result(mode: str | None, resource: Json, wanted: frozenset[str], path: str, place: Place) -> Iterator[Issue]:
    name = resource.get("resourceType", "")
    if mode == "outcome":
        if name != "OperationOutcome":
            yield place.issue("bundle-search-outcome", path)
        return
    if mode is not None and "id" not in resource:
        yield place.issue("bundle-search-id", path)
    if wanted and name not in wanted and (mode == "match" or (mode is None and name != "OperationOutcome")):
        code = "bundle-search-type" if mode else "bundle-search-type-unsure"
        yield place.issue(code, path, type=str(name), types=", ".join(sorted(wanted)))


def _searched_types(url: str) -> frozenset[str]:
    """The types that the address of the search names; none where it does not say."""
    path, _, query = url.partition("?")
    last = path.rstrip("/").rpartition("/")[2]
    if last in resource_types():
        return frozenset({last})
    named = [part[6:] for part in query.split("&") if part.startswith("_type=")]
    types = {name for value in named for name in value.replace("%2C", ",").replace("%2c", ",").split(",")}
    return frozenset(types & resource_types())
