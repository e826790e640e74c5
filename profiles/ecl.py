"""The Expression Constraint Language of SNOMED CT: whether a text is one of its expressions.

Law: pure; it looks at the form only, and what is in filters `{{ … }}` is not read. The ids of concepts have a right
check digit.
Source: SNOMED CT Expression Constraint Language Specification 2.2, chapter 5 (brief and long syntax).
"""

from __future__ import annotations

import re

from profiles.check_digits import is_snomed_code

_TOKEN = re.compile(
    r"\s+|/\*.*?\*/"
    r"|(?P<filter>\{\{.*?\}\})"
    r"|(?P<term>\|[^|]*\|)"
    r'|(?P<text>"(?:\\.|[^"\\])*")'
    r"|(?P<number>#[+-]?[0-9]+(?:\.[0-9]+)?)"
    r"|(?P<count>\[\s*[0-9]+\s*\.\.\s*(?:[0-9]+|\*)\s*\])"
    r"|(?P<alternate>[A-Za-z][A-Za-z0-9-]*\#[A-Za-z0-9._-]+)"
    r"|(?P<id>[0-9]{6,18})"
    r"|(?P<compared><=|>=|!=|=)(?=\s*[\"#(0-9^*<>!A-Za-z])"
    r"|(?P<hierarchy>!!>|!!<|<<!|>>!|<<|>>|<!|>!|<|>)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<sign>[*^(){}:,.\[\]])",
    re.DOTALL,
)
_LONG: dict[str, tuple[str, str]] = {
    **{name + "OF": ("hierarchy", name) for name in ("DESCENDANT", "CHILD", "ANCESTOR", "PARENT", "TOP", "BOTTOM")},
    **{name + "ORSELFOF": ("hierarchy", name) for name in ("DESCENDANT", "CHILD", "ANCESTOR", "PARENT")},
    "MEMBEROF": ("sign", "^"),
    "ANY": ("sign", "*"),
    "REVERSEOF": ("word", "R"),
}
"""The words of the long syntax, and what is read for them."""
_LONGEST, _DEEPEST = 65536, 64


def is_expression(text: str) -> bool:
    """Whether a text is an expression constraint."""
    tokens = _tokens(text) if len(text) <= _LONGEST else None
    if not tokens:
        return False
    reading = _Reading(tokens)
    try:
        reading.expression(0)
    except _Unfit:
        return False
    return reading.done


def _tokens(text: str) -> list[tuple[str, str]] | None:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            return None
        if match.lastgroup is not None:
            found.append(_LONG.get(match.group().upper(), (match.lastgroup, match.group())))
        at = match.end()
    return found


class _Unfit(Exception):
    """What stands here may not stand here."""


class _Reading:
    """One pass over the tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at == len(self._tokens)

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if not self.done else ("", "")

    def _takes(self, *wanted: str) -> bool:
        """Steps over the next token when it is of one of these kinds, or one of these words or signs."""
        kind, text = self._next()
        if kind in wanted or text.upper() in wanted:
            self._at += 1
            return True
        return False

    def _needs(self, *wanted: str) -> None:
        if not self._takes(*wanted):
            raise _Unfit

    def expression(self, depth: int) -> None:
        """A simple, compound, refined or dotted expression."""
        self._part(depth)
        joined = ""
        while self._next()[1].upper() in ("AND", "OR", "MINUS", ","):
            word = self._next()[1].upper().replace(",", "AND")
            if joined and (word != joined or word == "MINUS"):
                raise _Unfit  # brackets say what belongs together
            joined = word
            self._at += 1
            self._part(depth)
        while self._takes("."):
            self._part(depth)
        if self._takes(":"):
            self._refinement(depth)

    def _part(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise _Unfit
        self._takes("hierarchy")
        if self._takes("^") and self._takes("["):
            while not self._takes("]"):
                self._needs("word", "*", ",")
        if self._takes("("):
            self.expression(depth + 1)
            self._needs(")")
        elif not self._takes("*"):
            kind, text = self._next()
            if kind != "alternate" and (kind != "id" or not is_snomed_code(text)):
                raise _Unfit
            self._at += 1
            self._takes("term")
        while self._takes("filter"):
            pass

    def _refinement(self, depth: int) -> None:
        self._group(depth)
        while self._takes("AND", "OR", ","):
            self._group(depth)

    def _group(self, depth: int) -> None:
        if depth > _DEEPEST:
            raise _Unfit
        self._takes("count")
        if self._takes("{"):
            self._refinement(depth + 1)
            self._needs("}")
        elif self._next()[1] == "(" and self._is_set():
            self._at += 1
            self._refinement(depth + 1)
            self._needs(")")
        else:
            self._attribute(depth)

    def _is_set(self) -> bool:
        """Whether the bracket that opens here holds attributes, and is not the name of one."""
        open_brackets = 0
        for kind, text in self._tokens[self._at :]:
            open_brackets += (text == "(") - (text == ")")
            if kind == "compared" and open_brackets == 1:
                return True
            if not open_brackets:
                return False
        return False

    def _attribute(self, depth: int) -> None:
        self._takes("count")
        self._takes("R")
        self._part(depth)
        self._needs("compared")
        if not self._takes("text", "number", "TRUE", "FALSE"):
            if self._is_list():
                self._at += 1
                while self._takes("text", "number"):
                    pass
                self._needs(")")
            else:
                self._part(depth)

    def _is_list(self) -> bool:
        """Whether a bracket with texts or numbers in it opens here."""
        ahead = self._tokens[self._at : self._at + 2]
        return len(ahead) == 2 and ahead[0][1] == "(" and ahead[1][0] in ("text", "number")
