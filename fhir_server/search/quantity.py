"""Quantities in UCUM units are kept in base units, so that `1000|…|mg` finds `1 g` (FHIR R4 search.html#quantity:
"servers may choose to perform searches that include comparison of units").

A list of values is named by the dimensions and not by the unit; a code that is no UCUM unit names a list of its own.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from profiles.systems import UCUM

Unit = tuple[str, str]


def comparable(value: Decimal, unit: Unit) -> tuple[Fraction | Decimal, Unit]:
    """The value and the unit it is compared in."""
    return _in_base(value, unit[1]) if unit[0] == UCUM else (value, unit)


@lru_cache(maxsize=16384)
def _in_base(value: Decimal, code: str) -> tuple[Fraction | Decimal, Unit]:
    from profiles.fhirpath.ucum import canonical  # its tables are read only when a quantity comes

    try:
        found = canonical(value, code)
    except OverflowError:
        found = None
    if found is None:
        return value, (UCUM, code)
    number, dimensions = found
    return number, (UCUM, "=" + ".".join(f"{base}{exponent}" for base, exponent in dimensions))
