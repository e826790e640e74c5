"""Where the next page begins: signed, bound to the query and to the caller's scope (FHIR R4 http.html#paging).

A cursor is `base64url(payload + HMAC)`. It holds no patient data but sort values; a caller cannot make or change one,
nor use it with another query or another scope.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b, sha256

import orjson

from fhir_server.search.query import Query
from fhir_server.security.scope import Scope

_SIGNED = 16
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Cursor:
    """`seq` is the snapshot: the last change of the store when the first page was made. `after` are the sort values of
    the row the page begins behind, `rid` its number; `total` is what the first page said, None when it did not count.
    `back` is true when the page lies before that row."""

    seq: int
    after: tuple[int | str, ...]
    rid: int
    total: int | None
    back: bool = False


def seal(cursor: Cursor, query: Query, scope: Scope, key: bytes) -> str:
    """The text for a page link."""
    payload = orjson.dumps([cursor.seq, list(cursor.after), cursor.rid, cursor.total, cursor.back])
    return urlsafe_b64encode(_signature(payload, query, scope, key) + payload).rstrip(b"=").decode()


def open_sealed(query: Query, scope: Scope, key: bytes) -> Cursor | None:
    """The cursor of a query, or None when it was not made here for this query and this scope."""
    text = query.cursor
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    signature, payload = sealed[:_SIGNED], sealed[_SIGNED:]
    if not hmac.compare_digest(signature, _signature(payload, query, scope, key)):
        return None
    seq, after, rid, total, back = orjson.loads(payload)
    return Cursor(seq, tuple(after), rid, total, back)


def _signature(payload: bytes, query: Query, scope: Scope, key: bytes) -> bytes:
    owners = "*" if scope.owners is None else sorted(scope.owners)
    bound = orjson.dumps([query.type, query.path, query.pairs, owners])
    return hmac.new(key, blake2b(bound, digest_size=16).digest() + payload, sha256).digest()[:_SIGNED]
