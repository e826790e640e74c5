"""Text to tokens: the lexical part of the FHIRPath grammar.

Law: every character belongs to a token, a blank or a comment; anything else is a `FhirPathSyntaxError` with its
position.
Source: http://hl7.org/fhirpath/N1/#lexical-elements and #grammar.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from profiles.fhirpath.errors import EvaluationLimit, FhirPathSyntaxError

MAX_LENGTH = 10_000

Kind = Literal["datetime", "time", "date", "number", "string", "identifier", "delimited", "variable", "special"]
TokenKind = Kind | Literal["symbol", "end"]


class Token(NamedTuple):
    kind: TokenKind
    text: str
    position: int


_CLOCK = r"\d{2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_TOKEN = re.compile(
    rf"""
      (?P<blank>\s+|//[^\r\n]*|/\*.*?\*/)
    | (?P<datetime>@\d{{4}}(?:-\d{{2}}(?:-\d{{2}})?)?T(?:{_CLOCK}(?:Z|[+-]\d{{2}}:\d{{2}})?)?)
    | (?P<time>@T{_CLOCK})
    | (?P<date>@\d{{4}}(?:-\d{{2}}(?:-\d{{2}})?)?)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<string>'(?:[^'\\]|\\.)*')
    | (?P<delimited>`(?:[^`\\]|\\.)*`)
    | (?P<variable>%(?:[A-Za-z_]\w*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'))
    | (?P<special>\$(?:this|index|total)\b)
    | (?P<identifier>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<symbol>!=|!~|<=|>=|[.,()\[\]{{}}+\-*/&|<>=~])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_ESCAPED = {"r": "\r", "n": "\n", "t": "\t", "f": "\f", **{c: c for c in "'\"`\\/"}}


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, an `end` token last; strings and identifiers are unescaped."""
    if len(text) > MAX_LENGTH:
        raise EvaluationLimit(f"An expression has at most {MAX_LENGTH} characters.")
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or (match.group() == "/" and text.startswith("/*", position)):
            raise FhirPathSyntaxError(f"Unexpected {text[position]!r} at {position}.", position)
        kind = match.lastgroup
        if kind != "blank":
            found.append(_token(kind, match.group(), position))
        position = match.end()
    found.append(Token("end", "", position))
    return found


def _token(kind: str | None, text: str, position: int) -> Token:
    if kind in ("string", "delimited"):
        text = unescape(text[1:-1], position)
    elif kind == "variable":
        text = text[1:] if text[1] not in "`'" else unescape(text[2:-1], position)
    return Token(kind, text, position)  # type: ignore[arg-type]


def unescape(text: str, position: int = -1) -> str:
    """A string literal's content. An escape the grammar does not know is an error, a lone surrogate too."""
    if "\\" not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        code, single = match.groups()
        if code:
            return chr(int(code, 16))
        if single not in _ESCAPED:
            raise FhirPathSyntaxError(f"Unknown escape \\{single} in the string at {position}.", position)
        return _ESCAPED[single]

    plain = _ESCAPE.sub(replaced, text)
    plain = _SURROGATES.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), plain)
    if any("\ud800" <= character <= "\udfff" for character in plain):
        raise FhirPathSyntaxError(f"Half a surrogate pair in the string at {position}.", position)
    return plain
