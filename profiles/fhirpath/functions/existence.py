"""Existence: is there anything, and is all of it so.

Source: http://hl7.org/fhirpath/N1/#existence.
"""

from __future__ import annotations

from collections.abc import Callable

from profiles.fhirpath.equality import Seen, distinct
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Compiled, Eager, Lazy, cost
from profiles.fhirpath.navigate import Closure
from profiles.fhirpath.node import EMPTY, FALSE, TRUE, Collection
from profiles.fhirpath.syntax import Call
from profiles.fhirpath.values import system, truth


def empty(items: Collection, frame: Frame) -> Collection:
    return FALSE if items else TRUE


def not_(items: Collection, frame: Frame) -> Collection:
    value = truth(items)
    return EMPTY if value is None else FALSE if value else TRUE


def count(items: Collection, frame: Frame) -> Collection:
    return [len(items)]


def exists(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """`exists(criteria)` is `where(criteria).exists()`."""
    if not call.arguments:
        return lambda this, frame: TRUE if source(this, frame) else FALSE
    criterion, steps = compiled(call.arguments[0]), cost(call)

    def found(this: Collection, frame: Frame) -> Collection:
        items, outer, answer = source(this, frame), frame.index, FALSE
        frame.spend(len(items) * steps)
        for frame.index, item in enumerate(items):
            if truth(criterion([item], frame)):
                answer = TRUE
                break
        frame.index = outer
        return answer

    return found


def all_(source: Closure, call: Call, compiled: Compiled) -> Closure:
    criterion, steps = compiled(call.arguments[0]), cost(call)

    def every(this: Collection, frame: Frame) -> Collection:
        items, outer, answer = source(this, frame), frame.index, TRUE
        frame.spend(len(items) * steps)
        for frame.index, item in enumerate(items):
            if not truth(criterion([item], frame)):
                answer = FALSE
                break
        frame.index = outer
        return answer

    return every


def _over_booleans(decide: Callable[[list[bool]], bool]) -> Callable[[Collection, Frame], Collection]:
    def decided(items: Collection, frame: Frame) -> Collection:
        values = [system(item) for item in items]
        if any(type(value) is not bool for value in values):
            raise FhirPathError("allTrue(), anyTrue(), allFalse() and anyFalse() take Booleans.")
        return TRUE if decide(values) else FALSE

    return decided


def subset_of(items: Collection, frame: Frame, other: Collection) -> Collection:
    frame.spend(len(items) + len(other))
    seen = Seen(frame, other)
    return TRUE if all(item in seen for item in items) else FALSE


def superset_of(items: Collection, frame: Frame, other: Collection) -> Collection:
    return subset_of(other, frame, items)


def is_distinct(items: Collection, frame: Frame) -> Collection:
    frame.spend(len(items))
    return TRUE if len(distinct(items, frame)) == len(items) else FALSE


EAGER: dict[str, Eager] = {
    "empty": (0, 0, empty),
    "not": (0, 0, not_),
    "count": (0, 0, count),
    "allTrue": (0, 0, _over_booleans(all)),
    "anyTrue": (0, 0, _over_booleans(any)),
    "allFalse": (0, 0, _over_booleans(lambda values: not any(values))),
    "anyFalse": (0, 0, _over_booleans(lambda values: not all(values))),
    "subsetOf": (1, 1, subset_of),
    "supersetOf": (1, 1, superset_of),
    "isDistinct": (0, 0, is_distinct),
}
LAZY: dict[str, Lazy] = {"exists": (0, 1, exists), "all": (1, 1, all_)}
