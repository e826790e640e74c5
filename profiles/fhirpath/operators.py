"""The operators between two collections, as one table.

Law: each takes two collections and gives one; what the specification leaves open is the empty collection.
Source: http://hl7.org/fhirpath/N1/#operations.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from profiles.fhirpath import quantity as quantities
from profiles.fhirpath import temporal as temporals
from profiles.fhirpath.equality import Seen, distinct, equal, equal_collections, equivalent_collections, order, weight
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame, reading_cost, short_enough
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.temporal import Temporal
from profiles.fhirpath.values import one, text

Operator = Callable[[Collection, Collection, Frame], Collection]
_LARGEST = 2**63


def answer(value: bool | None) -> Collection:
    return EMPTY if value is None else TRUE if value else FALSE


def _equals(left: Collection, right: Collection, frame: Frame) -> Collection:
    return answer(equal_collections(left, right, frame))


def _differs(left: Collection, right: Collection, frame: Frame) -> Collection:
    same = equal_collections(left, right, frame)
    return answer(None if same is None else not same)


def _is_equivalent(left: Collection, right: Collection, frame: Frame) -> Collection:
    return answer(equivalent_collections(left, right, frame))


def _is_not_equivalent(left: Collection, right: Collection, frame: Frame) -> Collection:
    return answer(not equivalent_collections(left, right, frame))


def _ordered(accepts: Callable[[int], bool]) -> Operator:
    def compared(left: Collection, right: Collection, frame: Frame) -> Collection:
        if not left or not right:
            return EMPTY
        if len(left) > 1 or len(right) > 1:
            raise FhirPathError("A comparison takes one item on each side.")
        found = order(left[0], right[0])
        return answer(None if found is None else accepts(found))

    return compared


def union(left: Collection, right: Collection, frame: Frame) -> Collection:
    """Both without duplicates."""
    frame.spend(len(left) + len(right))
    return distinct(left + right, frame)


def _in(left: Collection, right: Collection, frame: Frame) -> Collection:
    if not left:
        return EMPTY
    if len(left) > 1:
        raise FhirPathError("Membership is asked of one item.")
    item = left[0]
    frame.spend(len(right) * weight(item))
    return answer(any(equal(item, other) for other in right))


def _contains(left: Collection, right: Collection, frame: Frame) -> Collection:
    return _in(right, left, frame)


# ---------------------------------------------------------------------------------------------------- arithmetic


def _arithmetic(symbol: str, meaning: Callable[[Any, Any], Any]) -> Operator:
    what = f"Operator {symbol!r}"

    def calculated(left: Collection, right: Collection, frame: Frame) -> Collection:
        mine, yours = one(left, what), one(right, what)
        if mine is None or yours is None:
            return EMPTY
        if type(mine) is str:
            frame.spend(reading_cost(mine))
        return result(meaning(mine, yours))

    return calculated


def result(value: Any) -> Collection:
    """A number as a collection; one too large to be a number is empty (overflow)."""
    if value is None:
        return EMPTY
    if type(value) is int and not -_LARGEST < value < _LARGEST:
        return EMPTY
    if type(value) is Decimal and not value.is_finite():
        return EMPTY
    return [value]


def _both_numbers(left: Any, right: Any) -> bool:
    return type(left) in (int, Decimal) and type(right) in (int, Decimal)


def _refused(symbol: str) -> FhirPathError:
    return FhirPathError(f"Operator {symbol!r} is not defined for these types.")


def _added(left: Any, right: Any) -> Any:
    if _both_numbers(left, right):
        return left + right
    if type(left) is str and type(right) is str:
        return short_enough(left + right)
    if type(left) is Quantity and type(right) is Quantity:
        return quantities.add(left, right)
    if type(left) is Temporal and type(right) is Quantity:
        return temporals.add(left, right.value, right.unit)
    raise _refused("+")


def _subtracted(left: Any, right: Any) -> Any:
    if _both_numbers(left, right):
        return left - right
    if type(right) is Quantity and type(left) in (Quantity, Temporal):
        return _added(left, Quantity(-right.value, right.unit, right.calendar))
    raise _refused("-")


def _multiplied(left: Any, right: Any) -> Any:
    if _both_numbers(left, right):
        return left * right
    if Quantity in (type(left), type(right)):
        return quantities.multiply(_quantity(left, "*"), _quantity(right, "*"))
    raise _refused("*")


def _divided(left: Any, right: Any) -> Any:
    if _both_numbers(left, right):
        return Decimal(left) / Decimal(right) if right else None
    if Quantity in (type(left), type(right)):
        return quantities.divide(_quantity(left, "/"), _quantity(right, "/"))
    raise _refused("/")


def _quantity(value: Any, symbol: str) -> Quantity:
    if type(value) is Quantity:
        return value
    if type(value) in (int, Decimal):
        return Quantity(Decimal(value), "1")
    raise _refused(symbol)


def _whole_quotient(left: Any, right: Any) -> Any:
    if not _both_numbers(left, right):
        raise _refused("div")
    if not right:
        return None
    if type(left) is int and type(right) is int:
        return abs(left) // abs(right) * (1 if (left < 0) is (right < 0) else -1)
    return int(Decimal(left) / Decimal(right))


def _remainder(left: Any, right: Any) -> Any:
    if not _both_numbers(left, right):
        raise _refused("mod")
    if not right:
        return None
    rest = Decimal(left) % Decimal(right)
    return int(rest) if type(left) is int and type(right) is int else rest


def _concatenated(left: Collection, right: Collection, frame: Frame) -> Collection:
    """`&`: empty counts as the empty string."""
    whole = short_enough((text(left, "Operator '&'") or "") + (text(right, "Operator '&'") or ""))
    frame.spend(reading_cost(whole))
    return [whole]


OPERATORS: MappingProxyType[str, Operator] = MappingProxyType(
    {
        "=": _equals,
        "!=": _differs,
        "~": _is_equivalent,
        "!~": _is_not_equivalent,
        "<": _ordered(lambda found: found < 0),
        "<=": _ordered(lambda found: found <= 0),
        ">": _ordered(lambda found: found > 0),
        ">=": _ordered(lambda found: found >= 0),
        "|": union,
        "in": _in,
        "contains": _contains,
        "+": _arithmetic("+", _added),
        "-": _arithmetic("-", _subtracted),
        "*": _arithmetic("*", _multiplied),
        "/": _arithmetic("/", _divided),
        "div": _arithmetic("div", _whole_quotient),
        "mod": _arithmetic("mod", _remainder),
        "&": _concatenated,
    }
)

__all__ = ["OPERATORS", "Operator", "Seen", "answer", "result", "union"]
