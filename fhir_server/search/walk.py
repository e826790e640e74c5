"""Searches that walk: rows are read in the order asked for and probed, so that a page costs the page (see `plan`).

Where no single index has the order, the walk has branches, each in the order of one index, and a page is merged from
the first rows of each: one branch a type, one for what has no date, one for the few ranges that began long before.
Without `_sort` the order is that of the list that drives; a resource with several values in it stands at the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, literal, literal_column, or_, select, true
from sqlalchemy.sql.expression import FromClause

from fhir_server.search import range_lists, text_lists
from fhir_server.search.condition import Condition, Criterion
from fhir_server.search.instants import EARLIEST, LATEST
from fhir_server.search.matching import Matching, met, single_key, visible
from fhir_server.search.order import BY_ID, BY_TYPE, Order, Past, SortValue, sort_value
from fhir_server.search.parameters import EVERY, Parameter, clinical_date, parameters, types_of
from fhir_server.search.probe import probe
from fhir_server.search.query import SortKey
from fhir_server.search.timed import Lists, lists_of, timed
from fhir_server.search.values import Span
from fhir_server.security.scope import Scope
from fhir_server.store.schema import NO_DATE, dated, resource, sp_key, sp_range, sp_string

BY_UPDATED = 4
"""What `drives` says of `_lastUpdated`."""
_LONG = 2
"""The part of `range_lists.bounded` that is read from the index of long ranges, and sorted."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What is walked: the resources of the `types` that meet the conditions, in the order of `sort`."""

    type: str
    types: tuple[str, ...]
    conditions: tuple[Condition, ...]
    scope: Scope
    sort: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """Rows in the order of one index. Every branch of a walk has as many sort values."""

    found: Matching
    order: Order


def in_order(sort: Sequence[SortKey], resource_type: str) -> bool:
    """Whether an index has the order asked for."""
    if len(sort) != 1:
        return False
    parameter = sort[0].parameter
    return parameter.code in ("_lastUpdated", "_id") or _is_main_date(parameter, resource_type)


def _is_main_date(parameter: Parameter, resource_type: str) -> bool:
    return parameter.kind == "date" and parameter == clinical_date(resource_type)


def drives(condition: Condition) -> int:
    """How well a condition that many meet gives an unsorted walk its order: 0 not at all, else the lower the better."""
    if not isinstance(condition, Criterion):
        return 0
    if single_key(condition) is not None:
        return 1
    if not condition.parameter.sources:
        return BY_UPDATED if condition.parameter.code == "_lastUpdated" and condition.modifier == "" else 0
    if condition.modifier == "" and len(condition.values) == 1 and len(condition.parameter.params) == 1:
        if text_lists.by_text(condition):
            return 2
        span, params = condition.values[0], condition.parameter.params
        return 3 if isinstance(span, Span) and range_lists.range_params(params, span) == params else 0
    return 0


def keys_of(walk: Walk) -> tuple[SortValue, ...]:
    """The sort values of the rows, as `moved` compares them with the past."""
    return branches(walk)[0].order.keys


def branches(walk: Walk) -> tuple[Branch, ...]:
    """Each in the order of one index, all in the same order."""
    if walk.sort:
        return tuple(each for name in walk.types for each in _sorted(walk, name))
    driver, *others = walk.conditions or (None,)
    both = lists_of(driver)
    if both is not None and any(_dates(each, walk.type) for each in others):
        return tuple(_timed(walk, both, descending=True))
    match drives(driver) if driver is not None else 0:
        case 1 if isinstance(driver, Criterion):
            return (_by_key(walk, driver, others),)
        case 2 if isinstance(driver, Criterion):
            return (_by_text(walk, driver, others),)
        case 3 if isinstance(driver, Criterion):
            return tuple(_by_range(walk, driver, others))
        case _ if driver is not None and drives(driver) == BY_UPDATED:
            updated = parameters(walk.type)["_lastUpdated"]
            return tuple(
                each for name in walk.types for each in _sorted(replace(walk, sort=(SortKey(updated, False),)), name)
            )
        case _:
            keys = (BY_ID,) if len(types_of(walk.type)) == 1 else (BY_TYPE, BY_ID)
            return (Branch(_rows(walk, walk.type), Order(keys, resource.c.rid)),)


