"""The names of identifier and code systems that translations write.

National systems are the official OIDs below `2.16.156.10011` (WS/T 363 family); numbers that one institution hands out
live in a system of that institution. A number is never written without the system it belongs to.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote

from profiles.systems import CANONICAL_BASE, RESIDENT_ID
from profiles.systems import IDENTIFIER_TYPE as V2_0203
from profiles.systems import INSTITUTION_CODE as USCC

__all__ = [
    "CANONICAL",
    "INSTITUTION",
    "PINYIN",
    "RESIDENT_ID",
    "SID",
    "USCC",
    "V2_0203",
    "V2_VALUE",
    "local",
    "local_codes",
]

CANONICAL = CANONICAL_BASE
SID = f"{CANONICAL_BASE}/sid"

INSTITUTION = f"{SID}/consortium/institution"

V2_VALUE = f"{CANONICAL}/StructureDefinition/v2-value"
PINYIN = f"{CANONICAL}/StructureDefinition/pinyin"


@lru_cache(maxsize=4096)
def local(institution: str, kind: str, authority: str = "") -> str:
    """The system of numbers of one kind that an institution (or a foreign authority it names) hands out."""
    scope = f"{quote(institution, safe='')}/{quote(authority, safe='')}" if authority else quote(institution, safe="")
    return f"{SID}/{scope}/{quote(kind, safe='')}"


@lru_cache(maxsize=4096)
def local_codes(institution: str, name: str) -> str:
    """The code system of local codes of one field or named table of an institution."""
    return f"{SID}/{quote(institution, safe='')}/code/{quote(name, safe='')}"
