"""Where the next page begins: sealed, bound to the query and to the caller's scope (FHIR R4 http.html#paging).

A caller cannot make, read or change a cursor, nor use it with another query or another scope.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from fhir_server.search.plan import Plan
from fhir_server.search.query import Query
from fhir_server.security.scope import Scope
from fhir_server.security.seal import opened, sealed

_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Cursor:
    """`seq` is the snapshot: the last change of the store when the first page was made. `after` are the sort values of
    the row the page begins behind, `rid` its number; `total` is what the first page said, None when it did not count.
    `back` is true when the page lies before that row; `plan` is the way the first page was read (see `plan`)."""

    seq: int
    after: tuple[int | str, ...]
    rid: int
    total: int | None
    back: bool = False
    plan: Plan = ("rank", 0)


def seal(cursor: Cursor, query: Query, scope: Scope, key: bytes) -> str:
    """The text for a page link."""
    payload = orjson.dumps([cursor.seq, list(cursor.after), cursor.rid, cursor.total, cursor.back, *cursor.plan])
    return sealed(payload, _bound(query, scope), key)


def open_sealed(query: Query, scope: Scope, key: bytes) -> Cursor | None:
    """The cursor of a query, or None when it was not made here for this query and this scope."""
    payload = None if len(query.cursor) > _LONGEST else opened(query.cursor, _bound(query, scope), key)
    if payload is None:
        return None
    seq, after, rid, total, back, drive, first = orjson.loads(payload)
    return Cursor(seq, tuple(after), rid, total, back, (drive, first))


def _bound(query: Query, scope: Scope) -> bytes:
    owners = "*" if scope.owners is None else sorted(scope.owners)
    return orjson.dumps([query.type, query.path, query.pairs, owners])