def _probes(walk: Walk, several: Iterable[Condition]) -> tuple[ColumnElement[bool], ...]:
    return tuple(met(condition, resource, walk.scope, 0) for condition in several)


def _rows(walk: Walk, name: str, *more: ColumnElement[bool]) -> Matching:
    """The rows of a type, probed."""
    where = (visible(resource, name, walk.scope), *_probes(walk, walk.conditions), *more)
    return Matching(resource, resource, resource.c.rid, where, driven=False, few=False)


def _sorted(walk: Walk, name: str) -> tuple[Branch, ...]:
    key = walk.sort[0]
    value = sort_value(key)
    both = lists_of(walk.conditions[0]) if walk.conditions and len(walk.types) == 1 else None
    if both is not None and _is_main_date(key.parameter, name):
        return tuple(_timed(walk, both, descending=key.descending))
    if key.parameter.code in ("_id", "_lastUpdated"):
        return (Branch(_rows(walk, name), Order((value,), resource.c.rid)),)
    if key.descending:
        return (Branch(_rows(walk, name), Order((value,), resource.c.rid)),)
    # The index has what has no date first, and it is to come last.
    with_date = replace(value, value=dated)
    without = replace(value, value=literal_column(str(LATEST), BigInteger), same=True)
    missing: ColumnElement[int] = literal_column(str(NO_DATE))
    return (
        Branch(_rows(walk, name, dated > missing), Order((with_date,), resource.c.rid)),
        Branch(_rows(walk, name, dated == missing), Order((without,), resource.c.rid)),
    )


# ------------------------------------------------------------------------------- a code by date


def _dates(condition: Condition, resource_type: str) -> Span | None:
    """The span of a plain condition on the clinical date."""
    if not isinstance(condition, Criterion) or condition.modifier or len(condition.values) != 1:
        return None
    span = condition.values[0]
    return span if isinstance(span, Span) and _is_main_date(condition.parameter, resource_type) else None


def _timed(walk: Walk, both: Lists, *, descending: bool) -> Iterable[Branch]:
    """What has a code by date (see `timed`): every condition is probed, a date also bounds the list."""
    at = sp_range.alias("timed_0")
    spans = [span for each in walk.conditions if (span := _dates(each, walk.type)) is not None]
    keys = tuple(SortValue(at.c[name], descending, place(descending)) for name, place in _PLACES)
    afterwards = (replace(keys[0], value=range_lists.later(at.c.low)), keys[1])
    for number, part in enumerate(range_lists.bounded(spans[0], at) if spans else (true(),)):
        more = [range_lists.compared(span, at.c.low, at.c.high) for span in spans[1:]]
        found = _listed(walk, at, walk.conditions, at.c.param == both.plain, part, *more)
        yield Branch(found, Order(afterwards if number == _LONG else keys, at.c.rid))
    missing: ColumnElement[int] = literal_column(str(NO_DATE))
    listed = at.c.param == both.other
    if descending:
        yield Branch(_listed(walk, at, walk.conditions, listed), Order(keys, at.c.rid))
        return
    last = tuple(replace(key, value=literal_column(str(LATEST), BigInteger), same=True) for key in keys)
    yield Branch(_listed(walk, at, walk.conditions, listed, at.c.low > missing), Order(keys, at.c.rid))
    yield Branch(_listed(walk, at, walk.conditions, listed, at.c.low == missing), Order(last, at.c.rid))


