"""The conditions of the official map, turned into closures once.

HL7's published syntax is `IF <operand> <predicate> [AND|OR …]`; half of the official rows stray from it, so the
reader is tolerant in wording (`IS`, `=`, `EQUAL`, a second `IF`, `A AND B VALUED`) and strict in everything else:
what it does not understand is a `ConditionError` when the table is loaded. Source: HL7 v2-to-FHIR IG, mapping
guidelines, "condition".
Precedence: AND binds stronger than OR; parentheses group. `""` counts as not valued.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mappers.message import NULL, Segment

if TYPE_CHECKING:
    from mappers.draft import Draft
    from mappers.use import Repetition

Condition = Callable[["Segment", "Repetition | None", "Draft"], bool]
Reader = Callable[["Segment", "Repetition | None", "Draft"], "str | None"]


class ConditionError(ValueError):
    """A condition in a table cannot be read."""


class Operand(NamedTuple):
    segment: str
    field: int
    component: int
    subcomponent: int


_TOKEN = re.compile(
    r"""\s*(?:(?P<operand>[A-Z][A-Z0-9]{2}-\d+(?:\.\d+){0,2})|(?P<text>"[^"]*"|'[^']*'|“[^”]*”)|(?P<number>\d+)"""
    r"""|(?P<mark>[(),=>])|(?P<word>[A-Za-z][A-Za-z.]*))"""
)
_NOISE = {"IF", "IS", "DOES", "THAN", "TO"}


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ConditionError(f"cannot read {text[position:]!r} in {text!r}")
        position = match.end()
        kind = match.lastgroup or ""
        word = match.group(kind)
        if kind == "word" and word.upper() in _NOISE:
            continue
        found.append((kind, word[1:-1] if kind == "text" else word.upper() if kind == "word" else word))
    return found


