"""What matches a Query becomes the SELECT of one page, sorted, or of the total (FHIR R4 search.html).

An unsorted search is read in the order of the index that drives it, so that a page costs the page and not the hits.
Paging is by keyset over (sort value, rid) and shows nothing that was created after the first page; there is no OFFSET.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.cursor import Cursor
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.matching import Matching
from fhir_server.search.parameters import clinical_date
from fhir_server.search.query import Query, SortKey
from fhir_server.search.text import LAST
from fhir_server.store.schema import change, dated, resource, sp_range, sp_string

_FIRST_NUMBER, _LAST_NUMBER = -(2**63) + 1, 2**63 - 1
COUNTED = 1000
"""Hits that are counted without being asked for; beyond, a total costs more than the page and is left to `_total`."""


def page(found: Matching, query: Query, cursor: Cursor | None) -> Select[Any]:
    """rid, id, version, last_updated, body and the sort values of one page and one row more."""
    keys = [_sort_value(key) for key in query.sort]
    if not keys and not found.driven:  # a walk through the type: its unique index gives the order
        keys = [_SortValue(resource.c.id, False)]
    source = found.source
    for key in keys:
        if key.join is not None:
            source = source.outerjoin(key.join, key.join.c.rid == resource.c.rid)
    columns = (found.rid, resource.c.id, resource.c.version, resource.c.last_updated, resource.c.body)
    statement = select(*columns, *(key.value for key in keys)).select_from(source).where(*found.where)
    if cursor is not None:
        statement = statement.where(_after(keys, found.rid, cursor), _existed(found.rid, cursor.seq))
    return statement.order_by(*_order(keys, found.rid)).limit(query.count + 1)


def total(found: Matching, most: int | None) -> Select[Any]:
    """How many resources match, counted no further than `most`."""
    hits = select(found.rid).select_from(found.source).where(*found.where)
    if most is not None:
        hits = hits.limit(most)
    return select(func.count()).select_from(hits.subquery())


SNAPSHOT = select(func.coalesce(func.max(change.c.seq), 0))
"""The number of the last change."""


# ----------------------------------------------------------------------------------------- sorting


@dataclass(frozen=True, slots=True)
class _SortValue:
    """`value` is never null: what has no value comes last. `join` brings it when it is not on the row."""

    value: ColumnElement[Any]
    descending: bool
    join: FromClause | None = None


def _sort_value(key: SortKey) -> _SortValue:
    parameter, descending = key.parameter, key.descending
    if parameter.code == "_id":
        return _SortValue(resource.c.id, descending)
    if parameter.code == "_lastUpdated":
        return _SortValue(resource.c.last_updated, descending)
    if parameter.kind == "string":
        return _string_value(parameter.params, descending)
    if parameter == clinical_date(parameter.type):
        return _SortValue(dated if descending else _coalesced(resource.c.clinical_date, LATEST), descending)
    return _range_value(parameter.params, parameter.kind == "date", descending)


def _coalesced(value: ColumnElement[Any], missing: int) -> ColumnElement[Any]:
    return func.coalesce(value, literal(missing, BigInteger))


def _string_value(params: tuple[int, ...], descending: bool) -> _SortValue:
    pick = func.max if descending else func.min
    values = (
        select(sp_string.c.rid, pick(sp_string.c.value).label("value"))
        .where(sp_string.c.param.in_(params))
        .group_by(sp_string.c.rid)
        .subquery()
    )
    return _SortValue(func.coalesce(values.c.value, "" if descending else LAST), descending, values)


def _range_value(params: tuple[int, ...], is_date: bool, descending: bool) -> _SortValue:
    column = func.max(sp_range.c.high) if descending else func.min(sp_range.c.low)
    value = (
        select(column)
        .where(sp_range.c.rid == resource.c.rid, sp_range.c.param.in_(params))
        .correlate(resource)
        .scalar_subquery()
    )
    first, last = (EARLIEST, LATEST) if is_date else (_FIRST_NUMBER, _LAST_NUMBER)
    return _SortValue(_coalesced(value, first if descending else last), descending)


def _order(keys: Sequence[_SortValue], rid: ColumnElement[int]) -> list[ColumnElement[Any]]:
    return [*(key.value.desc() if key.descending else key.value for key in keys), _tie(keys, rid)]


def _tie(keys: Sequence[_SortValue], rid: ColumnElement[int]) -> ColumnElement[Any]:
    """Equal rows stand in rid order, in the direction of the last key, so that one index can serve both."""
    return rid.desc() if keys and keys[-1].descending else rid


def _after(keys: Sequence[_SortValue], rid: ColumnElement[int], cursor: Cursor) -> ColumnElement[bool]:
    """The rows behind the last one seen."""
    columns = [*(key.value for key in keys), rid]
    values = [*cursor.after, cursor.rid]
    down = [*(key.descending for key in keys), bool(keys) and keys[-1].descending]
    if len(set(down)) == 1:
        left, right = tuple_(*columns), tuple_(*(literal(value) for value in values))
        return left < right if down[0] else left > right
    steps = []
    for depth, (column, value, descending) in enumerate(zip(columns, values, down, strict=True)):
        beyond = column < value if descending else column > value
        steps.append(and_(*(c == v for c, v in zip(columns[:depth], values[:depth], strict=True)), beyond))
    return or_(*steps)


def _existed(rid: ColumnElement[int], seq: int) -> ColumnElement[bool]:
    """Not created after the snapshot."""
    later = select(literal(1)).where(change.c.rid == rid, change.c.version == 1, change.c.seq > seq)
    return ~exists(later)
