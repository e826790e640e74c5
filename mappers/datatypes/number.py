"""Numbers as senders write them, read without loss.

`decimal` takes exactly the forms of FHIR decimal and their sloppy relatives (`5.`, `.5`, `+5`, full-width digits), and
keeps the written precision (`302.00` stays `302.00`). It never takes a part of a text.
Source: HL7 v2.5.1 2.A.46 (NM); FHIR R4 datatypes.html#decimal.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

_DECIMAL = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SIGNED = re.compile(
    r"(?P<comparator><=|>=|=<|=>|<|>)?\s*(?P<number>[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18}))\s*(?P<arrow>[↑↓]{1,3})?",
    re.ASCII,
)
_WIDE = str.maketrans(
    {
        "＜": "<",
        "＞": ">",
        "≤": "<=",
        "≥": ">=",
        "≦": "<=",
        "≧": ">=",
        "．": ".",
        "－": "-",
        "＋": "+",
        "⬆": "↑",
        "⬇": "↓",
    }
    | {chr(0xFF10 + n): str(n) for n in range(10)}
)
_COMPARATOR = {"=<": "<=", "=>": ">="}
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")

USUAL = re.compile(r"(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?", re.ASCII)
"""What a decimal gives back as it was written: nearly every result."""


class Measured(NamedTuple):
    """`exact` when the decimal alone gives the written text back."""

    value: Decimal
    comparator: str
    arrow: str
    exact: bool


def plain(text: str) -> str:
    """Full-width digits and signs in their ASCII form."""
    return text if text.isascii() else text.translate(_WIDE)


def decimal(text: str) -> Decimal | None:
    """The number, `None` when the text is not exactly one."""
    text = plain(text).strip()
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    # An exponent form such as `1E+3` is legal JSON, but str() of other Decimals may not be: keep to what FHIR allows.
    return number if _PLAIN.fullmatch(str(number)) else None


def measured(text: str) -> Measured | None:
    """`<0.01`, `>1000`, `3.5↑`, `302.00`: a number with a comparator or an arrow, `None` for anything else."""
    if USUAL.fullmatch(text):
        return Measured(Decimal(text), "", "", True)
    found = _SIGNED.fullmatch(plain(text).strip())
    if found is None:
        return None
    value = decimal(found["number"])
    if value is None:
        return None
    comparator = found["comparator"] or ""
    return Measured(value, _COMPARATOR.get(comparator, comparator), found["arrow"] or "", str(value) == text)
