"""Ids that follow from authority and value, so that every message about one thing speaks of one resource.

Law: the same (type, system, value) always gives the same id; a bare number without its authority is never an id.
"""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID, uuid5

NAMESPACE = UUID("6f0b7d1e-2c5a-5e0b-9d38-0c1d6a1b9c42")
"""The namespace of all derived ids. Changing it changes every id in every store: never do."""


@lru_cache(maxsize=16384)
def derived_id(kind: str, system: str, value: str) -> str:
    """The resource id of `kind` for a business identifier (RFC 4122 version 5)."""
    return str(uuid5(NAMESPACE, f"{kind}|{system}|{value}"))
