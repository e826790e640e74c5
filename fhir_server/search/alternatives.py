"""Many alternatives as one condition.

SQLite reads `a OR b OR c` as `(a OR b) OR c` and refuses what is nested deeper than a thousand; so many stand in
groups. A compound of more than five hundred SELECTs it refuses, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, false, or_
from sqlalchemy.sql.elements import Grouping

WIDE = 200
"""Alternatives of a group."""
LISTS = 100
"""Lists that may stand in one UNION ALL; more are looked through in one go."""


class _Group(Grouping[Any]):
    """Brackets that `or_` leaves where they stand: it takes apart whatever says that it is an OR, too."""

    inherit_cache = True
    operator = None


def any_of(tests: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """At least one of them is true; false when there are none."""
    every = list(tests)
    while len(every) > WIDE:
        every = [_Group(or_(*every[start : start + WIDE])) for start in range(0, len(every), WIDE)]
    return or_(*every) if every else false()


def one_of(column: ColumnElement[int], values: tuple[int, ...]) -> ColumnElement[bool]:
    """The column has one of the values."""
    return column == values[0] if len(values) == 1 else column.in_(values)
