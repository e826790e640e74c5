"""Carries out a Query on a connection: one page, what is included, the total (FHIR R4 search.html).

Everything read here is read in one transaction, under one scope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, Select, select

from fhir_server.search import compile as sql
from fhir_server.search.cursor import Cursor, open_sealed, seal
from fhir_server.search.matching import Matching, matching, visible
from fhir_server.search.query import Include, Query
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource, sp_reference
from profiles.issue import Issue

INCLUDED_MOST = 10_000
"""Resources one page may bring along; more is refused, not cut off in silence."""
_DEEPEST = 5
"""Rounds of `:iterate`."""


@dataclass(frozen=True, slots=True)
class Found:
    """One resource of an answer; `body` is the stored bytes."""

    type: str
    id: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is exact or None; `next` is the cursor of the page that follows, or ''."""

    matches: tuple[Found, ...]
    included: tuple[Found, ...]
    total: int | None
    next: str


def run(query: Query, scope: Scope, connection: Connection, key: bytes) -> Page | tuple[Issue, ...]:
    """The page a Query asks for, or why not."""
    cursor = None
    if query.cursor:
        cursor = open_sealed(query, scope, key)
        if cursor is None:
            return (Issue("search-cursor", "http._cursor"),)
    found = matching(query.type, query.conditions, scope)
    if query.count == 0 or query.summary == "count":
        return Page((), (), _count(found, connection, None), "")
    rows = connection.execute(sql.page(found, query, cursor)).all()
    page_rows = rows[: query.count]
    counted = _total(query, found, connection, cursor, rows)
    following = ""
    if len(rows) > query.count:
        seq = cursor.seq if cursor else connection.execute(sql.SNAPSHOT).scalar_one()
        last = page_rows[-1]
        following = seal(Cursor(seq, tuple(last[5:]), last[0], counted), query, scope, key)
    included = _included(query, scope, connection, [row[0] for row in page_rows])
    if included is None:
        return (Issue("search-too-costly", "http._include", details={"limit": str(INCLUDED_MOST)}),)
    matches = tuple(Found(query.type, row[1], row[2], bytes(row[4])) for row in page_rows)
    return Page(matches, included, counted, following)


def _total(
    query: Query, found: Matching, connection: Connection, cursor: Cursor | None, rows: Sequence[Row]
) -> int | None:
    """Exact, or None: not asked for, or too many to count beside the page."""
    if query.total == "none":
        return None
    if cursor is not None:
        return cursor.total
    if len(rows) <= query.count:
        return len(rows)
    if query.total:
        return _count(found, connection, None)
    counted = _count(found, connection, sql.COUNTED + 1)
    return counted if counted <= sql.COUNTED else None


def _count(found: Matching, connection: Connection, most: int | None) -> int:
    return connection.execute(sql.total(found, most)).scalar_one()


# --------------------------------------------------------------------------------------- includes


def _included(query: Query, scope: Scope, connection: Connection, rids: list[int]) -> tuple[Found, ...] | None:
    """What `_include` and `_revinclude` bring, each once and none of the matches; None when it is too much."""
    if not rids or not (query.includes or query.revincludes):
        return ()
    types = dict.fromkeys(rids, query.type)
    known, found, frontier = set(rids), {}, types
    for depth in range(_DEEPEST):
        rows = [
            row
            for statement in _statements(query, scope, frontier, first=depth == 0)
            for row in connection.execute(statement.limit(INCLUDED_MOST + 1))
            if row.rid not in known
        ]
        fresh = {row.rid: row for row in rows}
        if not fresh:
            break
        found.update(fresh)
        if len(found) > INCLUDED_MOST:
            return None
        known.update(fresh)
        frontier = {rid: row.type for rid, row in fresh.items()}
    return tuple(Found(row.type, row.id, row.version, bytes(row.body)) for row in found.values())


def _statements(query: Query, scope: Scope, frontier: dict[int, str], *, first: bool) -> list[Select]:
    statements = []
    for include in query.includes:
        rids = [rid for rid, kind in frontier.items() if kind == include.source]
        if rids and (first or include.iterate):
            statements.append(_forward(include, scope, rids))
    for include in query.revincludes:
        targets = include_targets(include)
        rids = [rid for rid, kind in frontier.items() if kind in targets]
        if rids and (first or include.iterate):
            statements.append(_backward(include, scope, rids))
    return statements


_COLUMNS = (resource.c.rid, resource.c.type, resource.c.id, resource.c.version, resource.c.body)


def _forward(include: Include, scope: Scope, rids: list[int]) -> Select:
    """What the given resources refer to."""
    referred = select(sp_reference.c.target).where(
        sp_reference.c.rid.in_(rids), sp_reference.c.param.in_(_params(include))
    )
    statement = _by_rids(referred).where(
        resource.c.deleted.is_(False), resource.c.version > 0, scope.predicate(resource)
    )
    targets = (include.target,) if include.target else include_targets(include)
    return statement.where(resource.c.type.in_(targets))


def _by_rids(rids: Select) -> Select:
    return select(*_COLUMNS).where(resource.c.rid.in_(rids)).order_by(resource.c.rid)


def include_targets(include: Include) -> tuple[str, ...]:
    """The types the references of an include may point to."""
    return tuple(sorted({target for parameter in include.parameters for target in parameter.targets}))


def _backward(include: Include, scope: Scope, rids: list[int]) -> Select:
    """What refers to the given resources."""
    sources = select(sp_reference.c.rid).where(
        sp_reference.c.target.in_(rids), sp_reference.c.param.in_(_params(include))
    )
    return _by_rids(sources).where(visible(resource, include.source, scope))


def _params(include: Include) -> list[int]:
    return sorted({param for parameter in include.parameters for param in parameter.params})
