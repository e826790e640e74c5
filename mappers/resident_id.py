"""The resident identity number (GB 11643-1999): form, calendar, check digit.

A number that fails is still an identifier somebody uses, but it never joins people. Area 999999 is for synthetic data.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


class ResidentId(NamedTuple):
    """`number` has 18 characters (a 15-digit one of before 1999 is completed); `sex` is `male` or `female`."""

    number: str
    birth_date: str
    sex: str


@lru_cache(maxsize=4096)
def read(text: str) -> ResidentId | None:
    """The number, or `None` when its form, its birth date or its check digit is wrong."""
    text = text.strip().upper()
    if len(text) == 15 and text.isascii() and text.isdigit():
        text = f"{text[:6]}19{text[6:]}"
        text += check_digit(text)
    if len(text) != 18 or not text.isascii() or not text[:17].isdigit() or check_digit(text) != text[17]:
        return None
    birth = f"{text[6:10]}-{text[10:12]}-{text[12:14]}"
    try:
        date.fromisoformat(birth)
    except ValueError:
        return None
    return ResidentId(text, birth, "male" if int(text[16]) % 2 else "female")


def check_digit(text: str) -> str:
    """The eighteenth character that belongs to the first seventeen digits."""
    return _CHECKS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False)) % 11]
