"""Conversions: `toX()` and `convertsToX()`.

Law: what does not convert is empty, or false; several items are an error.
Source: http://hl7.org/fhirpath/N1/#conversion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.quantity import CALENDAR, Quantity, convert_to
from profiles.fhirpath.temporal import Temporal, parse_date, parse_date_time, parse_time
from profiles.fhirpath.values import one, text

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?")
_QUANTITY = re.compile(r"(?P<value>[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?)\s*(?:'(?P<unit>[^']+)'|(?P<word>[a-z]+))?")
_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


def _to_boolean(value: Any) -> bool | None:
    if type(value) is bool:
        return value
    if type(value) in (int, Decimal):
        return {1: True, 0: False}.get(value)
    if type(value) is str:
        word = value.lower()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def _to_integer(value: Any) -> int | None:
    if type(value) is bool:
        return int(value)
    if type(value) is int:
        return value
    if type(value) is str and _INTEGER.fullmatch(value):
        return int(value)
    return None


def _to_decimal(value: Any) -> Decimal | None:
    if type(value) in (bool, int):
        return Decimal(int(value))
    if type(value) is Decimal:
        return value
    if type(value) is str and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None


def _to_quantity(value: Any) -> Quantity | None:
    if type(value) is Quantity:
        return value
    if type(value) in (bool, int, Decimal):
        return Quantity(Decimal(int(value) if type(value) is bool else value), "1")
    match = _QUANTITY.fullmatch(value) if type(value) is str else None
    if match is None:
        return None
    number, word = Decimal(match["value"]), match["word"]
    if word is not None:
        return Quantity(number, word, calendar=True) if word in CALENDAR else None
    return Quantity(number, match["unit"] or "1")


def to_quantity(items: Collection, frame: Frame, unit: Collection | None = None) -> Collection:
    """In the unit that is asked for; empty when there is no way to it."""
    value = one(items, "toQuantity()")
    quantity = None if value is None else _to_quantity(value)
    wanted = None if unit is None else text(unit, "toQuantity()")
    if quantity is not None and wanted is not None:
        quantity = convert_to(quantity, wanted)
    return EMPTY if quantity is None else [quantity]


def converts_to_quantity(items: Collection, frame: Frame, unit: Collection | None = None) -> Collection:
    if one(items, "convertsToQuantity()") is None:
        return EMPTY
    return TRUE if to_quantity(items, frame, unit) else FALSE


def _to_string(value: Any) -> str | None:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return format(value, "f") if -1000 < value.adjusted() < 1000 else str(value)
    if type(value) in (str, int, Temporal, Quantity):
        return str(value)
    return None


def _to_date(value: Any) -> Temporal | None:
    if type(value) is Temporal:
        return value if value.kind == "Date" else Temporal("Date", value.parts[:3]) if value.kind != "Time" else None
    if type(value) is str:
        found = parse_date(value) or parse_date_time(value)
        return None if found is None else _to_date(found)
    return None


def _to_date_time(value: Any) -> Temporal | None:
    if type(value) is Temporal:
        return None if value.kind == "Time" else Temporal("DateTime", value.parts, value.fraction, value.offset)
    return parse_date_time(value) if type(value) is str and not value.endswith("T") else None


def _to_time(value: Any) -> Temporal | None:
    if type(value) is Temporal:
        return value if value.kind == "Time" else None
    return parse_time(value.removeprefix("T")) if type(value) is str else None


def _pair(name: str, meaning: Callable[[Any], Any]) -> dict[str, Eager]:
    def to(items: Collection, frame: Frame) -> Collection:
        value = one(items, f"to{name}()")
        found = None if value is None else meaning(value)
        return EMPTY if found is None else [found]

    def converts(items: Collection, frame: Frame) -> Collection:
        value = one(items, f"convertsTo{name}()")
        return EMPTY if value is None else FALSE if meaning(value) is None else TRUE

    return {f"to{name}": (0, 0, to), f"convertsTo{name}": (0, 0, converts)}


EAGER: dict[str, Eager] = {
    **_pair("Boolean", _to_boolean),
    **_pair("Integer", _to_integer),
    **_pair("Decimal", _to_decimal),
    **_pair("String", _to_string),
    **_pair("Date", _to_date),
    **_pair("DateTime", _to_date_time),
    **_pair("Time", _to_time),
    "toQuantity": (0, 1, to_quantity),
    "convertsToQuantity": (0, 1, converts_to_quantity),
}
