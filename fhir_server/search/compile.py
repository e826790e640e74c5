"""What a search asks of the store becomes one SELECT: a page, what moved since, a total, what is included (FHIR R4
search.html).

A search that many meet is read in the order of an index, so that a page costs the page and not the hits (`walk`).
Paging is by keyset over (sort values, rid) and shows nothing that was created after the first page; there is no OFFSET.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, literal, select, true, union_all

from fhir_server.search.condition import Condition
from fhir_server.search.matching import (
    URLS,
    Drive,
    Matching,
    hidden,
    is_list,
    listed_rids,
    matching,
    matching_list,
    of_type,
    url_params,
    visible,
    walked,
)
from fhir_server.search.order import BY_ID, BY_TYPE, Order, SortValue, after, by, downward, sort_value
from fhir_server.search.parameters import EVERY, types_of
from fhir_server.search.probe import probe
from fhir_server.search.query import SortKey
from fhir_server.search.walk import Walk, branches, keys_of
from fhir_server.security.scope import Scope
from fhir_server.store.schema import change, resource, sp_key, sp_reference, type_count, version


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one statement is about. `place` is where a page begins, () at the beginning; `seq` the snapshot, None on the
    first page; `back` reads towards the beginning. `rids` and `params` are where an include sets out from. `drive` is
    how it is read, and `types` are those that a walk has branches for (see `plan`)."""

    type: str
    conditions: tuple[Condition, ...]
    scope: Scope
    sort: tuple[SortKey, ...] = ()
    limit: int = 0
    place: tuple[Any, ...] = ()
    seq: int | None = None
    back: bool = False
    rids: Any = ()
    params: tuple[int, ...] = ()
    drive: Drive = Drive.RANK
    types: tuple[str, ...] = ()


SEQ = select(func.coalesce(func.max(change.c.seq), 0)).scalar_subquery()
"""The number of the last change: two statements that give the same saw the same store."""
HEAD = 6
"""Columns before the sort values: seq, rid, type, id, version, body. Every statement begins with `seq`."""


def sort_values(wanted: Wanted) -> tuple[SortValue, ...]:
    """What the rows are sorted by, beside the rid."""
    if wanted.drive is Drive.WALK:
        return keys_of(_walk(wanted))
    return tuple(sort_value(key) for key in wanted.sort)


def _walk(wanted: Wanted) -> Walk:
    return Walk(wanted.type, wanted.types or types_of(wanted.type), wanted.conditions, wanted.scope, wanted.sort)


def order_of(wanted: Wanted, found: Matching) -> Order:
    """The order the rows come in."""
    keys = tuple(sort_value(key) for key in wanted.sort)
    if not keys and not found.driven:  # a walk through the type: its unique index gives the order
        keys = (BY_ID,) if len(types_of(wanted.type)) == 1 else (BY_TYPE, BY_ID)
    if found.few:
        keys = tuple(key.sorted_afterwards() for key in keys)
    return Order(keys, found.rid, afterwards=found.few and found.rid is found.table.c.rid)


def directions(order: Order, wanted: Wanted) -> tuple[bool, ...]:
    """By sort value, whether the statement reads from the greatest down."""
    return tuple(falls != wanted.back for falls in downward(order.keys))


def page(wanted: Wanted) -> Select[Any]:
    """The rows of one page and one more; a later page leaves out what `moved` gives."""
    if wanted.drive is Drive.WALK:
        return _merged([_rows(branch.found, branch.order, wanted) for branch in branches(_walk(wanted))], wanted)
    found = matching(wanted.type, wanted.conditions, wanted.scope, drive=wanted.drive)
    return _rows(found, order_of(wanted, found), wanted)


@cache
def weights(make: Callable[[Wanted], Select[Any]]) -> Callable[[Wanted], Select[Any]]:
    """The bytes of each body that a statement gives, without reading them."""

    def weighing(wanted: Wanted) -> Select[Any]:
        rows = make(wanted).subquery("weighed")
        return select(SEQ, func.length(rows.c.body))

    weighing.__name__ = f"weights of {make.__name__}"  # statements are kept by name
    return weighing


def _rows(found: Matching, order: Order, wanted: Wanted) -> Select[Any]:
    statement = _listing(found, order)
    down = directions(order, wanted)
    if wanted.seq is not None:
        still = _existed(found.rid, wanted.seq) if order.fixed else ~_changed(found.rid, wanted.seq)
        statement = statement.where(after(order, down, wanted.place), still)
    return statement.order_by(*by(order, down)).limit(wanted.limit)


def _merged(parts: Sequence[Select[Any]], wanted: Wanted) -> Select[Any]:
    """The first rows of all parts together."""
    if len(parts) == 1:
        return parts[0]
    alike = [part.subquery(f"part_{number}") for number, part in enumerate(parts)]
    whole = union_all(*(select(*each.c) for each in alike)).subquery("parts")
    columns = list(whole.c)
    down = tuple(falls != wanted.back for falls in downward(sort_values(wanted)))
    order = [
        column.desc() if falls else column for column, falls in zip((*columns[HEAD:], columns[1]), down, strict=True)
    ]
    return select(*columns).order_by(*order).limit(wanted.limit)


def _head(rid: ColumnElement[int]) -> tuple[ColumnElement[Any], ...]:
    return SEQ, rid, resource.c.type, resource.c.id, resource.c.version, resource.c.body


