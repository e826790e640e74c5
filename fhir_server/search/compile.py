"""A Query and a Scope become one SELECT (FHIR R4 search.html).

One condition drives: the most selective list of keys, read in rid order, so that a page of an unsorted search costs
the page and not the hits. The others are probes on the row at hand. Paging is by keyset over (sort value, rid) and
shows nothing that was created after the first page; there is no OFFSET.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, ColumnElement, Select, and_, exists, false, func, literal, or_, select, tuple_
from sqlalchemy.sql.expression import FromClause

from fhir_server.search import conditions
from fhir_server.search.conditions import met, visible
from fhir_server.search.cursor import Cursor
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.parameters import clinical_date
from fhir_server.search.query import Chain, Condition, Criterion, Has, Query, SortKey
from fhir_server.search.text import LAST
from fhir_server.security.scope import Scope
from fhir_server.store.schema import change, resource, sp_key, sp_range, sp_string

_FIRST_NUMBER, _LAST_NUMBER = -(2**63) + 1, 2**63 - 1
COUNTED = 1000
"""Hits that are counted without being asked for; beyond, a total costs more than the page and is left to `_total`."""


@dataclass(frozen=True, slots=True)
class _Matching:
    """FROM and WHERE of a query. `rid` is the column the driver reads in order."""

    source: FromClause
    rid: ColumnElement[int]
    where: tuple[ColumnElement[bool], ...]


def page(query: Query, scope: Scope, cursor: Cursor | None) -> Select:
    """rid, id, version, last_updated, body and the sort values of one page and one row more."""
    found = _matching(query, scope)
    keys = [_sort_value(key, found) for key in query.sort]
    source = found.source
    for key in keys:
        if key.join is not None:
            source = source.outerjoin(key.join, key.join.c.rid == resource.c.rid)
    columns = (found.rid, resource.c.id, resource.c.version, resource.c.last_updated, resource.c.body)
    statement = select(*columns, *(key.value for key in keys)).select_from(source).where(*found.where)
    if cursor is not None:
        statement = statement.where(_after(keys, found.rid, cursor), _existed(found.rid, cursor.seq))
    return statement.order_by(*_order(keys, found.rid)).limit(query.count + 1)


def total(query: Query, scope: Scope, most: int | None) -> Select:
    """How many resources match, counted no further than `most`."""
    found = _matching(query, scope)
    matching = select(found.rid).select_from(found.source).where(*found.where)
    if most is not None:
        matching = matching.limit(most)
    return select(func.count()).select_from(matching.subquery())


def snapshot() -> Select:
    """The number of the last change."""
    return select(func.coalesce(func.max(change.c.seq), 0))


# ----------------------------------------------------------------------------------------- driving


def _matching(query: Query, scope: Scope) -> _Matching:
    base = visible(resource, query.type, scope)
    ranked = sorted(query.conditions, key=_rank)
    driver = ranked[0] if ranked else None
    keys = _single_key(driver) if driver is not None else None
    if keys is not None:
        param, key = keys
        source = sp_key.join(resource, resource.c.rid == sp_key.c.rid)
        probes = tuple(met(condition, resource, scope) for condition in ranked[1:])
        return _Matching(source, sp_key.c.rid, (sp_key.c.param == param, sp_key.c.hash == key, base, *probes))
    where = [met(condition, resource, scope) for condition in ranked[1:]]
    if driver is not None:
        where.insert(0, _driving(driver, scope))
    return _Matching(resource, resource.c.rid, (base, *where))


def _single_key(condition: Condition) -> tuple[int, int] | None:
    """(param, hash) of a condition that is one range of `sp_key`: it can be joined without making duplicates."""
    if not isinstance(condition, Criterion) or not condition.parameter.sources:
        return None
    kind, modifier = condition.parameter.kind, condition.modifier
    if not (kind in ("token", "uri") and modifier in ("", "of-type")) and modifier not in ("exact", "identifier"):
        return None
    params, keys = conditions.key_params(condition), conditions.hashes(condition)
    return (params[0], keys[0]) if len(params) == len(keys) == 1 else None


def _driving(condition: Condition, scope: Scope) -> ColumnElement[bool]:
    """The condition as an uncorrelated list of rids where it has one, for the database to start from."""
    if isinstance(condition, Criterion) and condition.parameter.sources and condition.modifier in ("", "of-type"):
        kind = condition.parameter.kind
        if kind in ("token", "uri"):
            rids = conditions.key_rids(conditions.key_params(condition), conditions.hashes(condition))
            return resource.c.rid.in_(rids)
        if kind == "reference" and not conditions.names_patients(condition):
            return _reference_driving(condition)
        if kind in ("date", "number", "quantity"):
            return resource.c.rid.in_(conditions.range_rids(condition))
    return met(condition, resource, scope)


def _reference_driving(condition: Criterion) -> ColumnElement[bool]:
    rids = conditions.reference_rids(condition)
    return or_(false(), *(resource.c.rid.in_(each) for each in rids))


_BUSINESS_KEYS = frozenset({"identifier", "accession", "_id"})


def _rank(condition: Condition) -> int:
    """Lower drives. An estimate by kind: identifiers find one, patients few, codes many, dates most."""
    match condition:
        case Chain() | Has():
            return 30
        case Criterion(parameter, modifier):
            if modifier in ("not", "missing"):
                return 90
            if parameter.code in _BUSINESS_KEYS or modifier in ("identifier", "of-type"):
                return 10
            by_kind = {"reference": 20, "uri": 35, "string": 40, "token": 50, "quantity": 60, "number": 60, "date": 70}
            return by_kind[parameter.kind]


# ----------------------------------------------------------------------------------------- sorting


@dataclass(frozen=True, slots=True)
class _SortValue:
    """`value` is never null: what has no value comes last. `join` brings it when it is not on the row."""

    value: ColumnElement
    descending: bool
    join: FromClause | None = None


def _sort_value(key: SortKey, found: _Matching) -> _SortValue:
    parameter, descending = key.parameter, key.descending
    if parameter.code == "_id":
        return _SortValue(resource.c.id, descending)
    if parameter.code == "_lastUpdated":
        return _SortValue(resource.c.last_updated, descending)
    if parameter.kind == "string":
        return _string_value(parameter.params, descending)
    if parameter == clinical_date(parameter.type):
        last = EARLIEST if descending else LATEST
        return _SortValue(func.coalesce(resource.c.clinical_date, literal(last, BigInteger)), descending)
    return _range_value(parameter.params, parameter.kind == "date", descending)


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
    return _SortValue(func.coalesce(value, literal(first if descending else last, BigInteger)), descending)


def _order(keys: Sequence[_SortValue], rid: ColumnElement[int]) -> list[ColumnElement]:
    return [*(key.value.desc() if key.descending else key.value for key in keys), _tie(keys, rid)]


def _tie(keys: Sequence[_SortValue], rid: ColumnElement[int]) -> ColumnElement:
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
