"""The operators of assertions: what came (several values) against what was expected (one text).

Law: a comparison that cannot be made is no pass: greaterThan of words and numbers is False. With several values the
positive operators want one that fits, the negative ones want none.
Source: http://hl7.org/fhir/R4/valueset-assert-operator-codes.html.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

Came = Sequence[str]


@dataclass(frozen=True, slots=True)
class Operator:
    """`says` completes "expected …"; `valued` ones need an expected value."""

    holds: Callable[[Came, str], bool]
    says: str
    valued: bool = True


def _equals(came: Came, wanted: str) -> bool:
    return any(_same(one, wanted) for one in came)


def _same(one: str, wanted: str) -> bool:
    return one == wanted or (_number(one) is not None and _number(one) == _number(wanted))


def _in(came: Came, wanted: str) -> bool:
    return any(_same(one, part.strip()) for one in came for part in wanted.split(","))


def _contains(came: Came, wanted: str) -> bool:
    return any(wanted in one for one in came)


def _greater(came: Came, wanted: str) -> bool:
    return any(_order(one, wanted) > 0 for one in came)


def _less(came: Came, wanted: str) -> bool:
    return any(_order(one, wanted) < 0 for one in came)


def _order(one: str, wanted: str) -> int:
    """1, 0, -1; numbers as numbers, the rest as texts (dates of one precision order so); 0 for two kinds."""
    left, right = _number(one), _number(wanted)
    if left is not None and right is not None:
        return (left > right) - (left < right)
    if left is not None or right is not None:
        return 0
    return (one > wanted) - (one < wanted)


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _empty(came: Came, _wanted: str) -> bool:
    return not any(came)


def _true(came: Came, _wanted: str) -> bool:
    return list(came) == ["true"]


OPERATORS: Mapping[str, Operator] = {
    "equals": Operator(_equals, "equal to"),
    "notEquals": Operator(lambda came, wanted: not _equals(came, wanted), "other than"),
    "in": Operator(_in, "one of"),
    "notIn": Operator(lambda came, wanted: not _in(came, wanted), "none of"),
    "greaterThan": Operator(_greater, "greater than"),
    "lessThan": Operator(_less, "less than"),
    "empty": Operator(_empty, "nothing", valued=False),
    "notEmpty": Operator(lambda came, wanted: not _empty(came, wanted), "something", valued=False),
    "contains": Operator(_contains, "a value that contains"),
    "notContains": Operator(lambda came, wanted: not _contains(came, wanted), "no value that contains"),
    "eval": Operator(_true, "true", valued=False),
}
