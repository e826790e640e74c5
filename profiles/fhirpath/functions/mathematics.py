"""Numbers.

Law: empty in, empty out; what has no real result (the root of a negative number) is empty.
Source: http://hl7.org/fhirpath/N1/#math.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.node import EMPTY, Collection
from profiles.fhirpath.operators import result
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.values import integer, number, one

_TOO_LONG = 10**9


def _of_number(name: str, meaning: Callable[[Decimal], Any]) -> Eager:
    what = f"{name}()"

    def applied(items: Collection, frame: Frame) -> Collection:
        value = number(items, what)
        return EMPTY if value is None else _tried(lambda: meaning(Decimal(value)))

    return (0, 0, applied)


def _tried(calculation: Callable[[], Any]) -> Collection:
    """Empty where arithmetic has no answer."""
    try:
        return result(calculation())
    except (DecimalException, OverflowError):
        return EMPTY


def absolute(items: Collection, frame: Frame) -> Collection:
    value = one(items, "abs()")
    if type(value) is Quantity:
        return [Quantity(abs(value.value), value.unit, value.calendar)]
    found = number(items, "abs()")
    return EMPTY if found is None else [abs(found)]


def _whole(rounding: str) -> Callable[[Decimal], int]:
    return lambda value: int(_short(value).to_integral_value(rounding))


def _short(value: Decimal) -> Decimal:
    """A number of a thousand digits is no number to round."""
    if value.adjusted() > 100:
        raise OverflowError
    return value


def _root(value: Decimal) -> Decimal | None:
    return value.sqrt() if value >= 0 else None


def _natural_logarithm(value: Decimal) -> Decimal | None:
    return value.ln() if value > 0 else None


def logarithm(items: Collection, frame: Frame, base: Collection) -> Collection:
    value, of = number(items, "log()"), number(base, "log()")
    if value is None or of is None or value <= 0 or of <= 0 or of == 1:
        return EMPTY
    return _tried(lambda: _tidied(Decimal(value).ln() / Decimal(of).ln()))


def _tidied(value: Decimal) -> Decimal:
    """Without the last digits, in which the quotient of two logarithms is never exact."""
    return value.quantize(Decimal(1).scaleb(-20)).normalize() + 0 if abs(value) < 10**7 else value


def power(items: Collection, frame: Frame, exponent: Collection) -> Collection:
    value, to = number(items, "power()"), number(exponent, "power()")
    if value is None or to is None or not -_TOO_LONG < to < _TOO_LONG:
        return EMPTY
    if isinstance(value, int) and isinstance(to, int) and to >= 0:
        return EMPTY if abs(value) > 1 and to > 64 else result(value**to)  # beyond every integer
    return _tried(lambda: Decimal(value) ** Decimal(to))


def round_(items: Collection, frame: Frame, places: Collection | None = None) -> Collection:
    value = number(items, "round()")
    digits = 0 if places is None else integer(places, "round()")
    if value is None or digits is None:
        return EMPTY
    if digits < 0:
        raise FhirPathError("round() takes no negative number of places.")
    if type(value) is int or digits > 28:
        return [value]
    rounded = _tried(lambda: _short(Decimal(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return rounded or [value]


EAGER: dict[str, Eager] = {
    "abs": (0, 0, absolute),
    "ceiling": _of_number("ceiling", _whole(ROUND_CEILING)),
    "floor": _of_number("floor", _whole(ROUND_FLOOR)),
    "truncate": _of_number("truncate", lambda value: int(_short(value))),
    "exp": _of_number("exp", Decimal.exp),
    "ln": _of_number("ln", _natural_logarithm),
    "log": (1, 1, logarithm),
    "power": (1, 1, power),
    "round": (0, 1, round_),
    "sqrt": _of_number("sqrt", _root),
}
