"""Target paths of rows read backwards: every value that stands at a path, and the list items on its way.

Source: `mappers.path`, whose law this is the inverse of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mappers.path import Step

Way = tuple[Any, ...]
"""The node before each step; the value itself last."""


class Found(NamedTuple):
    """`key` tells one place from another: the innermost list item, and what is left of the path behind it."""

    value: Any
    way: Way
    key: tuple[Any, ...]


def find(body: dict[str, Any], steps: tuple[Step, ...]) -> Iterator[Found]:
    """The values at the path, in the order of the lists they stand in."""
    yield from _find(body, steps, 0, (), ())


def _find(node: Any, steps: tuple[Step, ...], at: int, way: Way, key: tuple[Any, ...]) -> Iterator[Found]:
    if at == len(steps):
        yield Found(node, (*way, node), key)
        return
    if not isinstance(node, dict):
        return
    step = steps[at]
    child = node.get(step.name)
    if child is None:
        return
    if step.label is None:
        yield from _find(child, steps, at + 1, (*way, node), (*key, step.name))
    elif isinstance(child, list):
        chosen = range(len(child)) if step.fixed < 0 else range(step.fixed, min(step.fixed + 1, len(child)))
        for index in chosen:
            yield from _find(child[index], steps, at + 1, (*way, node), (id(child), index))


def holds(found: Found, steps: tuple[Step, ...], constant: tuple[Step, ...], value: Any) -> bool:
    """Whether the constant stands beside the value: in the same items, as far as both paths share them."""
    return any(_like(one.value, value) for one in _beside(found, steps, constant))


def said(found: Found, steps: tuple[Step, ...], constant: tuple[Step, ...]) -> bool:
    """Whether anything stands where the constant would."""
    return any(True for _ in _beside(found, steps, constant))


def _beside(found: Found, steps: tuple[Step, ...], constant: tuple[Step, ...]) -> Iterator[Found]:
    shared = 0
    for one, other in zip(steps, constant, strict=False):
        if one != other:
            break
        shared += 1
    return find(found.way[shared], constant[shared:])


def _like(node: Any, constant: Any) -> bool:
    """Whether the constant is a part of the node; displays do not matter."""
    if isinstance(constant, dict):
        return isinstance(node, dict) and all(
            name == "display" or (name in node and _like(node[name], child)) for name, child in constant.items()
        )
    if isinstance(constant, list):
        return isinstance(node, list) and all(any(_like(one, wanted) for one in node) for wanted in constant)
    return bool(node == constant)
