"""Subsetting and combining: parts of a collection, and two collections together.

Source: http://hl7.org/fhirpath/N1/#subsetting, #combining.
"""

from __future__ import annotations

from profiles.fhirpath.equality import Seen, distinct
from profiles.fhirpath.errors import FhirPathError
from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.node import EMPTY, Collection
from profiles.fhirpath.operators import union
from profiles.fhirpath.values import integer


def single(items: Collection, frame: Frame) -> Collection:
    if len(items) > 1:
        raise FhirPathError("single() found several items.")
    return items


def first(items: Collection, frame: Frame) -> Collection:
    return items[:1]


def last(items: Collection, frame: Frame) -> Collection:
    return items[-1:]


def tail(items: Collection, frame: Frame) -> Collection:
    return items[1:]


def skip(items: Collection, frame: Frame, number: Collection) -> Collection:
    skipped = integer(number, "skip()")
    return items if skipped is None or skipped <= 0 else items[skipped:]


def take(items: Collection, frame: Frame, number: Collection) -> Collection:
    taken = integer(number, "take()")
    return EMPTY if taken is None or taken <= 0 else items[:taken]


def intersect(items: Collection, frame: Frame, other: Collection) -> Collection:
    frame.spend(len(items) + len(other))
    seen = Seen(frame, other)
    return distinct([item for item in items if item in seen], frame)


def exclude(items: Collection, frame: Frame, other: Collection) -> Collection:
    """Duplicates stay, order stays."""
    frame.spend(len(items) + len(other))
    seen = Seen(frame, other)
    return [item for item in items if item not in seen]


def combine(items: Collection, frame: Frame, other: Collection) -> Collection:
    frame.spend(len(items) + len(other))
    return items + other


def union_(items: Collection, frame: Frame, other: Collection) -> Collection:
    return union(items, other, frame)


def distinct_(items: Collection, frame: Frame) -> Collection:
    frame.spend(len(items))
    return distinct(items, frame)


EAGER: dict[str, Eager] = {
    "single": (0, 0, single),
    "first": (0, 0, first),
    "last": (0, 0, last),
    "tail": (0, 0, tail),
    "skip": (1, 1, skip),
    "take": (1, 1, take),
    "intersect": (1, 1, intersect),
    "exclude": (1, 1, exclude),
    "combine": (1, 1, combine),
    "union": (1, 1, union_),
    "distinct": (0, 0, distinct_),
}
