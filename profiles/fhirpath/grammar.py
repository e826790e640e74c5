"""Tokens to the tree: a recursive descent with a table of precedences.

Law: what is not FHIRPath is a `FhirPathSyntaxError` with its position; what nests deeper than any rule needs to is an
`EvaluationLimit`, so that neither parsing nor evaluating can exhaust the stack.
Source: http://hl7.org/fhirpath/N1/#grammar, #operator-precedence.
"""

from __future__ import annotations

from decimal import Decimal

from profiles.fhirpath.errors import EvaluationLimit, FhirPathError, FhirPathSyntaxError
from profiles.fhirpath.lexer import Token, tokens
from profiles.fhirpath.quantity import CALENDAR, Quantity
from profiles.fhirpath.syntax import (
    Binary,
    Call,
    Expr,
    Index,
    Literal,
    Member,
    Special,
    TypeTest,
    Unary,
    Variable,
    parts,
)
from profiles.fhirpath.temporal import parse_date, parse_date_time, parse_time

MAX_NESTING = 40
MAX_DEPTH = 150

_PRECEDENCE: dict[str, int] = {
    **dict.fromkeys(("*", "/", "div", "mod"), 9),
    **dict.fromkeys(("+", "-", "&"), 8),
    **dict.fromkeys(("is", "as"), 7),
    "|": 6,
    **dict.fromkeys(("<", "<=", ">", ">="), 5),
    **dict.fromkeys(("=", "~", "!=", "!~"), 4),
    **dict.fromkeys(("in", "contains"), 3),
    "and": 2,
    **dict.fromkeys(("or", "xor"), 1),
    "implies": 0,
}


def parse(text: str) -> Expr:
    """The tree of one expression."""
    parser = _Parser(tokens(text))
    expression = parser.expression(0)
    end = parser.next
    if end.kind != "end":
        raise FhirPathSyntaxError(f"Unexpected {end.text!r} at {end.position}.", end.position)
    _limit_depth(expression)
    return expression


def _limit_depth(expression: Expr) -> None:
    level: list[Expr] = [expression]
    for _ in range(MAX_DEPTH):
        level = [part for one in level for part in parts(one)]
        if not level:
            return
    raise EvaluationLimit(f"An expression is at most {MAX_DEPTH} operations deep.")


class _Parser:
    """Reads from the front; `next` is the token not yet taken."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._nesting = 0

    @property
    def next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _taken(self, symbol: str) -> bool:
        token = self.next
        if token.kind == "symbol" and token.text == symbol:
            self._place += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._taken(symbol):
            token = self.next
            what = repr(token.text) if token.text else "the end"
            raise FhirPathSyntaxError(f"Expected {symbol!r}, found {what} at {token.position}.", token.position)

    def expression(self, weakest: int) -> Expr:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise EvaluationLimit(f"Brackets nest at most {MAX_NESTING} deep.", self.next.position)
        left = self._signed()
        while self.next.kind in ("symbol", "identifier"):
            operator, position = self.next.text, self.next.position
            precedence = _PRECEDENCE.get(operator, -1)
            if precedence < weakest:
                break
            self._place += 1
            if precedence == 7:
                left = TypeTest(operator, left, self._type_specifier(), position)
            else:
                left = Binary(operator, left, self.expression(precedence + 1), position)
        self._nesting -= 1
        return left

    def _signed(self) -> Expr:
        signs: list[Token] = []
        while self.next.kind == "symbol" and self.next.text in "+-":
            signs.append(self._take())
        if len(signs) > MAX_NESTING:
            raise EvaluationLimit(f"At most {MAX_NESTING} signs stand before a term.", signs[0].position)
        term = self._term()
        for sign in reversed(signs):
            term = Unary(sign.text, term, sign.position)
        return term

    def _type_specifier(self) -> str:
        name = self._identifier()
        return f"{name}.{self._identifier()}" if self._taken(".") else name

    def _identifier(self) -> str:
        token = self._take()
        if token.kind not in ("identifier", "delimited"):
            what = repr(token.text) if token.text else "the end"
            raise FhirPathSyntaxError(f"Expected a name, found {what} at {token.position}.", token.position)
        return token.text

    def _term(self) -> Expr:
        term = self._first()
        while True:
            position = self.next.position
            if self._taken("."):
                position = self.next.position
                term = self._invocation(term, self._identifier(), position)
            elif self._taken("["):
                term = Index(term, self.expression(0), position)
                self._expect("]")
            else:
                return term

    def _invocation(self, source: Expr | None, name: str, position: int) -> Expr:
        if not self._taken("("):
            return Member(source, name, position)
        arguments: list[Expr] = []
        if not self._taken(")"):
            arguments.append(self.expression(0))
            while self._taken(","):
                arguments.append(self.expression(0))
            self._expect(")")
        return Call(source, name, tuple(arguments), position)

    def _first(self) -> Expr:
        token = self._take()
        match token.kind:
            case "identifier" if token.text in ("true", "false"):
                return Literal(token.text == "true", token.position)
            case "identifier" | "delimited":
                return self._invocation(None, token.text, token.position)
            case "special":
                return Special(token.text, token.position)
            case "variable":
                return Variable(token.text, token.position)
            case "number":
                return self._number(token)
            case "string":
                return Literal(token.text, token.position)
            case "date" | "datetime" | "time":
                return _temporal(token)
            case "symbol" if token.text == "(":
                inner = self.expression(0)
                self._expect(")")
                return inner
            case "symbol" if token.text == "{":
                self._expect("}")
                return Literal((), token.position)
        what = repr(token.text) if token.text else "end of the expression"
        raise FhirPathSyntaxError(f"Unexpected {what} at {token.position}.", token.position)

    def _number(self, token: Token) -> Expr:
        """A number, or a quantity when a unit follows."""
        unit = self.next
        if unit.kind == "string":
            self._place += 1
            return Literal(Quantity(Decimal(token.text), unit.text), token.position)
        if unit.kind == "identifier" and unit.text in CALENDAR:
            self._place += 1
            return Literal(Quantity(Decimal(token.text), unit.text, calendar=True), token.position)
        if "." in token.text:
            return Literal(Decimal(token.text), token.position)
        if len(token.text) > 1000:
            raise EvaluationLimit("A number has at most 1000 digits.", token.position)
        return Literal(int(token.text), token.position)


_TEMPORAL = {"date": parse_date, "datetime": parse_date_time, "time": parse_time}


def _temporal(token: Token) -> Literal:
    text = token.text[1:].removeprefix("T") if token.kind == "time" else token.text[1:]
    try:
        value = _TEMPORAL[token.kind](text)
    except FhirPathError as error:
        raise FhirPathSyntaxError(error.message, token.position) from None
    if value is None:
        raise FhirPathSyntaxError(f"No such date or time at {token.position}.", token.position)
    return Literal(value, token.position)
