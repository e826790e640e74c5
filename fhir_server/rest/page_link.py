"""Where a page begins, as text in a link that only this server can make (FHIR R4 http.html#paging).

A mark is sealed and bound to the request it belongs to and to the caller's scope: it can be neither read nor changed
nor used elsewhere. It holds numbers of rows, never patient data.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import orjson

from fhir_server.rest.exchange import Call, Services
from fhir_server.security import seal

PAGE = "_page"
"""The parameter that carries a mark."""
_LONGEST = 1024
Mark = tuple[int | None, ...]


def sealed(mark: Mark, listing: str, call: Call, services: Services) -> str:
    """The mark as text for the links of this request; `listing` is what is paged, whose marks no other can read."""
    return seal.sealed(orjson.dumps(mark), _bound(listing, call), services.cursor_key)


def opened(text: str, listing: str, call: Call, services: Services) -> Mark | None:
    """The mark again, or None when it was not made here for this request."""
    payload = None if len(text) > _LONGEST else seal.opened(text, _bound(listing, call), services.cursor_key)
    return None if payload is None else tuple(orjson.loads(payload))


def link(call: Call, path: str, mark: str = "") -> str:
    """The address of a page of this request: its parameters as they came, and the mark."""
    asked: Sequence[tuple[str, str]] = [*_kept(call), *([(PAGE, mark)] if mark else [])]
    return f"{call.base}/{path}" + (f"?{urlencode(asked, safe=':/|,$')}" if asked else "")


def _kept(call: Call) -> list[tuple[str, str]]:
    """What makes the request; the form of the answer may differ from page to page."""
    return [pair for pair in call.parameters if pair[0] not in (PAGE, "_format", "_pretty")]


def _bound(listing: str, call: Call) -> bytes:
    owners = call.caller.scope.owners
    return orjson.dumps([listing, call.type, call.id, _kept(call), "*" if owners is None else sorted(owners)])
