"""The tree below an item.

Source: http://hl7.org/fhirpath/N1/#tree-navigation.
"""

from __future__ import annotations

from profiles.fhirpath.frame import Frame
from profiles.fhirpath.functions.shape import Eager
from profiles.fhirpath.navigate import children
from profiles.fhirpath.node import Collection


def children_(items: Collection, frame: Frame) -> Collection:
    found = [child for item in items for child in children(item)]
    frame.spend(len(found))
    return found


def descendants(items: Collection, frame: Frame) -> Collection:
    """All below, level by level, without the items themselves."""
    found: Collection = []
    level = items
    while level:
        level = children_(level, frame)
        found += level
    return found


EAGER: dict[str, Eager] = {"children": (0, 0, children_), "descendants": (0, 0, descendants)}
