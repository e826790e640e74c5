"""Clocks, boundaries, precision and comparability.

Law: the time of an evaluation is what its environment says, the same at every call.
Source: http://hl7.org/fhirpath/N1/#current-date-and-time-functions; lowBoundary(), highBoundary(), precision() and
comparable() from FHIRPath 2.1 (draft) and http://hl7.org/fhir/R5/fhirpath.html#functions.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from profiles.fhirpath import quantity as quantities
from profiles.fhirpath import temporal as temporals
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.temporal import Temporal, of_datetime
from profiles.fhirpath.values import integer, one

Side = Literal["low", "high"]
_DEFAULT_PLACES = 8
_MOST_PLACES = 31


def _now(frame: Frame) -> Temporal:
    if frame.environment.now is None:
        raise FhirPathError("The environment of this evaluation has no clock.")
    return of_datetime(frame.environment.now)


def now(items: Collection, frame: Frame) -> Collection:
    return [_now(frame)]


def today(items: Collection, frame: Frame) -> Collection:
    return [Temporal("Date", _now(frame).parts[:3])]


def time_of_day(items: Collection, frame: Frame) -> Collection:
    at = _now(frame)
    return [Temporal("Time", at.parts[3:], at.fraction)]


def _boundary(side: Side) -> Callable[..., Collection]:
    what = f"{side}Boundary()"

    def bound(items: Collection, frame: Frame, digits: Collection | None = None) -> Collection:
        value = one(items, what)
        places = None if digits is None else integer(digits, what)
        if value is None or (digits is not None and places is None):
            return EMPTY
        found = _bound(value, places, side)
        return EMPTY if found is None else [found]

    return bound


def _bound(value: Any, places: int | None, side: Side) -> Any:
    if type(value) is Temporal:
        return temporals.boundary(value, places, side=side)
    if type(value) is Quantity:
        number = _decimal_bound(value.value, places, side)
        return None if number is None else Quantity(number, value.unit, value.calendar)
    if type(value) in (int, Decimal):
        return _decimal_bound(Decimal(value), places, side)
    raise FhirPathError(f"{side}Boundary() takes a number, a quantity, a date or a time.")


def _decimal_bound(value: Decimal, places: int | None, side: Side) -> Decimal | None:
    """Half a unit of the last digit away, cut to `places`; what rounds to zero at that many places is zero."""
    digits = _DEFAULT_PLACES if places is None else places
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= digits <= _MOST_PLACES or value.adjusted() + digits > 26:
        return None
    step = Decimal(1).scaleb(-digits)
    if value and not value.quantize(step, ROUND_HALF_EVEN):
        return Decimal(0).quantize(step).copy_sign(value)
    half = Decimal(5).scaleb(exponent - 1)
    edge = value - half if side == "low" else value + half
    return edge.quantize(step, ROUND_FLOOR if side == "low" else ROUND_CEILING)


def precision(items: Collection, frame: Frame) -> Collection:
    value = one(items, "precision()")
    if value is None:
        return EMPTY
    if type(value) is Temporal:
        return [value.precision]
    if type(value) in (int, Decimal):
        exponent = Decimal(value).as_tuple().exponent
        return [max(-exponent, 0) if isinstance(exponent, int) else 0]
    raise FhirPathError("precision() takes a number, a date or a time.")


def comparable(items: Collection, frame: Frame, other: Collection) -> Collection:
    mine, yours = one(items, "comparable()"), one(other, "comparable()")
    if mine is None or yours is None:
        return EMPTY
    if type(mine) is not Quantity or type(yours) is not Quantity:
        raise FhirPathError("comparable() takes quantities.")
    return TRUE if quantities.comparable(mine, yours) else FALSE


EAGER: dict[str, Eager] = {
    "now": (0, 0, now),
    "today": (0, 0, today),
    "timeOfDay": (0, 0, time_of_day),
    "lowBoundary": (0, 1, _boundary("low")),
    "highBoundary": (0, 1, _boundary("high")),
    "precision": (0, 0, precision),
    "comparable": (1, 1, comparable),
}
