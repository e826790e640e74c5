"""How deep a tree nests: many small operations together can nest deeper than any document that is read."""

from __future__ import annotations

from typing import Any


def deeper_than(limit: int, value: Any) -> bool:
    """Level by level, so that no depth of the tree is a depth of calls."""
    level = [value]
    for _ in range(limit + 1):
        level = [child for one in level if isinstance(one, dict | list) for child in _children(one)]
        if not level:
            return False
    return True


def _children(one: dict[str, Any] | list[Any]) -> list[Any]:
    return list(one.values()) if isinstance(one, dict) else one
