"""Where a page begins, as text in a link that only this server can make (FHIR R4 http.html#paging).

A mark is `base64url(HMAC + payload)`, bound to the request it belongs to and to the caller's scope: it can be neither
changed nor used elsewhere. It holds numbers of rows, never patient data.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b, sha256
from urllib.parse import urlencode

import orjson

from fhir_server.rest.exchange import Call, Services

PAGE = "_page"
"""The parameter that carries a mark."""
_SIGNED = 16
_LONGEST = 1024
Mark = tuple[int | None, ...]


def sealed(mark: Mark, call: Call, services: Services) -> str:
    """The mark as text for the links of this request."""
    payload = orjson.dumps(mark)
    return urlsafe_b64encode(_signature(payload, call, services) + payload).rstrip(b"=").decode()


def opened(text: str, call: Call, services: Services) -> Mark | None:
    """The mark again, or None when it was not made here for this request."""
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        both = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    signature, payload = both[:_SIGNED], both[_SIGNED:]
    if not hmac.compare_digest(signature, _signature(payload, call, services)):
        return None
    return tuple(orjson.loads(payload))


def link(call: Call, path: str, mark: str = "") -> str:
    """The address of a page of this request: its parameters as they came, and the mark."""
    asked: Sequence[tuple[str, str]] = [*_kept(call), *([(PAGE, mark)] if mark else [])]
    return f"{call.base}/{path}" + (f"?{urlencode(asked, safe=':/|,$')}" if asked else "")


def _kept(call: Call) -> list[tuple[str, str]]:
    """What makes the request; the form of the answer may differ from page to page."""
    return [pair for pair in call.parameters if pair[0] not in (PAGE, "_format", "_pretty")]


def _signature(payload: bytes, call: Call, services: Services) -> bytes:
    owners = call.caller.scope.owners
    shown = "*" if owners is None else sorted(owners)
    bound = orjson.dumps([call.type, call.id, _kept(call), shown])
    return hmac.new(services.cursor_key, blake2b(bound, digest_size=16).digest() + payload, sha256).digest()[:_SIGNED]