def parse(text: str, field: int) -> Condition:
    """The closure of a condition of a row whose source is `field`: of that field it sees the repetition at hand."""
    parser = _Parser(_tokens(text), field, text)
    condition = parser.either()
    if parser.rest:
        raise ConditionError(f"cannot read {parser.rest[0][1]!r} in {text!r}")
    return condition


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], field: int, text: str) -> None:
        self.rest = tokens
        self.field = field
        self.text = text

    def peek(self) -> str:
        return self.rest[0][1] if self.rest else ""

    def take(self, *words: str) -> bool:
        if self.rest and self.rest[0][0] in ("word", "mark") and self.rest[0][1] in words:
            self.rest = self.rest[1:]
            return True
        return False

    def pop(self, *kinds: str) -> str:
        if not self.rest or self.rest[0][0] not in kinds:
            raise ConditionError(f"expected {' or '.join(kinds)} before {self.peek()!r} in {self.text!r}")
        word = self.rest[0][1]
        self.rest = self.rest[1:]
        return word

    def either(self) -> Condition:
        parts = [self.both()]
        while self.take("OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else _any(parts)

    def both(self) -> Condition:
        parts = [self.term()]
        while self.take("AND"):
            parts.append(self.term())
        return parts[0] if len(parts) == 1 else _all(parts)

    def term(self) -> Condition:
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise ConditionError(f"a parenthesis is open in {self.text!r}")
            return inner
        operands = [self.operand()]
        joined = ""
        while self.peek() in ("AND", "OR") and (not joined or self.peek() == joined) and self._elided():
            joined = self.peek()
            self.rest = self.rest[1:]
            operands.append(self.operand())
        if self.peek() in ("LST.COUNT", "COUNT"):
            conditions = [self.count(one) for one in operands]
        else:
            make = self.predicate()
            conditions = [make(_reader(one, self.field)) for one in operands]
        if len(conditions) == 1:
            return conditions[0]
        return _any(conditions) if joined == "OR" else _all(conditions)

    def _elided(self) -> bool:
        """True right after an operand that has no predicate of its own (`A AND B VALUED`)."""
        return len(self.rest) > 1 and self.rest[1][0] == "operand"

    def operand(self) -> Operand:
        name, _, numbers = self.pop("operand").partition("-")
        parts = [int(part) for part in numbers.split(".")] + [0, 0]
        return Operand(name, parts[0], parts[1] or 1, parts[2] or 1)

    def predicate(self) -> Callable[[Reader], Condition]:
        negative = self.take("NOT")
        if self.take("VALUED", "VALUE", "EXIST", "EXISTS"):
            return _absent if negative else _valued
        if self.take("EQUALS", "EQUAL", "="):
            wanted = frozenset({self.pop("text", "number")})
        elif self.take("IN"):
            wanted = self._list()
        elif self.take("LENGTH"):
            return self._length()
        elif self.rest and self.rest[0][0] == "text":
            wanted = frozenset({self.pop("text")})
        else:
            raise ConditionError(f"expected a predicate before {self.peek()!r} in {self.text!r}")
        return _outside(wanted) if negative else _inside(wanted)

    def _list(self) -> frozenset[str]:
        if not self.take("("):
            raise ConditionError(f"expected a list in {self.text!r}")
        found = {self.pop("text", "number")}
        while self.take(","):
            found.add(self.pop("text", "number"))
        if not self.take(")"):
            raise ConditionError(f"the list is open in {self.text!r}")
        return frozenset(found)

    def _compare(self) -> Callable[[int], bool]:
        if self.take("GREATER", ">"):
            limit = int(self.pop("number"))
            return lambda size: size > limit
        if self.take("LESS"):
            limit = int(self.pop("number"))
            return lambda size: size < limit
        if self.take("EQUALS", "EQUAL", "="):
            limit = int(self.pop("number"))
            return lambda size: size == limit
        raise ConditionError(f"expected a comparison before {self.peek()!r} in {self.text!r}")

    def _length(self) -> Callable[[Reader], Condition]:
        holds = self._compare()
        return lambda read: lambda segment, value, draft: holds(len(read(segment, value, draft) or ""))

    def count(self, operand: Operand) -> Condition:
        self.take("LST.COUNT", "COUNT")
        holds = self._compare()
        name, field = operand.segment, operand.field

        def counted(segment: Segment, value: Repetition | None, draft: Draft) -> bool:
            found = segment if segment.name == name else draft.beside(name)
            return holds(len(found.values(field)) if found else 0)

        return counted


def _reader(operand: Operand, own: int) -> Reader:
    name, field, component, subcomponent = operand

    def read(segment: Segment, value: Repetition | None, draft: Draft) -> str | None:
        if segment.name != name:
            other = draft.beside(name)
            return other.get(field, component, subcomponent) if other else None
        if field == own and value is not None:
            return value.get(component, subcomponent)
        return segment.get(field, component, subcomponent)

    return read


def _valued(read: Reader) -> Condition:
    return lambda segment, value, draft: read(segment, value, draft) not in (None, NULL)


def _absent(read: Reader) -> Condition:
    return lambda segment, value, draft: read(segment, value, draft) in (None, NULL)


def _inside(wanted: frozenset[str]) -> Callable[[Reader], Condition]:
    return lambda read: lambda segment, value, draft: read(segment, value, draft) in wanted


def _outside(wanted: frozenset[str]) -> Callable[[Reader], Condition]:
    return lambda read: lambda segment, value, draft: read(segment, value, draft) not in wanted


def _all(parts: list[Condition]) -> Condition:
    if len(parts) == 2:
        one, other = parts
        return lambda segment, value, draft: one(segment, value, draft) and other(segment, value, draft)
    return lambda segment, value, draft: all(part(segment, value, draft) for part in parts)


def _any(parts: list[Condition]) -> Condition:
    if len(parts) == 2:
        one, other = parts
        return lambda segment, value, draft: one(segment, value, draft) or other(segment, value, draft)
    return lambda segment, value, draft: any(part(segment, value, draft) for part in parts)
