"""Tokens for a WebSocket: which Subscriptions may be bound with it and until when, signed by the server.

Any process of the store that has the same `cursor_key` can read what another has signed.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

import orjson


def made_token(key: bytes, names: Sequence[str], until: int) -> str:
    """The token; `until` in microseconds."""
    text = orjson.dumps([list(names), until])
    return urlsafe_b64encode(_signature(key, text) + text).decode().rstrip("=")


def read_token(key: bytes, token: str, now: int) -> tuple[str, ...] | None:
    """The ids it names; None for one that is forged or too old."""
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    signature, text = raw[:16], raw[16:]
    if not hmac.compare_digest(signature, _signature(key, text)):
        return None
    names, until = orjson.loads(text)
    return tuple(names) if until > now else None


def _signature(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, b"websocket:" + text, sha256).digest()[:16]
