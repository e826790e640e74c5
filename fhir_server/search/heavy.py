"""How much of what is found may lie in memory at once: a body is as large as `body_limit` lets it be, a page long.

A page that would be heavier is shorter than was asked for and goes on (search.html#count: "servers may return less");
what comes along with it is refused, since there is no next page of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

MOST_BYTES = 64 * 1024 * 1024
"""Of the matches on one page together, and of what comes along."""
FEW = 101
"""Rows that are read without asking first: a hundred, and the one that says that there are more."""


def taken(rows: Iterable[Any]) -> tuple[list[Any], bool]:
    """The rows as long as their bodies fit, one at least; and whether there was one more."""
    found: list[Any] = []
    left = MOST_BYTES
    for row in rows:
        left -= len(row.body or b"")
        if left < 0 and found:
            return found, True
        found.append(row)
    return found, False
