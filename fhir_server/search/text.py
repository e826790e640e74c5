"""How text is compared in a string search: width, case and accents do not count (FHIR R4 search.html#string).

Full-width and half-width forms become one, Latin accents are dropped, case is folded, runs of blanks become one.
Chinese text stays as it is, so that a prefix of a name is a prefix of the stored value.

A list keeps the first LONGEST characters of a value, and of a longer one a mark behind them: what is cut off is never
taken for the end. So that `:contains` finds what stands further on, a list beside it keeps the whole in pieces that
overlap by what a search may ask for.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from unicodedata import combining, is_normalized, normalize

LONGEST = 200
"""Characters kept of one value; a query value may not be longer."""
CUT = "\U0010fffe"
"""Behind what is kept of a longer value; sorts before LAST, and no text has it."""
_PIECE, _STEP = 300, 100
"""Whatever is up to LONGEST characters long, and a blank before it, stands in one piece whole."""
_PIECES = 100
"""Pieces kept of one value: its first ten thousand characters."""
LAST = "\U0010ffff"
"""Sorts after every character that follows a prefix, on both databases (they compare bytes of UTF-8)."""


def normalised(text: str) -> str:
    """The form that is compared; may be empty."""
    text = text.casefold()
    if not text.isascii() and (not is_normalized("NFKD", text) or any(map(combining, text))):
        bare = "".join(c for c in normalize("NFKD", text) if not combining(c))
        text = normalize("NFC", bare.casefold())
    return " ".join(text.replace("\x00", "").replace(CUT, "").split())


def kept(form: str) -> str:
    """What a list holds of it."""
    return form if len(form) <= LONGEST else form[:LONGEST] + CUT


def pieces(form: str) -> Iterator[str]:
    """What the list beside it holds: nothing of a short one; only the last piece ends where the text does."""
    if len(form) > LONGEST:
        for start in range(0, min(len(form), _PIECES * _STEP), _STEP):
            piece = form[start : start + _PIECE]
            if start + _PIECE >= len(form):
                yield piece
                return
            yield piece + CUT


@lru_cache(maxsize=16384)
def folded(text: str) -> str:
    """`normalised`, remembered: for the texts of codes, which are few."""
    return normalised(text)
