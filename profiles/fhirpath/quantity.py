"""A number with a unit: UCUM, or a calendar duration word (`1 year` is not `1 'a'`).

Law: quantities are compared only where UCUM can convert between their units; otherwise the answer is None (empty).
Source: http://hl7.org/fhirpath/N1/#quantity, http://hl7.org/fhir/R4/fhirpath.html#types.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from profiles.fhirpath.errors import FhirPathError

UCUM = "http://unitsofmeasure.org"
# Calendar words and the UCUM unit each is equal to; year and month are only equivalent to theirs.
_WORDS = {
    "year": "a",
    "month": "mo",
    "week": "wk",
    "day": "d",
    "hour": "h",
    "minute": "min",
    "second": "s",
    "millisecond": "ms",
}
CALENDAR: dict[str, str] = {**_WORDS, **{word + "s": code for word, code in _WORDS.items()}}
_INDEFINITE = ("a", "mo")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`unit` is a UCUM code, or with `calendar` a word such as `day` or `days`; a code of another system is
    `system|code`."""

    value: Decimal
    unit: str
    calendar: bool = False

    def __str__(self) -> str:
        value = format(self.value, "f")
        return f"{value} {self.unit}" if self.calendar else f"{value} '{self.unit}'"

    @property
    def code(self) -> str:
        """The UCUM unit, of a calendar word the one nearest to it."""
        return CALENDAR[self.unit] if self.calendar else self.unit


def of_fhir(value: Any) -> Quantity | None:
    """A FHIR Quantity as a System.Quantity; None for one without value or with a comparator."""
    if not isinstance(value, dict) or "comparator" in value:
        return None
    number: Any = value.get("value")
    if type(number) not in (int, Decimal):
        return None
    system, code = value.get("system"), value.get("code")
    if isinstance(code, str):
        return Quantity(Decimal(number), code if system == UCUM else f"{system or ''}|{code}")
    unit = value.get("unit")
    return Quantity(Decimal(number), f"|{unit}" if isinstance(unit, str) else "1")


def to_fhir(quantity: Quantity) -> dict[str, Any]:
    """As plain values: a FHIR Quantity."""
    system, bar, code = quantity.code.rpartition("|")
    if bar:
        return {"value": quantity.value, "unit": code, **({"system": system, "code": code} if system else {})}
    return {"value": quantity.value, "unit": quantity.unit, "system": UCUM, "code": quantity.code}


def _factors(left: Quantity, right: Quantity) -> tuple[Decimal, Decimal] | None:
    """Both values in one unit; None where there is none."""
    if left.code == right.code:
        return left.value, right.value
    from profiles.fhirpath.ucum import converted  # units are rare; the table loads when first needed

    return converted(left.value, left.code, right.value, right.code)


def _indefinite_against_definite(left: Quantity, right: Quantity) -> bool:
    """A calendar year or month against UCUM's year or month, whose length is fixed."""
    if left.calendar == right.calendar:
        return False
    word = left if left.calendar else right
    return word.code in _INDEFINITE


def compare(left: Quantity, right: Quantity) -> int | None:
    """-1, 0, 1, or None where the units are not comparable."""
    if _indefinite_against_definite(left, right):
        return None
    pair = _factors(left, right)
    if pair is None:
        return None
    return (pair[0] > pair[1]) - (pair[0] < pair[1])


def comparable(left: Quantity, right: Quantity) -> bool:
    return not _indefinite_against_definite(left, right) and _factors(left, right) is not None


def equivalent(left: Quantity, right: Quantity) -> bool:
    """Equal when rounded to the coarser of the two."""
    pair = _factors(left, right)
    if pair is None:
        return False
    scale = pair[0] / left.value if left.value else Decimal(1)
    other = pair[1] / right.value if right.value else Decimal(1)
    step = max(_step(left.value) * abs(scale), _step(right.value) * abs(other))
    return abs(pair[0] - pair[1]) <= step / 2


def _step(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def add(left: Quantity, right: Quantity) -> Quantity | None:
    """In the unit of the left; None where the units do not convert."""
    if left.code == right.code:
        return Quantity(left.value + right.value, left.unit, left.calendar)
    from profiles.fhirpath.ucum import convert

    moved = convert(right.value, right.code, left.code)
    return None if moved is None else Quantity(left.value + moved, left.unit, left.calendar)


def convert_to(quantity: Quantity, unit: str) -> Quantity | None:
    """In another unit (a UCUM code or a calendar word); None where there is no way to it."""
    wanted = Quantity(quantity.value, unit, unit in CALENDAR)
    if _indefinite_against_definite(quantity, wanted):
        return None
    if quantity.code == wanted.code:
        return wanted
    from profiles.fhirpath.ucum import convert

    moved = convert(quantity.value, quantity.code, wanted.code)
    return None if moved is None else Quantity(moved, unit, wanted.calendar)


def multiply(left: Quantity, right: Quantity) -> Quantity:
    return Quantity(left.value * right.value, _composed(left.code, ".", right.code))


def divide(left: Quantity, right: Quantity) -> Quantity | None:
    """None for a division by zero."""
    if not right.value:
        return None
    if left.code == right.code:
        return Quantity(left.value / right.value, "1")
    return Quantity(left.value / right.value, _composed(left.code, "/", right.code))


def _composed(left: str, operator: str, right: str) -> str:
    if "|" in left + right:
        raise FhirPathError("Only UCUM units can be multiplied or divided.")
    if len(left) + len(right) > 200:
        raise FhirPathError("The unit grows too long.")
    if right == "1":
        return left
    if left == "1":
        return right if operator == "." else f"/{_bracketed(right)}"
    return f"{_bracketed(left) if '/' in left else left}{operator}{_bracketed(right)}"


def _bracketed(unit: str) -> str:
    return f"({unit})" if "." in unit or "/" in unit else unit
