"""What was said of a value, said again of an equal one: categories, codes and types of identifiers are few.

Law: only what depends on the value alone is remembered: the check is asked at a place from where nothing around the
value can be seen (`Nowhere`), and what needs to look around is asked anew each time. Short values only, and not more
than `MOST` of them for each element and registry; findings are never changed by who gets them.
Source: none but speed; docs/decisions/2611-straight-line-checks.md.
"""

from __future__ import annotations

from collections.abc import Callable
from marshal import dumps
from typing import Any

from profiles.validator.finding import Check, Findings
from profiles.validator.place import WALK, Alone, Contextual, Nowhere, Place

MOST, LONGEST, PATIENCE = 2048, 512, 64
_NOT_YET: Any = object()
_PLAIN = 2
"""The version of the form that is the same for equal values, whatever they share."""


class Memory:
    """What was said of the values of one element; `missed` counts what had to look around, or was too long to keep."""

    __slots__ = ("kept", "known", "missed")

    def __init__(self) -> None:
        self.known: dict[bytes, Findings | None] = {}
        self.kept = 0
        self.missed = 0


def remembered(check: Check, key_of: Callable[[Any], Any] | None = None) -> Check:
    """The same check, with a memory; `key_of` is the part of the value that it looks at."""
    around, alone = object(), object()

    def recall(value: Any, place: Place) -> Findings | None:
        if not (place.free and place.sound):
            return check(value, place)
        mark = alone if place.alone else around
        memory: Memory | None = place.registry.cache.get(mark)
        if memory is None:
            memory = place.registry.once(mark, Memory)
        elif memory.missed > PATIENCE + memory.kept:
            return check(value, place)
        try:
            key = dumps(value if key_of is None else key_of(value), _PLAIN)
        except ValueError:  # a decimal number in it
            memory.missed += 1
            return check(value, place)
        found = memory.known.get(key, _NOT_YET)
        return _learnt(check, value, key, memory, place) if found is _NOT_YET else found

    return recall


def _learnt(check: Check, value: Any, key: bytes, memory: Memory, place: Place) -> Findings | None:
    if len(key) > LONGEST:
        memory.missed += 1
        return check(value, place)
    found = _asked(check, value, memory, place)
    if found is _NOT_YET:
        return check(value, place)
    if len(memory.known) >= MOST:
        memory.known.clear()
        memory.kept = 0
    memory.known[key] = found
    memory.kept += 1
    return found


def _asked(check: Check, value: Any, memory: Memory, place: Place) -> Any:
    """What is said of the value by itself; `_NOT_YET` where that cannot be said."""
    try:
        return check(value, _nowhere(place))
    except Contextual as told:
        memory.missed += told.args != (WALK,)  # which passes, when there is code for these keys
        return _NOT_YET


def _nowhere(place: Place) -> Any:
    registry = place.registry
    if place.alone:
        return registry.once("alone", lambda: Alone(registry))
    return registry.once("nowhere", lambda: Nowhere(registry))
