"""How text is compared in a string search: width, case and accents do not count (FHIR R4 search.html#string).

Full-width and half-width forms become one, Latin accents are dropped, case is folded, runs of blanks become one.
Chinese text stays as it is, so that a prefix of a name is a prefix of the stored value.
"""

from __future__ import annotations

from functools import lru_cache
from unicodedata import combining, is_normalized, normalize

LONGEST = 200
"""Characters kept of one value; a longer query value is cut the same way."""
LAST = "\U0010ffff"
"""Sorts after every character that follows a prefix, on both databases (they compare bytes of UTF-8)."""


def normalised(text: str) -> str:
    """The form that is stored and searched; may be empty."""
    text = text.casefold()
    if not text.isascii() and (not is_normalized("NFKD", text) or any(map(combining, text))):
        bare = "".join(c for c in normalize("NFKD", text) if not combining(c))
        text = normalize("NFC", bare.casefold())
    return " ".join(text.replace("\x00", "").split())[:LONGEST]


@lru_cache(maxsize=16384)
def folded(text: str) -> str:
    """`normalised`, remembered: for the texts of codes, which are few."""
    return normalised(text)
