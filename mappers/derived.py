"""Ids that follow from authority and value, so that every message about one thing speaks of one resource.

Law: the same (type, system, value) always gives the same id; a bare number without its authority is never an id.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f0b7d1e-2c5a-5e0b-9d38-0c1d6a1b9c42")
"""The namespace of all derived ids. Changing it changes every id in every store: never do."""
_AUTHORITY = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""RFC 4122, 4.1.1: the two highest bits of the ninth byte are 1 and 0."""


def new_id(kind: str, system: str, value: str) -> str:
    """The resource id of `kind` for a business identifier (RFC 4122 version 5), of a thing that comes once."""
    digest = sha1(_AUTHORITY + f"{kind}|{system}|{value}".encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


derived_id = lru_cache(maxsize=16384)(new_id)
"""As `new_id`, remembered: of a thing that comes again."""
