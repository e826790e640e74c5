"""The order of a search: sort keys as SQL, and the same values read from a body (FHIR R4 search.html#sort).

Every value exists twice: as an expression over the tables as they are, and as a function of a body, for resources that
changed after the first page and keep the place they had then. A value is never null: what has none comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cmp_to_key, lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, String, and_, func, literal, literal_column, or_, select, tuple_
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.first_text import first_text, first_text_of
from fhir_server.search.index import IndexRows
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.parameters import clinical_date
from fhir_server.search.query import SortKey
from fhir_server.search.text import LAST
from fhir_server.store.schema import NO_DATE, dated, resource, sp_range, sp_string

_FIRST_NUMBER, _LAST_NUMBER = -(2**63) + 1, 2**63 - 1
Place = tuple[Any, ...]
"""The sort values of a row and, at the end, its rid."""


@dataclass(frozen=True, slots=True)
class Past:
    """A resource as it was: the index rows of its body, the body itself, its id, when it was written, its type."""

    rows: IndexRows
    body: Any
    id: str
    last_updated: int
    type: str = ""


@dataclass(frozen=True, slots=True)
class SortValue:
    """`past` is the same value of an older version; `fixed`: it never changes. `join` brings what is not on the row.
    `same`: every row has this value, so that there is nothing to sort by."""

    value: ColumnElement[Any]
    descending: bool
    past: Callable[[Past], Any]
    join: FromClause | None = None
    fixed: bool = False
    same: bool = False

    def sorted_afterwards(self) -> SortValue:
        """The same value in a form no index has: the few rows that match are found first, and then sorted.

        Without statistics SQLite would walk through the whole type in the order asked for.
        """
        text = isinstance(self.value.type, String)
        return replace(self, value=self.value + literal_column("''" if text else "0"))


def _by_id(descending: bool) -> SortValue:
    return SortValue(resource.c.id, descending, lambda past: past.id, fixed=True)


BY_ID = _by_id(False)
BY_TYPE = SortValue(resource.c.type, False, lambda _past: "", fixed=True)
"""Never compared with the past: nothing in an unsorted search moves."""


@lru_cache(maxsize=1024)
def sort_value(key: SortKey) -> SortValue:
    """How one key of `_sort` orders."""
    parameter, descending = key.parameter, key.descending
    if parameter.code == "_id":
        return _by_id(descending)
    if parameter.code == "_lastUpdated":
        return SortValue(resource.c.last_updated, descending, lambda past: past.last_updated)
    if parameter.kind == "string":
        return _string_value(frozenset(parameter.params), descending)
    if parameter == clinical_date(parameter.type):
        return _dated_value(descending)
    if parameter.kind in ("token", "reference", "uri"):
        last = "" if descending else LAST
        return SortValue(
            first_text(parameter, last), descending, lambda past: first_text_of(parameter, past.body, last)
        )
    missing = (EARLIEST, LATEST) if parameter.kind == "date" else (_FIRST_NUMBER, _LAST_NUMBER)
    return _range_value(frozenset(parameter.params), descending, missing)


def _dated_value(descending: bool) -> SortValue:
    missing = NO_DATE if descending else LATEST
    value = dated if descending else _coalesced(resource.c.clinical_date, LATEST)
    return SortValue(value, descending, lambda past: _or(past.rows.clinical_date, missing))


def _string_value(params: frozenset[int], descending: bool) -> SortValue:
    pick, choose, missing = (func.max, max, "") if descending else (func.min, min, LAST)
    values = (
        select(sp_string.c.rid, pick(sp_string.c.value).label("value"))
        .where(sp_string.c.param.in_(sorted(params)))
        .group_by(sp_string.c.rid)
        .subquery()
    )

    def past(was: Past) -> str:
        return choose((text for param, text in was.rows.strings if param in params), default=missing)

    return SortValue(func.coalesce(values.c.value, missing), descending, past, values)


def _range_value(params: frozenset[int], descending: bool, missing: tuple[int, int]) -> SortValue:
    column = func.max(sp_range.c.high) if descending else func.min(sp_range.c.low)
    value = (
        select(column)
        .where(sp_range.c.rid == resource.c.rid, sp_range.c.param.in_(sorted(params)))
        .correlate(resource)
        .scalar_subquery()
    )

    def past(was: Past) -> int:
        found = [(low, high) for param, low, high in was.rows.ranges if param in params]
        if not found:
            return missing[0] if descending else missing[1]
        return max(high for _, high in found) if descending else min(low for low, _ in found)

    return SortValue(_coalesced(value, missing[0] if descending else missing[1]), descending, past)


def _coalesced(value: ColumnElement[Any], missing: int) -> ColumnElement[Any]:
    return func.coalesce(value, literal(missing, BigInteger))


def _or(value: int | None, missing: int) -> int:
    return missing if value is None else value


# ----------------------------------------------------------------------------------------- places


@dataclass(frozen=True, slots=True)
class Order:
    """The sort values of a search with the rid as the last. `afterwards`: few rows are found first, and then sorted."""

    keys: tuple[SortValue, ...]
    rid: ColumnElement[int]
    afterwards: bool = False

    @property
    def fixed(self) -> bool:
        """Whether a row keeps its place whatever is written."""
        return all(key.fixed for key in self.keys)

    @property
    def last(self) -> ColumnElement[int]:
        """The rid, when rows are sorted afterwards in a form no index has."""
        return self.rid + literal_column("0") if self.afterwards else self.rid

    def columns(self) -> tuple[ColumnElement[Any], ...]:
        return tuple(key.value for key in self.keys)


def downward(keys: Sequence[SortValue]) -> tuple[bool, ...]:
    """By sort value and for the rid, whether the greatest comes first.

    Equal rows stand in rid order, in the direction of the last key, so that one index can serve both.
    """
    down = tuple(key.descending for key in keys)
    return (*down, bool(down) and down[-1])


def by(order: Order, down: Sequence[bool]) -> list[ColumnElement[Any]]:
    """ORDER BY, in the directions given."""
    columns = (*(None if key.same else key.value for key in order.keys), order.last)
    ordered = zip(columns, down, strict=True)
    return [column.desc() if falls else column for column, falls in ordered if column is not None]


def after(order: Order, down: Sequence[bool], place: Sequence[Any]) -> ColumnElement[bool]:
    """The rows behind a place."""
    columns = (*order.columns(), order.last)
    if len(set(down)) == 1:
        left, right = tuple_(*columns), tuple_(*place)
        return left < right if down[0] else left > right
    steps = []
    for depth, (column, value, falls) in enumerate(zip(columns, place, down, strict=True)):
        beyond = column < value if falls else column > value
        steps.append(and_(*(c == v for c, v in zip(columns[:depth], place[:depth], strict=True)), beyond))
    return or_(*steps)


def is_after(down: Sequence[bool], place: Place, mark: Place) -> bool:
    """The same in Python. Texts compare by code point on both sides (see `schema`)."""
    for value, other, falls in zip(place, mark, down, strict=True):
        if value != other:
            return bool(value < other if falls else value > other)
    return False


def merged(down: Sequence[bool], rows: Iterable[tuple[Place, Any]]) -> list[Any]:
    """What stands beside each place, in order."""

    def compare(one: tuple[Place, Any], other: tuple[Place, Any]) -> int:
        return 1 if is_after(down, one[0], other[0]) else -1

    return [row for _, row in sorted(rows, key=cmp_to_key(compare))]
