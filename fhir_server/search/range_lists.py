"""Dates, numbers and quantities: ranges compared in the lists of ranges (`sp_range`; FHIR R4 search.html#prefix)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, literal, literal_column, or_, select, union_all
from sqlalchemy.sql.expression import FromClause

from fhir_server.search.alternatives import LISTS, any_of, one_of
from fhir_server.search.condition import Criterion, Together
from fhir_server.search.key_lists import Rids, key_rids, keys_exist
from fhir_server.search.keys import unit_param
from fhir_server.search.probe import probe
from fhir_server.search.slots import SlotSpan
from fhir_server.search.values import Span
from fhir_server.store.schema import LONG, is_long, sp_range


def compared(span: Span, low: Any, high: Any) -> ColumnElement[bool]:
    """A stored range against the range of the query (search.html#prefix; `eq` is containment).

    Lists are sorted by `low`, so a bound on `low` is said even where the one on `high` implies it.
    """
    match span.prefix:
        case "eq":
            return and_(low >= span.low, low <= span.high, high <= span.high)
        case "ne":
            return or_(low < span.low, high > span.high)
        case "gt":
            return high > span.high
        case "lt":
            return low < span.low
        case "ge":
            return or_(low >= span.low, high > span.high)
        case "le":
            return and_(low <= span.high, or_(high <= span.high, low < span.low))
        case "sa":
            return low > span.high
        case "eb":
            return and_(low < span.low, high < span.low)
        case "ap" | "po":
            return and_(low <= span.high, high >= span.low)


def ranges_met(criterion: Criterion, table: FromClause) -> ColumnElement[bool]:
    """The row of `table` has a range that meets one of the values."""
    params, values = criterion.parameter.params, criterion.values
    if len(values) > LISTS:
        there = select(literal(1)).select_from(sp_range).where(sp_range.c.rid == table.c.rid, _in_a_span(criterion))
        return probe(there.correlate(table))
    return any_of(_range_exists(params, value, table) for value in values if isinstance(value, Span))


def range_params(params: tuple[int, ...], span: Span) -> tuple[int, ...]:
    """The lists of numbers to look into: those of the unit, when the value names one."""
    if isinstance(span, SlotSpan):
        return span.params
    return params if span.unit is None else tuple(unit_param(param, *span.unit) for param in params)


def _range_exists(params: tuple[int, ...], span: Span, table: FromClause) -> ColumnElement[bool]:
    return probe(
        select(literal(1))
        .select_from(sp_range)
        .where(
            sp_range.c.rid == table.c.rid,
            one_of(sp_range.c.param, range_params(params, span)),
            compared(span, sp_range.c.low, sp_range.c.high),
        )
        .correlate(table)
    )


def range_rids(criterion: Criterion) -> Any:
    """The rids of what has a range that meets one of the values, each read from the index that bounds it."""
    params = criterion.parameter.params
    if len(criterion.values) > LISTS:
        return select(sp_range.c.rid).where(_in_a_span(criterion))
    parts = [
        select(sp_range.c.rid).where(one_of(sp_range.c.param, range_params(params, value)), part)
        for value in criterion.values
        if isinstance(value, Span)
        for part in bounded(value, sp_range)
    ]
    return parts[0] if len(parts) == 1 else union_all(*parts)


def _in_a_span(criterion: Criterion) -> ColumnElement[bool]:
    """A row of the list meets one of many values. They are looked through one after the other: a database that may
    look for each of them in an index takes longer to plan that than to read the whole list.
    """
    low, high = later(sp_range.c.low), later(sp_range.c.high)
    by_list: dict[tuple[int, ...], list[ColumnElement[bool]]] = {}
    for value in dict.fromkeys(criterion.values):
        if isinstance(value, Span):
            lists = range_params(criterion.parameter.params, value)
            by_list.setdefault(lists, []).append(compared(value, low, high))
    return any_of(and_(one_of(sp_range.c.param, lists), any_of(tests)) for lists, tests in by_list.items())


def bounded(span: Span, ranges: FromClause) -> tuple[ColumnElement[bool], ...]:
    """`compared`, in parts that do not overlap and that each have a bound on an index.

    Lists are sorted by `low`. What only its end makes a match is looked for among the short ranges that begin shortly
    before, and among the long ones, which have an index by their end.
    """
    low, high = ranges.c.low, ranges.c.high
    if span.prefix not in _BY_END:
        return (compared(span, low, high),)
    # (ranges that begin here match whatever their end is, the end that makes the others match)
    inside, ending, end = {
        "gt": (low > span.high, high > span.high, span.high),
        "ge": (low >= span.low, high > span.high, span.high),
    }.get(span.prefix, (and_(low >= span.low, low <= span.high), high >= span.low, span.low))
    first = span.high if span.prefix == "gt" else span.low
    before = low <= first if span.prefix == "gt" else low < first
    long_ago = later(low) < end - LONG  # no index on where ranges begin is to serve
    return (
        inside,
        and_(low >= end - LONG, before, ending),
        and_(is_long(ranges), ending, long_ago, later(low) <= first if span.prefix == "gt" else later(low) < first),
    )


_BY_END = frozenset({"gt", "ge", "ap", "po"})


def later(number: ColumnElement[int]) -> ColumnElement[int]:
    """The same number in a form no index has: what is found is sorted or sifted afterwards."""
    return number + literal_column("0")


def together(condition: Together, table: FromClause) -> ColumnElement[bool]:
    """Both parts of a composite in one instance, on the row of `table`."""
    if condition.keys:
        return keys_exist((condition.param,), condition.keys, table)
    return probe(
        select(literal(1))
        .select_from(sp_range)
        .where(sp_range.c.rid == table.c.rid, _ranged(condition))
        .correlate(table)
    )


def together_rids(condition: Together) -> Rids:
    if condition.keys:
        return key_rids((condition.param,), condition.keys)
    return select(sp_range.c.rid).where(_ranged(condition))


def _ranged(condition: Together) -> ColumnElement[bool]:
    low, high = sp_range.c.low, sp_range.c.high
    if condition.numbers is not None:
        first, second = condition.numbers
        return and_(sp_range.c.param == condition.param, compared(first, low, low), compared(second, high, high))
    return any_of(and_(one_of(sp_range.c.param, params), compared(span, low, high)) for params, span in condition.spans)
