"""Filtering, projection, repetition, aggregation and order: the functions that run an expression on every item.

Law: `$this` is the item and `$index` its place while the expression runs; every item costs a step of the budget.
Source: http://hl7.org/fhirpath/N1/#filtering-and-projection, #aggregates; sort() from FHIRPath 3.0 (draft).
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from profiles.fhirpath.equality import Seen, order
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Compiled, Lazy, cost
from profiles.fhirpath.navigate import Closure
from profiles.fhirpath.node import EMPTY, Collection
from profiles.fhirpath.syntax import Call, Unary
from profiles.fhirpath.values import truth

# What a round of repeat() costs besides its items.
_A_ROUND = 4


def where(source: Closure, call: Call, compiled: Compiled) -> Closure:
    criterion, steps = compiled(call.arguments[0]), cost(call)

    def kept(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if not items:
            return items
        outer = frame.index
        frame.spend(len(items) * steps)
        found = []
        for frame.index, item in enumerate(items):
            if truth(criterion([item], frame)):
                found.append(item)
        frame.index = outer
        return found

    return kept


def select(source: Closure, call: Call, compiled: Compiled) -> Closure:
    projection, steps = compiled(call.arguments[0]), cost(call)

    def projected(this: Collection, frame: Frame) -> Collection:
        items, outer = source(this, frame), frame.index
        frame.spend(len(items) * steps)
        found: Collection = []
        for frame.index, item in enumerate(items):
            found += projection([item], frame)
        frame.index = outer
        frame.spend(len(found))
        return found

    return projected


def repeat(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """Each result is projected again until nothing new comes; what equals an earlier result is not new."""
    projection, steps = compiled(call.arguments[0]), cost(call)

    def repeated(this: Collection, frame: Frame) -> Collection:
        waiting, outer = list(source(this, frame)), frame.index
        seen, found = Seen(frame), EMPTY[:]
        while waiting:
            frame.spend(len(waiting) * steps + _A_ROUND)
            level: Collection = []
            for frame.index, item in enumerate(waiting):
                level += projection([item], frame)
            waiting = [item for item in level if seen.first(item)]
            found += waiting
        frame.index = outer
        return found

    return repeated


def aggregate(source: Closure, call: Call, compiled: Compiled) -> Closure:
    aggregator, steps = compiled(call.arguments[0]), cost(call)
    initial = compiled(call.arguments[1]) if len(call.arguments) > 1 else None

    def aggregated(this: Collection, frame: Frame) -> Collection:
        items, outer = source(this, frame), (frame.index, frame.total)
        frame.spend(len(items) * steps)
        total = EMPTY if initial is None else initial(this, frame)
        for frame.index, item in enumerate(items):
            frame.total = total
            total = aggregator([item], frame)
            frame.spend(len(total))
        frame.index, frame.total = outer
        return total

    return aggregated


def iif(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """Only the branch that is taken is evaluated. With an input of one item, that item is `$this`."""
    criterion, *branches = [compiled(argument) for argument in call.arguments]
    bare = call.source is None

    def chosen(this: Collection, frame: Frame) -> Collection:
        items = source(this, frame)
        if not bare and len(items) > 1:
            raise FhirPathError("iif() takes one item at most.")
        if truth(criterion(items, frame)):
            return branches[0](items, frame)
        return branches[1](items, frame) if len(branches) > 1 else EMPTY

    return chosen


def trace(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """The input unchanged; the environment's `trace` hears the name and the (projected) plain values."""
    from profiles.fhirpath.values import plain, text

    name = compiled(call.arguments[0])
    projection = compiled(call.arguments[1]) if len(call.arguments) > 1 else None

    def traced(this: Collection, frame: Frame) -> Collection:
        items, hear = source(this, frame), frame.environment.trace
        if hear is not None:
            shown = items if projection is None else [part for item in items for part in projection([item], frame)]
            frame.spend(len(shown))
            hear(text(name(this, frame), "trace()") or "", [plain(item) for item in shown])
        return items

    return traced


def sort(source: Closure, call: Call, compiled: Compiled) -> Closure:
    """By each key in turn, `-key` descending; without keys by the items themselves. Empty is greater than all."""
    keys: list[tuple[Closure, int]] = []
    for argument in call.arguments:
        if isinstance(argument, Unary) and argument.operator == "-":
            keys.append((compiled(argument.operand), -1))
        else:
            keys.append((compiled(argument), 1))

    steps = cost(call)

    def compare(left: tuple[Any, list[Collection]], right: tuple[Any, list[Collection]]) -> int:
        signs = [sign for _, sign in keys] or [1]
        for mine, yours, sign in zip(left[1], right[1], signs, strict=True):
            found = _key_order(mine, yours)
            if found:
                return found * sign
        return 0

    def sorted_(this: Collection, frame: Frame) -> Collection:
        items, outer = source(this, frame), frame.index
        frame.spend(len(items) * (steps + len(items).bit_length()))
        rows = []
        for frame.index, item in enumerate(items):
            rows.append((item, [key([item], frame) for key, _ in keys] or [[item]]))
        frame.index = outer
        return [item for item, _ in sorted(rows, key=cmp_to_key(compare))]

    return sorted_


def _key_order(left: Collection, right: Collection) -> int:
    if len(left) > 1 or len(right) > 1:
        raise FhirPathError("sort() takes one value for each key.")
    if not left or not right:
        return (not left) - (not right)
    return order(left[0], right[0]) or 0


LAZY: dict[str, Lazy] = {
    "where": (1, 1, where),
    "select": (1, 1, select),
    "repeat": (1, 1, repeat),
    "aggregate": (1, 2, aggregate),
    "iif": (2, 3, iif),
    "trace": (1, 2, trace),
    "sort": (0, 9, sort),
}
