"""The part of JSONPath that test scripts use: names, places, slices, `*`, `..`, and simple filters.

Law: what is not understood is `NotAPath`, never an empty result. A path may leave out the `$` and its point.
Source: RFC 9535 (subset: no function extensions, no `&&` and `||`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

_NAME = re.compile(r"\.([A-Za-z_][\w-]*)")
_DEEP = re.compile(r"\.\.(?:([A-Za-z_][\w-]*)|(\*)|(?=\[))")
_ANY = re.compile(r"\.\*|\[\*\]")
_PLACE = re.compile(r"\[(-?\d+)\]")
_SLICE = re.compile(r"\[(-?\d*):(-?\d*)\]")
_QUOTED = re.compile(r"\[(?:'([^']*)'|\"([^\"]*)\")\]")
_FILTER = re.compile(
    r"\[\?\(?\s*@((?:\.[A-Za-z_][\w-]*|\[\d+\])+)\s*"
    r"(?:(==|!=|<=|>=|<|>)\s*('[^']*'|\"[^\"]*\"|[^)\]]+?))?\s*\)?\]"
)


@dataclass(frozen=True, slots=True)
class NotAPath:
    rest: str


def find(document: Any, path: str) -> list[Any] | NotAPath:
    """The values the path leads to."""
    rest = path.strip().removeprefix("$")
    if rest and rest[0] not in ".[":
        rest = "." + rest
    values = [document]
    while rest:
        for pattern, step in _STEPS:
            found = pattern.match(rest)
            if found:
                values = [inner for value in values for inner in step(value, found)]
                rest = rest[found.end() :]
                break
        else:
            return NotAPath(rest)
    return values


def _name(value: Any, found: re.Match[str]) -> Iterator[Any]:
    """A name looks into the items of a list as well: scripts leave out `[*]`."""
    name = found[1] if found[1] is not None else found[2]
    for one in value if isinstance(value, list) else (value,):
        if isinstance(one, dict) and name in one:
            yield one[name]


def _any(value: Any, _found: re.Match[str]) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _place(value: Any, found: re.Match[str]) -> Iterator[Any]:
    place = int(found[1])
    if isinstance(value, list) and -len(value) <= place < len(value):
        yield value[place]


def _slice(value: Any, found: re.Match[str]) -> Iterator[Any]:
    if isinstance(value, list):
        first, last = (int(text) if text else None for text in (found[1], found[2]))
        yield from value[first:last]


def _deep(value: Any, found: re.Match[str]) -> Iterator[Any]:
    for one in _descendants(value):
        if found[1]:
            if isinstance(one, dict) and found[1] in one:
                yield one[found[1]]
        elif found[2]:
            yield from _any(one, found)
        else:
            yield one


def _descendants(value: Any) -> Iterator[Any]:
    yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _descendants(inner)


def _filter(value: Any, found: re.Match[str]) -> Iterator[Any]:
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        there = find(one, "$" + found[1])
        if isinstance(there, list) and (any(_holds(each, found[2], found[3]) for each in there) if found[2] else there):
            yield one


def _holds(value: Any, operator: str, literal: str) -> bool:
    wanted: Any = literal.strip()
    if wanted[:1] in ("'", '"'):
        wanted = wanted[1:-1]
    else:
        wanted = {"true": True, "false": False, "null": None}.get(wanted, wanted)
        if isinstance(wanted, str):
            try:
                wanted = Decimal(wanted)
            except InvalidOperation:
                return False
    if operator in ("==", "!="):
        return (value == wanted) is (operator == "==")
    if isinstance(value, bool) or not isinstance(value, int | Decimal | float) or not isinstance(wanted, Decimal):
        return isinstance(value, str) and isinstance(wanted, str) and _ordered(value, operator, wanted)
    return _ordered(Decimal(value), operator, wanted)


def _ordered(left: Any, operator: str, right: Any) -> bool:
    return bool({"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator])


_STEPS = (
    (_DEEP, _deep),
    (_NAME, _name),
    (_ANY, _any),
    (_PLACE, _place),
    (_SLICE, _slice),
    (_QUOTED, _name),
    (_FILTER, _filter),
)
