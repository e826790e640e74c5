"""One value of a search parameter, read from the query string (FHIR R4 search.html#escaping, #prefix, #token …).

`read(parameter, modifier, text, around)` gives a frozen value, or None when the text cannot be read so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from fhir_server.search.instants import EARLIEST, LATEST, instant_range
from fhir_server.search.numbers import number, ordered, precision
from fhir_server.search.parameters import Parameter
from fhir_server.search.quantity import comparable
from fhir_server.search.reference import local
from profiles.definitions import value_set
from profiles.expansion import Sources
from profiles.registry import OWN

Prefix = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap", "po"]
"""`po` (overlaps) is said only in `_filter`."""
_PREFIXED = re.compile(r"(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+\d.])", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """`code` (system None), `|code` (system ''), `system|code`, `system|` (code ''); `cased` of an identifier."""

    system: str | None
    code: str
    cased: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What one text stands for when it names many codes: a value set, a branch of a hierarchy."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class OfType:
    """`system|code|value` of an identifier's type and value."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """The text of a string or uri search, as it came."""

    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """A date, number or quantity: a comparison with a closed range. `unit` is (system, code) of a quantity."""

    prefix: Prefix
    low: int
    high: int
    unit: tuple[str, str] | None = None

    def holds(self, low: int, high: int) -> bool:
        """Whether the range compares so (search.html#prefix); `conditions.compared` says the same as SQL."""
        match self.prefix:
            case "eq":
                return low >= self.low and high <= self.high
            case "ne":
                return low < self.low or high > self.high
            case "gt":
                return high > self.high
            case "lt":
                return low < self.low
            case "ge":
                return low >= self.low or high > self.high
            case "le":
                return high <= self.high or low < self.low
            case "sa":
                return low > self.high
            case "eb":
                return high < self.low
            case "ap" | "po":
                return low <= self.high and high >= self.low


@dataclass(frozen=True, slots=True)
class Target:
    """A reference to a resource of this store; an empty type means any the parameter allows."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Missing:
    """`:missing=true` or `false`."""

    missing: bool


Value = Token | AnyOf | OfType | Words | Span | Target | Missing


CORE = Sources(
    lambda url, _: OWN.terminology.system(url), lambda url, _: OWN.canonical(url, "ValueSet") or value_set(url)
)
"""What R4 and our guide bring along."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a reading needs to know from outside: the moment (for `ap`) and the server's own base URL."""

    now: int
    base: str
    sources: Sources = CORE
    """Code systems and value sets by canonical URL: R4's own, and those of the store that the caller may see."""
    value_set: Callable[[str], Mapping[str, Any] | None] = lambda _: None
    """A ValueSet of the store that the caller may see, by id."""


def split(text: str, separator: str) -> list[str]:
    """The parts between unescaped separators, still escaped (search.html#escaping)."""
    if "\\" not in text:
        return text.split(separator)
    parts, part, index = [], "", 0
    while index < len(text):
        if text[index] == "\\" and index + 1 < len(text):
            part += text[index : index + 2]
            index += 2
            continue
        if text[index] == separator:
            parts.append(part)
            part = ""
        else:
            part += text[index]
        index += 1
    return [*parts, part]


def unescaped(text: str) -> str:
    r"""`\,` `\|` `\$` `\\` as the characters they stand for."""
    return re.sub(r"\\([,|$\\])", r"\1", text) if "\\" in text else text


def read(parameter: Parameter, modifier: str, text: str, around: Surroundings) -> Value | None:
    """The value of one OR part, or None when it cannot be read."""
    if modifier == "missing":
        return {"true": Missing(True), "false": Missing(False)}.get(text)
    if modifier == "of-type":
        return _of_type(text)
    if modifier == "identifier":
        return _token(text)
    if modifier == "text":
        return _words(text)
    if parameter.kind == "reference":
        return _reference(text, modifier if modifier[:1].isupper() else "", around.base)
    return _READERS[parameter.kind](text, around)


def _token(text: str) -> Token | None:
    parts = [unescaped(part) for part in split(text, "|")]
    if not text or len(parts) > 2 or (len(parts) == 2 and not parts[0] and not parts[1]):
        return None
    return Token(None, parts[0]) if len(parts) == 1 else Token(parts[0], parts[1])


def _of_type(text: str) -> OfType | None:
    parts = [unescaped(part) for part in split(text, "|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        return None
    return OfType("|".join(parts))


def _words(text: str) -> Words | None:
    return Words(unescaped(text)) if text else None


def _reference(text: str, target_type: str, base: str) -> Target | Words | None:
    text = unescaped(text)
    if base and text.startswith(base + "/"):
        text = text[len(base) + 1 :]
    found = local(text)
    if found is not None:
        return Target(*found)
    if _ID.fullmatch(text):
        return Target(target_type, text)
    return Words(text) if text else None


def prefixed(text: str) -> tuple[Prefix, str]:
    """A prefix and what follows it; without one it is `eq`."""
    found = _PREFIXED.match(text)
    return (found[1], text[2:]) if found else ("eq", text)  # type: ignore[return-value]


def _date(text: str, around: Surroundings) -> Span | None:
    prefix, rest = prefixed(unescaped(text))
    span = instant_range(rest.replace(" ", "+"))  # a bare + in a URL arrives as a blank
    if span is None:
        return None
    low, high = span
    if prefix == "ap":  # a tenth of the distance from now, search.html#prefix
        slack = abs(around.now - low) // 10
        low, high = max(EARLIEST, low - slack), min(LATEST, high + slack)
    return Span(prefix, low, high)


def _number(text: str) -> Span | None:
    prefix, rest = prefixed(unescaped(text))
    value = number(rest)
    return None if value is None else _span(prefix, value)


def _span(prefix: Prefix, value: Decimal, unit: tuple[str, str] | None = None) -> Span:
    slack = precision(value) if prefix in ("eq", "ne") else abs(value) / 10 if prefix == "ap" else Decimal(0)
    low, high = value - slack, value + slack
    if unit is None:
        low_key, high_key = ordered(low), ordered(high)
    else:
        (least, unit), (most, _) = comparable(low, unit), comparable(high, unit)
        low_key, high_key = ordered(least), ordered(most)
    return Span(prefix, low_key, high_key - 1 if prefix in ("eq", "ne") else high_key, unit)


def _quantity(text: str) -> Span | None:
    parts = [unescaped(part) for part in split(text, "|")]
    if len(parts) not in (1, 3) or (len(parts) == 3 and parts[1] and not parts[2]):
        return None  # a system alone names no unit, and passing it over would find every unit
    prefix, rest = prefixed(parts[0])
    value = number(rest)
    if value is None:
        return None
    return _span(prefix, value, (parts[1], parts[2]) if len(parts) == 3 and parts[2] else None)


_READERS: dict[str, Callable[[str, Surroundings], Value | None]] = {
    "token": lambda text, _: _token(text),
    "string": lambda text, _: _words(text),
    "uri": lambda text, _: _words(text),
    "date": _date,
    "number": lambda text, _: _number(text),
    "quantity": lambda text, _: _quantity(text),
}
