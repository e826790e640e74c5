"""Text that the server gives away to get back: nobody else can read it, change it, or use it elsewhere.

Page marks hold row numbers, which would tell how much other institutions write, and sort values, which are a patient's
data and would stand in every log of addresses. A synthetic IV (RFC 5297, 1.3) from HMAC-SHA256 is both the proof of
origin and the start of the key stream, so no counter or random number is kept.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b, sha256, shake_256

_SIGNED = 16


def sealed(payload: bytes, bound: bytes, key: bytes) -> str:
    """The payload as text for an address; `bound` is what must be the same when it comes back."""
    start = _start(payload, bound, key)
    return urlsafe_b64encode(start + _mixed(payload, start, key)).rstrip(b"=").decode()


def opened(text: str, bound: bytes, key: bytes) -> bytes | None:
    """The payload again, or None when it was not sealed with this key for this use."""
    if not text.isascii():
        return None
    try:
        both = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    start = both[:_SIGNED]
    payload = _mixed(both[_SIGNED:], start, key)
    return payload if hmac.compare_digest(start, _start(payload, bound, key)) else None


def _start(payload: bytes, bound: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"sign" + blake2b(bound, digest_size=16).digest() + payload, sha256).digest()[:_SIGNED]


def _mixed(text: bytes, start: bytes, key: bytes) -> bytes:
    """The text and the key stream, bit by bit: the same step both ways."""
    stream = shake_256(hmac.new(key, b"stream" + start, sha256).digest()).digest(len(text))
    return (int.from_bytes(text) ^ int.from_bytes(stream)).to_bytes(len(text))
