"""Numbers as 64-bit integers that sort like the numbers (FHIR R4 search.html#number).

The integer is the bit pattern of the IEEE double with negative numbers reversed: any magnitude, order kept, equal
decimals equal. A query value has the precision it was written with: `100` reaches from 99.5 up to 100.5.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from struct import Struct

_DOUBLE = Struct(">d")
_INTEGER = Struct(">q")
_FORM = re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LOWEST = -(2**63)


def ordered(value: Decimal | Fraction | int | float) -> int:
    """The sort key of a number; numbers beyond a double take the outermost keys."""
    try:
        double = float(value)
    except OverflowError:
        double = float("inf") if value > 0 else float("-inf")
    bits: int = _INTEGER.unpack(_DOUBLE.pack(double + 0.0))[0]  # + 0.0 makes -0.0 and 0.0 one
    return bits if bits >= 0 else _LOWEST - bits - 1


def number(text: str) -> Decimal | None:
    """A query value as a decimal, or None when it is not a number."""
    return Decimal(text) if _FORM.fullmatch(text) else None


def precision(value: Decimal) -> Decimal:
    """Half a unit of the last digit written: 100 → 0.5, 5.40 → 0.005, 1e2 → 50."""
    exponent = value.as_tuple().exponent
    return Decimal(5).scaleb(int(exponent) - 1)