def _listing(found: Matching, order: Order) -> Select[Any]:
    source = found.source
    for key in order.keys:
        if key.join is not None:
            source = source.outerjoin(key.join, key.join.c.rid == resource.c.rid)
    columns = (column.label(f"k{number}") for number, column in enumerate(order.columns()))
    return select(*_head(found.rid), *columns).select_from(source).where(*found.where)


def moved(wanted: Wanted) -> Select[Any]:
    """What matches and was changed after the snapshot, beside last_updated, deleted and body of its version then."""
    found = walked(wanted.type, wanted.conditions, wanted.scope)
    since = select(change.c.rid).where(of_type(change, wanted.type), change.c.seq > wanted.seq, change.c.version > 1)
    then = (
        select(func.max(change.c.version))
        .where(change.c.rid == resource.c.rid, change.c.seq <= wanted.seq)
        .correlate(resource)
        .scalar_subquery()
    )
    source = found.source.join(version, (version.c.rid == resource.c.rid) & (version.c.version == then))
    return (
        select(*_head(found.rid), version.c.last_updated, version.c.deleted, version.c.body)
        .select_from(source)
        .where(*found.where, resource.c.rid.in_(since))
        .limit(wanted.limit)
    )


def _existed(rid: ColumnElement[int], seq: Any) -> ColumnElement[bool]:
    """Not created after the snapshot."""
    return ~probe(
        select(literal(1)).where(change.c.rid == rid, change.c.version == 1, change.c.seq > seq).correlate(rid.table)
    )


def _changed(rid: ColumnElement[int], seq: Any) -> ColumnElement[bool]:
    return probe(select(literal(1)).where(change.c.rid == rid, change.c.seq > seq).correlate(rid.table))


# ----------------------------------------------------------------------------------------- totals


def total(wanted: Wanted) -> Select[Any]:
    """(seq, how many match), counted no further than `limit`; 0 is no limit."""
    hits = matching_list(wanted.conditions[0]) if counted_by_index(wanted) else None
    if hits is None:
        drive = Drive.RANK if wanted.drive is Drive.WALK else wanted.drive
        found = matching(wanted.type, wanted.conditions, wanted.scope, drive=drive)
        hits = select(found.rid).select_from(found.source).where(*found.where)
    if wanted.limit:
        hits = hits.limit(wanted.limit)
    return select(SEQ, func.count()).select_from(hits.subquery())


def counted_by_index(wanted: Wanted) -> bool:
    """Whether one range of one index is all there is to count: lists hold no deleted resources, and all are visible."""
    return len(wanted.conditions) == 1 and wanted.scope.owners is None and is_list(wanted.conditions[0])


def sized(wanted: Wanted) -> Select[Any]:
    """(seq, how many entries the list of the one condition has), counted no further than `limit`."""
    listed = listed_rids(wanted.conditions[0], wanted.type)
    return select(SEQ, func.count()).select_from(listed.limit(wanted.limit).subquery())


def living_types(wanted: Wanted) -> Select[Any]:
    """(seq, each type there is something of)."""
    counters = type_count.c
    return select(SEQ, counters.type).where(of_type(type_count, wanted.type), counters.living > 0).distinct()


def type_total(wanted: Wanted) -> Select[Any]:
    """(seq, how many there are of the types), from the counters."""
    counters = type_count.c
    return select(SEQ, func.coalesce(func.sum(counters.living), 0)).where(
        of_type(type_count, wanted.type), wanted.scope.predicate(type_count)
    )


# --------------------------------------------------------------------------------------- includes


def forward(wanted: Wanted) -> Select[Any]:
    """What the resources `rids` refer to through `params`, of the wanted types."""
    referred = select(sp_reference.c.target).where(wanted.rids(sp_reference.c.rid), _through(wanted))
    return _included(referred, wanted)


def backward(wanted: Wanted) -> Select[Any]:
    """What of the wanted type refers to the resources `rids`."""
    sources = select(sp_reference.c.rid).where(wanted.rids(sp_reference.c.target), _through(wanted))
    return _included(sources, wanted)


def forward_by_url(wanted: Wanted) -> Select[Any]:
    """What the resources `rids` name by canonical URL through `params`, of the wanted types."""
    named = _named(wanted, url_params(types_of(wanted.type))).where(wanted.rids(sp_key.c.rid))
    return _included(named.with_only_columns(URLS.c.rid), wanted)


def backward_by_url(wanted: Wanted) -> Select[Any]:
    """What of the wanted type names the resources `rids` by canonical URL."""
    naming = _named(wanted, url_params(types_of(EVERY))).where(wanted.rids(URLS.c.rid))
    return _included(naming.with_only_columns(sp_key.c.rid), wanted)


def _named(wanted: Wanted, urls: tuple[int, ...]) -> Select[Any]:
    matching_urls = URLS.join(sp_key, sp_key.c.hash == URLS.c.hash)
    return (
        select(URLS.c.rid).select_from(matching_urls).where(URLS.c.param.in_(urls), sp_key.c.param.in_(wanted.params))
    )


def _through(wanted: Wanted) -> ColumnElement[bool]:
    return sp_reference.c.param.in_(wanted.params)


def _included(rids: Select[Any], wanted: Wanted) -> Select[Any]:
    # The type is not to be looked up by an index: the list of rids is short.
    kinds = true() if wanted.type == EVERY else hidden(resource.c.type).in_(types_of(wanted.type))
    seen = and_(visible(resource, EVERY, wanted.scope), kinds)
    statement = select(*_head(resource.c.rid)).where(resource.c.rid.in_(rids), seen)
    return statement.order_by(resource.c.rid).limit(wanted.limit)
