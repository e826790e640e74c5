"""The index rows of values that come again and again: a category, a status, a code, the patient of a whole Bundle.

What an element puts into the lists is a pure function of its value, so it is looked up by the value as JSON. An element
whose values seldom come twice (identifiers, times) is no longer remembered after a while; all of it is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

import orjson

from fhir_server.search.convert import Emit, Rows
from profiles.fingerprint import kept

MOST = 8192
"""Values remembered of all elements together; then all are forgotten."""
LONGEST = 600
"""Bytes of a value that is remembered."""
_TRIED = 256
"""Values after which it is asked whether remembering pays."""

_Made = tuple[tuple[tuple[int, int], ...], tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]
_numbers = count()
_known: dict[tuple[int, str | bytes], _Made] = {}


def remembering(emits: Sequence[Emit]) -> Emit:
    """One emitter that gives what all of these give."""
    several = tuple(emits)
    mine = next(_numbers)
    asked = found_before = 0
    pays = True

    def emit(value: Any, found: Rows) -> None:
        nonlocal asked, found_before, pays
        key = _key(value) if pays else None
        if key is None:
            for each in several:
                each(value, found)
            return
        asked += 1
        made = _known.get((mine, key))
        if made is None:
            made = _made(several, value)
            if len(_known) >= MOST:
                _known.clear()
            _known[mine, key if isinstance(key, str) else kept(key)] = made
        else:
            found_before += 1
        if asked == _TRIED:
            pays, asked, found_before = found_before * 2 >= _TRIED, 0, 0
        keys, strings, ranges, references = made
        if keys:
            found.keys.update(keys)
        if strings:
            found.strings.update(strings)
        if ranges:
            found.ranges.update(ranges)
        if references:
            found.references.update(references)

    return emit


def _key(value: Any) -> str | bytes | None:
    """Two values with one key are the same; None for what is not remembered. Text of JSON is never that of a string."""
    kind = type(value)
    if kind is str:
        return value if len(value) <= LONGEST else None
    if kind is not dict and kind is not list:
        return None
    try:
        key = orjson.dumps(value)
    except TypeError:  # a decimal: a number that differs from value to value
        return None
    return key if len(key) <= LONGEST else None


def _made(several: Sequence[Emit], value: Any) -> _Made:
    found = Rows(set(), set(), set(), set())
    for each in several:
        each(value, found)
    return tuple(found.keys), tuple(found.strings), tuple(found.ranges), tuple(found.references)