def _place(number: int) -> Callable[[bool], Callable[[Past], Any]]:
    def placed(descending: bool) -> Callable[[Past], Any]:
        def past(was: Past) -> int:
            at = was.rows.clinical_date
            if at is None:
                return NO_DATE if descending else LATEST
            places = timed(was.type)
            dates = [(low, high) for one, low, high in was.rows.ranges if places and one == places[1]]
            return dates[0][number] if len(dates) == 1 and dates[0][0] != EARLIEST else at

        return past

    return placed


_PLACES = (("low", _place(0)), ("high", _place(1)))


# ------------------------------------------------------------------------------- in the order of a list


def _listed(walk: Walk, listed: FromClause, others: Sequence[Condition], *driving: ColumnElement[bool]) -> Matching:
    """The rows of a list that are seen. A list holds resources of its own type only: the type need not be said."""
    source = listed.join(resource, resource.c.rid == listed.c.rid)
    where = (*driving, visible(resource, EVERY, walk.scope), *_probes(walk, others))
    return Matching(source, resource, listed.c.rid, where, driven=True, few=False)


def _by_key(walk: Walk, driver: Criterion, others: Sequence[Condition]) -> Branch:
    key = single_key(driver)
    assert key is not None
    listed = sp_key.alias("key_0")
    found = _listed(walk, listed, others, listed.c.param == key[0], listed.c.hash == key[1])
    return Branch(found, Order((), listed.c.rid))


def _by_text(walk: Walk, driver: Criterion, others: Sequence[Condition]) -> Branch:
    (param,) = driver.parameter.params
    texts, earlier = sp_string.alias("text_0"), sp_string.alias("text_1")
    first = ~probe(
        select(literal(1))
        .select_from(earlier)
        .where(
            earlier.c.rid == texts.c.rid,
            earlier.c.param == param,
            text_lists.fits(driver, earlier),
            earlier.c.value < texts.c.value,
        )
        .correlate(texts)
    )

    def past(was: Past) -> str:
        fitting = (text for one, text in was.rows.strings if one == param and _fits(driver, text))
        return min(fitting, default="")

    found = _listed(walk, texts, others, texts.c.param == param, text_lists.fits(driver, texts), first)
    return Branch(found, Order((SortValue(texts.c.value, False, past),), texts.c.rid))


def _fits(driver: Criterion, text: str) -> bool:
    bounds = [bound for value in driver.values for bound in text_lists.text_bounds(driver.modifier, value)]
    return any(high is not None and low <= text < high for low, high in bounds)


def _by_range(walk: Walk, driver: Criterion, others: Sequence[Condition]) -> Iterable[Branch]:
    (param,), (span,) = driver.parameter.params, driver.values
    assert isinstance(span, Span)
    ranges, earlier = sp_range.alias("range_0"), sp_range.alias("range_1")
    first = ~probe(
        select(literal(1))
        .select_from(earlier)
        .where(
            earlier.c.rid == ranges.c.rid,
            earlier.c.param == param,
            range_lists.compared(span, earlier.c.low, earlier.c.high),
            or_(
                earlier.c.low < ranges.c.low,
                and_(earlier.c.low == ranges.c.low, earlier.c.high < ranges.c.high),
            ),
        )
        .correlate(ranges)
    )

    def place(number: int) -> Callable[[Past], Any]:
        def past(was: Past) -> int:
            fitting = [(low, high) for one, low, high in was.rows.ranges if one == param and span.holds(low, high)]
            return min(fitting)[number] if fitting else 0

        return past

    keys = (SortValue(ranges.c.low, False, place(0)), SortValue(ranges.c.high, False, place(1)))
    for number, part in enumerate(range_lists.bounded(span, ranges)):
        if number == _LONG:
            keys = (replace(keys[0], value=range_lists.later(ranges.c.low)), keys[1])
        found = _listed(walk, ranges, others, ranges.c.param == param, part, first)
        yield Branch(found, Order(keys, ranges.c.rid))
