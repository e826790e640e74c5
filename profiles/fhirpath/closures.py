"""The tree of an expression to closures, once.

Law: a closure is given `$this` and the evaluation's frame and gives a collection; it keeps nothing between evaluations
but what it learned about types. Arguments of functions that are no criteria are evaluated on the `$this` around them.
Source: http://hl7.org/fhirpath/N1/.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from profiles.fhirpath.equality import equal
from profiles.fhirpath.errors import FhirPathError, FhirPathSemanticError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions import EAGER, LAZY
from profiles.fhirpath.functions.types import type_operator
from profiles.fhirpath.model import UNTYPED
from profiles.fhirpath.navigate import Closure, child_step, head_step
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.operators import OPERATORS
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.syntax import Binary, Call, Expr, Index, Literal, Member, Special, TypeTest, Unary, Variable
from profiles.fhirpath.values import integer, one, truth
from profiles.fhirpath.variables import variable


def compiled(expression: Expr) -> Closure:
    """Raises FhirPathSemanticError for an unknown function, a wrong number of arguments or an unknown type."""
    match expression:
        case Literal(value):
            return constant(EMPTY if value == () else [value])
        case Special(name):
            return _SPECIAL[name]
        case Variable(name):
            return variable(name)
        case Member(None, name):
            return head_step(name)
        case Member(source, name):
            assert source is not None
            return child_step(compiled(source), name)
        case Call():
            return _call(expression)
        case Index(source, index):
            return _indexed(compiled(source), compiled(index))
        case Unary(operator, operand):
            return _signed(operator, compiled(operand))
        case TypeTest(operator, operand, name, position):
            return type_operator(operator, compiled(operand), name, position)
        case Binary():
            return _binary(expression)
    raise AssertionError(expression)


def constant(items: Collection) -> Closure:
    return lambda this, frame: items


def _this(this: Collection, frame: Frame) -> Collection:
    return this


def _index(this: Collection, frame: Frame) -> Collection:
    return EMPTY if frame.index is None else [frame.index]


def _total(this: Collection, frame: Frame) -> Collection:
    return frame.total


_SPECIAL: dict[str, Closure] = {"$this": _this, "$index": _index, "$total": _total}


def _indexed(source: Closure, index: Closure) -> Closure:
    def item(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        place = integer(index(this, frame), "An index")
        return EMPTY if place is None or not 0 <= place < len(items) else [items[place]]

    return item


def _signed(sign: str, operand: Closure) -> Closure:
    def signed(this: Collection, frame: Frame) -> Collection:
        value = one(operand(this, frame), f"Sign {sign!r}")
        if value is None:
            return EMPTY
        if type(value) in (int, Decimal):
            return [-value if sign == "-" else value]
        if type(value) is Quantity:
            return [Quantity(-value.value, value.unit, value.calendar) if sign == "-" else value]
        raise FhirPathError("A sign stands before a number or a quantity.")

    return signed


# ------------------------------------------------------------------------------------------------------- functions


def _call(call: Call) -> Closure:
    name, position = call.name, call.position
    found: Any = EAGER.get(name) or LAZY.get(name)
    if found is None:
        raise FhirPathSemanticError(f"There is no function {name}().", position)
    least, most, function = found
    if not least <= len(call.arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise FhirPathSemanticError(f"{name}() takes {wanted} arguments.", position)
    source = _this if call.source is None else compiled(call.source)
    if name in LAZY:
        closure: Closure = function(source, call, compiled)
        return closure
    return _eager(function, source, [compiled(argument) for argument in call.arguments])


def _eager(function: Callable[..., Collection], source: Closure, arguments: list[Closure]) -> Closure:
    if not arguments:
        return lambda this, frame: function(source(this, frame), frame)
    if len(arguments) == 1:
        only = arguments[0]
        return lambda this, frame: function(source(this, frame), frame, only(this, frame))
    return lambda this, frame: function(source(this, frame), frame, *[argument(this, frame) for argument in arguments])


# ------------------------------------------------------------------------------------------------------- operators


def _binary(expression: Binary) -> Closure:
    operator, left, right = expression.operator, compiled(expression.left), compiled(expression.right)
    if operator in _LOGICAL:
        return _LOGICAL[operator](left, right)
    if operator in ("=", "!=") and isinstance(expression.right, Literal) and type(expression.right.value) is str:
        return _equals_text(left, expression.right.value, (TRUE, FALSE) if operator == "=" else (FALSE, TRUE))
    if operator == "in":
        texts = _texts(expression.right)
        if texts is not None:
            return _in_texts(left, texts, right)
    function = OPERATORS[operator]
    return lambda this, frame: function(left(this, frame), right(this, frame), frame)


def _equals_text(source: Closure, literal: str, answers: tuple[Collection, Collection]) -> Closure:
    """`code = 'P'`, the commonest of all comparisons."""
    same, different = answers

    def equals(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if not items:
            return EMPTY
        if len(items) > 1:
            return different
        item = items[0]
        value = item[0] if type(item) is tuple else item
        return same if type(value) is str and value == literal else _slowly(item, literal, answers)

    return equals


def _slowly(item: Any, literal: str, answers: tuple[Collection, Collection]) -> Collection:
    """Two different texts are different; anything else is asked."""
    if type(item) is tuple and (item[1].system == "String" or item[1] is UNTYPED) and type(item[0]) is str:
        return answers[1]
    found = equal(item, literal)
    return EMPTY if found is None else answers[0] if found else answers[1]


def _texts(expression: Expr) -> frozenset[str] | None:
    """`('a' | 'b')` as a set; None for anything else."""
    match expression:
        case Literal(value) if type(value) is str:
            return frozenset((value,))
        case Binary("|", left, right):
            mine, yours = _texts(left), _texts(right)
            return None if mine is None or yours is None else mine | yours
    return None


def _in_texts(source: Closure, texts: frozenset[str], right: Closure) -> Closure:
    generally = OPERATORS["in"]

    def member(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if len(items) == 1:
            item = items[0]
            value = item[0] if type(item) is tuple else item
            if type(value) is str and (type(item) is not tuple or item[1].system == "String"):
                return TRUE if value in texts else FALSE
        return generally(items, right(this, frame), frame)

    return member


def _and(left: Closure, right: Closure) -> Closure:
    def both(this: Collection, frame: Frame) -> Collection:
        mine = truth(left(this, frame))
        if mine is False:
            return FALSE
        yours = truth(right(this, frame))
        if yours is False:
            return FALSE
        return EMPTY if mine is None or yours is None else TRUE

    return both


def _or(left: Closure, right: Closure) -> Closure:
    def either(this: Collection, frame: Frame) -> Collection:
        mine = truth(left(this, frame))
        if mine:
            return TRUE
        yours = truth(right(this, frame))
        if yours:
            return TRUE
        return EMPTY if mine is None or yours is None else FALSE

    return either


def _xor(left: Closure, right: Closure) -> Closure:
    def one_of(this: Collection, frame: Frame) -> Collection:
        mine, yours = truth(left(this, frame)), truth(right(this, frame))
        return EMPTY if mine is None or yours is None else FALSE if mine is yours else TRUE

    return one_of


def _implies(left: Closure, right: Closure) -> Closure:
    def implied(this: Collection, frame: Frame) -> Collection:
        mine = truth(left(this, frame))
        if mine is False:
            return TRUE
        yours = truth(right(this, frame))
        if yours:
            return TRUE
        return EMPTY if mine is None or yours is None else FALSE

    return implied


_LOGICAL: dict[str, Callable[[Closure, Closure], Closure]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
}
