"""The `_filter` expression as a tree (FHIR R4 search_filter.html); what it asks for is read by `query`.

    filter   = test / filter ("and" / "or") filter / "not" "(" filter ")" / "(" filter ")"
    test     = path SP operator SP value          value = JSON string / number, date or token

"Logical expressions are evaluated left to right, with no precedence between and and or." A filter on the element
(`name[use eq official].given`) is refused: the lists of keys do not know which keys stood in one element.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

OPERATORS = frozenset(
    {"eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "sa", "eb", "ap", "pr", "po", "ss", "sb", "in", "ni", "re"}
)
LONGEST = 8192
_DEEPEST = 20
_TESTS = 100

_PART = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<word>[^\s()"\[\]]+))""", re.VERBOSE
)
_PATH = re.compile(r"_?[A-Za-z][\w\-]*(?:[:.]_?[A-Za-z][\w\-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Comparing:
    """`path operator value`."""

    path: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Junction:
    kind: Literal["and", "or"]
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Negation:
    inner: Tree


Tree = Comparing | Junction | Negation


def parse(text: str) -> Tree | None:
    """The tree, or None when the text is not a filter or is too long or too deep."""
    parts = _parts(text) if len(text) <= LONGEST else None
    if not parts:
        return None
    reader = _Reader(parts)
    try:
        tree = reader.filter(0)
    except ValueError:
        return None
    return tree if reader.place == len(parts) else None


def _parts(text: str) -> list[str] | None:
    parts, place, end = [], 0, len(text.rstrip())
    while place < end:
        found = _PART.match(text, place)
        if found is None:
            return None
        parts.append(found.group().strip())
        place = found.end()
    return parts


class _Reader:
    """Recursive descent; raises ValueError where the text leaves the grammar."""

    def __init__(self, parts: list[str]) -> None:
        self.parts, self.place, self.tests = parts, 0, 0

    def next(self) -> str:
        if self.place == len(self.parts):
            raise ValueError
        self.place += 1
        return self.parts[self.place - 1]

    def filter(self, depth: int) -> Tree:
        tree = self.operand(depth)
        while self.place < len(self.parts) and self.parts[self.place] in ("and", "or"):
            kind = self.next()
            tree = Junction("and" if kind == "and" else "or", tree, self.operand(depth))
        return tree

    def operand(self, depth: int) -> Tree:
        if depth > _DEEPEST:
            raise ValueError
        part = self.next()
        if part == "not":
            return Negation(self.bracketed(self.next(), depth))
        return self.bracketed(part, depth) if part == "(" else self.test(part)

    def bracketed(self, opening: str, depth: int) -> Tree:
        if opening != "(":
            raise ValueError
        tree = self.filter(depth + 1)
        if self.next() != ")":
            raise ValueError
        return tree

    def test(self, path: str) -> Comparing:
        self.tests += 1
        operator, value = self.next(), self.next()
        if self.tests > _TESTS or not _PATH.fullmatch(path) or operator not in OPERATORS or value in ("(", ")"):
            raise ValueError
        return Comparing(path, operator, str(json.loads(value)) if value.startswith('"') else value)
