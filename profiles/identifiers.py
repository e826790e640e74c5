"""Chinese identifiers and LOINC codes: whether their check digits hold, and what they say about their holder.

Law: pure; a value that fails gives None or False, never a repaired value. The 15-digit number is the one conversion.
Sources: GB 11643-1999 (resident identity number, MOD 11-2), GB 32100-2015 (unified social credit code, MOD 31-3),
GB 11714-1997 (organisation code), LOINC Users' Guide appendix on the check digit (MOD 10).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

SYNTHETIC_AREA: Final = "999999"

_ID_18 = re.compile(r"[1-9][0-9]{16}[0-9Xx]", re.ASCII)
_ID_15 = re.compile(r"[1-9][0-9]{14}", re.ASCII)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = {character: value for value, character in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)

_ORGANISATION = re.compile(r"([0-9A-Z]{8})-?([0-9X])", re.ASCII)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_LOINC = re.compile(r"([0-9]{1,7})-([0-9])", re.ASCII)


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A valid resident identity number. `value` has 18 characters, `area` is a division code of GB/T 2260."""

    value: str
    area: str
    birth_date: date
    sex: Literal["male", "female"]

    @property
    def synthetic(self) -> bool:
        """Area 999999 is nobody's: such numbers are made for tests and demonstrations."""
        return self.area == SYNTHETIC_AREA


def resident_id(value: str, *, today: date | None = None) -> ResidentId | None:
    """The number read as GB 11643, or None when its form, date or check digit is wrong.

    A lower-case `x` becomes `X`; a 15-digit number of before 1999 gets its century and check digit. With `today`, a
    birth date in the future is wrong as well.
    """
    number = _eighteen(value)
    if number is None or number[17] != id_check_character(number[:17]):
        return None
    born = _date(number[6:14])
    if born is None or (today is not None and born > today):
        return None
    return ResidentId(number, number[:6], born, "male" if int(number[16]) % 2 else "female")


def _eighteen(value: str) -> str | None:
    if _ID_18.fullmatch(value):
        return value.upper()
    if _ID_15.fullmatch(value):
        first = value[:6] + "19" + value[6:]
        return first + id_check_character(first)
    return None


def id_check_character(first_17: str) -> str:
    """The 18th character for the first 17 digits."""
    return _ID_CHECK[sum(int(digit) * weight for digit, weight in zip(first_17, _ID_WEIGHTS, strict=True)) % 11]


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def looks_like_resident_id(value: str) -> bool:
    """Whether a value has the form of an 18-character identity number, its check digit aside."""
    return _ID_18.fullmatch(value) is not None and _date(value[6:14]) is not None


def uscc_valid(value: str) -> bool:
    """Whether a unified social credit code has 18 allowed characters and a right check character (GB 32100)."""
    if len(value) != 18 or any(character not in _USCC_VALUE for character in value):
        return False
    total = sum(_USCC_VALUE[character] * weight for character, weight in zip(value[:17], _USCC_WEIGHTS, strict=True))
    return _USCC_VALUE[value[17]] == (31 - total % 31) % 31


def organisation_code_valid(value: str) -> bool:
    """Whether an organisation code (`12345678-9`, the hyphen may be missing) has a right check character (GB 11714)."""
    match = _ORGANISATION.fullmatch(value)
    if match is None:
        return False
    values = (int(character, 36) for character in match.group(1))
    check = 11 - sum(one * weight for one, weight in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return match.group(2) == "0123456789X0"[check]


def loinc_valid(code: str) -> bool:
    """Whether a code has the form of a LOINC and its check digit holds (it may still not exist)."""
    match = _LOINC.fullmatch(code)
    if match is None:
        return False
    total = 0
    for place, character in enumerate(reversed(match.group(1))):
        doubled = int(character) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return (10 - total % 10) % 10 == int(match.group(2))
