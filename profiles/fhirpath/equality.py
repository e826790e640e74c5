"""When two values are equal, equivalent or ordered.

Law: None where the specification gives the empty collection; an order between values of different kinds is an error.
Source: http://hl7.org/fhirpath/N1/#equality, #comparison.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from profiles.fhirpath import quantity as quantities
from profiles.fhirpath import temporal as temporals
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.node import Collection
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.temporal import Temporal
from profiles.fhirpath.values import system

_NUMBERS = (int, Decimal)


def equal(left: Any, right: Any) -> bool | None:
    """Two items."""
    mine, yours = system(left), system(right)
    kind, other = type(mine), type(yours)
    if kind is other:
        if mine is yours:
            return True
        if kind is Temporal:
            return _equal_temporals(mine, yours)
        if kind is Quantity:
            order = quantities.compare(mine, yours)
            return None if order is None else order == 0
        return bool(mine == yours)
    if kind in _NUMBERS and other in _NUMBERS:
        return bool(mine == yours)
    if Quantity in (kind, other) and (kind in _NUMBERS or other in _NUMBERS):
        return equal(_as_quantity(mine), _as_quantity(yours))
    if Temporal in (kind, other) and str in (kind, other):  # a FHIR date against the text it is written as
        return str(mine) == str(yours) and (type(left) is tuple or type(right) is tuple)
    return False


def _equal_temporals(left: Temporal, right: Temporal) -> bool | None:
    if (left.kind == "Time") is not (right.kind == "Time"):
        return False
    order = temporals.compare(left, right)
    return None if order is None else order == 0


def _as_quantity(value: Any) -> Quantity:
    return value if type(value) is Quantity else Quantity(Decimal(value), "1")


def weight(item: Any) -> int:
    """How many values an item holds, which is what comparing it may take."""
    value = item[0] if type(item) is tuple else item
    if type(value) is not dict and type(value) is not list:
        return 1
    level, found = [value], 0
    while level:
        found += len(level)
        level = [
            part
            for one in level
            for part in (one.values() if type(one) is dict else one)
            if type(part) is dict or type(part) is list
        ]
    return found


def equal_collections(left: Collection, right: Collection, frame: Frame) -> bool | None:
    """In order, item by item; None when one is empty or an item's equality is open."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    frame.spend(sum(map(weight, left)))
    answers = [equal(mine, yours) for mine, yours in zip(left, right, strict=True)]
    if False in answers:
        return False
    return None if None in answers else True


# --------------------------------------------------------------------------------------------------- equivalence


def equivalent(left: Any, right: Any) -> bool:
    mine, yours = system(left), system(right)
    kind, other = type(mine), type(yours)
    if kind in _NUMBERS and other in _NUMBERS:
        return _equivalent_numbers(mine, yours)
    if Quantity in (kind, other) and (kind in _NUMBERS or other in _NUMBERS):
        return equivalent(_as_quantity(mine), _as_quantity(yours))
    if kind is not other:
        return bool(equal(left, right))
    if kind is str:
        return _folded(mine) == _folded(yours)
    if kind is Quantity:
        return quantities.equivalent(mine, yours)
    if kind is dict:
        return mine.keys() == yours.keys() and all(equivalent(value, yours[key]) for key, value in mine.items())
    if kind is list:
        return len(mine) == len(yours) and all(map(equivalent, mine, yours))
    return bool(equal(mine, yours))


_BLANKS = str.maketrans("\t\r\n", "   ")


def _folded(text: str) -> str:
    """Without case, and with one kind of blank: "all whitespace characters are treated as equivalent" (6.1.2)."""
    return text.translate(_BLANKS).casefold()


def _equivalent_numbers(left: int | Decimal, right: int | Decimal) -> bool:
    """Rounded to the places of the less precise one."""
    if type(left) is int and type(right) is int:
        return left == right
    mine, yours = Decimal(left), Decimal(right)
    places = max(_exponent(mine.normalize()), _exponent(yours.normalize()), -28)
    if places > 0:
        places = 0
    step = Decimal(1).scaleb(places)
    if max(mine.adjusted(), yours.adjusted()) - places > 27:  # too wide to be rounded
        return mine == yours
    return mine.quantize(step, ROUND_HALF_UP) == yours.quantize(step, ROUND_HALF_UP)


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def equivalent_collections(left: Collection, right: Collection, frame: Frame) -> bool:
    """In any order; two empty collections are equivalent."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        frame.spend(len(rest) * weight(item))
        place = next((place for place, other in enumerate(rest) if equivalent(item, other)), None)
        if place is None:
            return False
        del rest[place]
    return True


# ---------------------------------------------------------------------------------------------------------- order


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None when it is open. FhirPathError for values that have no order between them."""
    mine, yours = system(left), system(right)
    if mine is None or yours is None:
        return None
    kind, other = type(mine), type(yours)
    if (kind in _NUMBERS and other in _NUMBERS) or (kind is str and other is str):
        return (mine > yours) - (mine < yours)
    if kind is Temporal and other is Temporal and (mine.kind == "Time") is (yours.kind == "Time"):
        return temporals.compare(mine, yours)
    if Quantity in (kind, other) and all(one is Quantity or one in _NUMBERS for one in (kind, other)):
        return quantities.compare(_as_quantity(mine), _as_quantity(yours))
    raise FhirPathError("Only strings, numbers, quantities, dates and times have an order, each among themselves.")


# ------------------------------------------------------------------------------------------------------- distinct


def distinct(items: Collection, frame: Frame) -> Collection:
    """The items without those equal to an earlier one, in order."""
    if len(items) < 2:
        return items
    seen = Seen(frame)
    return [item for item in items if seen.first(item)]


class Seen:
    """A set of items under `=`."""

    def __init__(self, frame: Frame, items: Collection | tuple[Any, ...] = ()) -> None:
        self._frame = frame
        self._keys: set[Any] = set()
        self._others: Collection = []
        for item in items:
            self.first(item)

    def first(self, item: Any) -> bool:
        """Whether it was not there before; now it is."""
        key = self._key(item)
        if key is not None:
            before = len(self._keys)
            self._keys.add(key)
            return len(self._keys) > before
        if item in self:
            return False
        self._others.append(item)
        return True

    def _key(self, item: Any) -> Any:
        if type(item) is tuple and type(item[0]) is dict:
            self._frame.spend(weight(item))
        return _key(item)

    def __contains__(self, item: Any) -> bool:
        key = self._key(item)
        if key is not None:
            return key in self._keys
        self._frame.spend(len(self._others))
        return any(equal(item, other) for other in self._others)


def _key(item: Any) -> Any:
    """Equal items have equal keys; None for dates and quantities, whose equality is no key's."""
    value = system(item)
    kind = type(value)
    if kind is str or kind in _NUMBERS:
        return value
    if kind is Temporal or kind is Quantity:
        return None
    return (kind, _frozen(value))


def _frozen(value: Any) -> Any:
    if type(value) is dict:
        return tuple(sorted((key, _frozen(part)) for key, part in value.items()))
    if type(value) is list:
        return ("[]", *map(_frozen, value))
    if type(value) in (str, bool) or value is None:
        return repr(value)
    return value if type(value) not in _NUMBERS else f"#{Decimal(value).normalize()}"
