"""What `_include` and `_revinclude` bring along (FHIR R4 search.html#include): each once, and none of the matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Select

from fhir_server.search import compile as sql
from fhir_server.search import heavy
from fhir_server.search.compile import Wanted
from fhir_server.search.heavy import FEW
from fhir_server.search.matching import by_url
from fhir_server.search.parameters import EVERY
from fhir_server.search.query import Include, Query
from fhir_server.search.seen import Seen
from fhir_server.security.scope import Scope
from fhir_server.store.reading import Row
from profiles.definitions import resource_types

INCLUDED_MOST = 10_000
"""Resources one page may bring along; more is refused, not cut off in silence."""
_DEEPEST = 5
"""Rounds of `:iterate`."""
_Ask = tuple[Callable[[Wanted], Select[Any]], Wanted]


def included(query: Query, scope: Scope, seen: Seen, types: Mapping[int, str]) -> list[Row] | None:
    """The rows that come along with the matches, given by rid with their types; None when it is too much."""
    if not types or not (query.includes or query.revincludes):
        return []
    known, found, frontier = set(types), dict[int, Row](), types
    for depth in range(_DEEPEST):
        asks = _asks(query, scope, seen, frontier, first=depth == 0)
        fresh: dict[int, Row] = {}
        for make, wanted in asks:
            rows = _rows(seen, make, wanted)
            if rows is None:
                return None
            fresh |= {row[1]: row for row in rows if row[1] not in known}
        if not fresh:
            break
        found.update(fresh)
        if len(found) > INCLUDED_MOST:
            return None
        known.update(fresh)
        frontier = {rid: row[2] for rid, row in fresh.items()}
    return list(found.values())


def _rows(seen: Seen, make: Callable[[Wanted], Select[Any]], wanted: Wanted) -> list[Row] | None:
    """The rows; None when they are too heavy. Most are few, and those are not weighed first."""
    rows = seen.rows(make, replace(wanted, limit=FEW))
    if len(rows) < FEW:
        return rows
    weight = sum(size for _, size in seen.rows(sql.weights(make), wanted))
    return seen.rows(make, wanted) if weight <= heavy.MOST_BYTES else None


def _asks(query: Query, scope: Scope, seen: Seen, frontier: Mapping[int, str], *, first: bool) -> Iterator[_Ask]:
    for include in query.includes:
        rids = [rid for rid, kind in frontier.items() if kind == include.source]
        if rids and (first or include.iterate):
            types = (include.target,) if include.target else include_targets(include)
            for way in (sql.forward, sql.forward_by_url)[: 2 if by_urls(include) else 1]:
                yield way, _wanted(_name(types), include, scope, seen, rids)
    for include in query.revincludes:
        targets = (include.target,) if include.target else include_targets(include)
        rids = [rid for rid, kind in frontier.items() if kind in targets]
        if rids and (first or include.iterate):
            for way in (sql.backward, sql.backward_by_url)[: 2 if by_urls(include) else 1]:
                yield way, _wanted(include.source, include, scope, seen, rids)


def _wanted(name: str, include: Include, scope: Scope, seen: Seen, rids: list[int]) -> Wanted:
    params = tuple(sorted({param for parameter in include.parameters for param in parameter.params}))
    return Wanted(name, (), scope, limit=INCLUDED_MOST + 1, rids=seen.source.listed(rids), params=params)


@lru_cache(maxsize=1024)
def _name(types: tuple[str, ...]) -> str:
    return EVERY if len(types) == len(resource_types()) else ",".join(types)


def by_urls(include: Include) -> bool:
    """Whether some of the references are canonical URLs."""
    return any(by_url(parameter) for parameter in include.parameters)


def include_targets(include: Include) -> tuple[str, ...]:
    """The types the references of an include may point to."""
    return tuple(sorted({target for parameter in include.parameters for target in parameter.targets}))
