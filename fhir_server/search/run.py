"""Carries out a Query: one page, what is included, the total (FHIR R4 search.html).

All that is said belongs to one state of the store and to one scope. On PostgreSQL each statement says which state it
saw; when two of them differ, everything is read again inside a snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from sqlalchemy import Connection

from fhir_server.search import compile as sql
from fhir_server.search import heavy, totals
from fhir_server.search.compile import Wanted
from fhir_server.search.cursor import Cursor, open_sealed, seal
from fhir_server.search.heavy import FEW
from fhir_server.search.included import INCLUDED_MOST, included
from fhir_server.search.moved import place, with_moved
from fhir_server.search.plan import Plan, as_planned, planned
from fhir_server.search.query import Query
from fhir_server.search.seen import Seen, Shifted
from fhir_server.security.scope import Scope
from fhir_server.store.database import reader
from fhir_server.store.reading import Reader, Row
from profiles.issue import Issue


@dataclass(frozen=True, slots=True)
class Found:
    """One resource of an answer; `body` is the stored bytes."""

    type: str
    id: str
    version: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """`total` is exact or None; `next` and `previous` are the cursors of the pages beside this one, or ''."""

    matches: tuple[Found, ...]
    included: tuple[Found, ...]
    total: int | None
    next: str
    previous: str = ""


def run(query: Query, scope: Scope, connection: Connection | Reader, key: bytes) -> Page | tuple[Issue, ...]:
    """The page a Query asks for, or why not."""
    source = reader(connection) if isinstance(connection, Connection) else connection
    try:
        return _run(query, scope, Seen(source), key)
    except Shifted:
        with source.snapshot():
            return _run(query, scope, Seen(source), key)


def _run(query: Query, scope: Scope, seen: Seen, key: bytes) -> Page | tuple[Issue, ...]:
    wanted = Wanted(query.type, query.conditions, scope, query.sort, query.count + 1)
    if query.count == 0 or query.summary == "count":
        return Page((), (), totals.exact(wanted, seen), "")
    cursor = None
    if query.cursor:
        cursor = open_sealed(query, scope, key)
        if cursor is None:
            return (Issue("search-cursor", "http._cursor"),)
        wanted = replace(wanted, place=(*cursor.after, cursor.rid), seq=cursor.seq, back=cursor.back)
        wanted, plan = as_planned(wanted, cursor.plan, seen), cursor.plan
    else:
        wanted, plan = planned(wanted, seen)
    light = _light(wanted, seen)
    rows: list[Row] | None = seen.rows(sql.page, light)
    if cursor is not None:
        rows = with_moved(rows or [], wanted, seen)
        if rows is None:
            return (Issue("search-expired", "http._cursor"),)
    assert rows is not None
    size = min(query.count, light.limit)
    more, rows = len(rows) > query.count or light is not wanted, rows[:size]
    if wanted.back:
        rows.reverse()
    total = cursor.total if cursor else _total(query, wanted, seen, len(rows), more=more)
    along = included(query, scope, seen, {row[1]: row[2] for row in rows})
    if along is None:
        return (Issue("search-too-costly", "http._include", details={"limit": str(INCLUDED_MOST)}),)
    beside = _Beside(query, scope, key, cursor.seq if cursor else seen.seq or 0, total, plan)
    return Page(
        _found(rows),
        _found(along),
        total,
        next=beside.after(rows) if rows and (more or wanted.back) else "",
        previous=beside.before(rows) if rows and (more if wanted.back else cursor is not None) else "",
    )


def _light(wanted: Wanted, seen: Seen) -> Wanted:
    """The page, or as much of a long one as may lie in memory: it then is shorter than was asked for, and goes on."""
    if wanted.limit <= FEW:
        return wanted
    sizes = [size for _, size in seen.rows(sql.weights(sql.page), wanted)]
    fitting = sum(together <= heavy.MOST_BYTES for together in accumulate(sizes))
    return wanted if fitting == len(sizes) else replace(wanted, limit=max(fitting, 1))


def _found(rows: Sequence[Row]) -> tuple[Found, ...]:
    return tuple(Found(row[2], row[3], row[4], bytes(row[5])) for row in rows)


def _total(query: Query, wanted: Wanted, seen: Seen, shown: int, *, more: bool) -> int | None:
    """Exact, or None: not asked for, or too many to count beside the page."""
    if query.total == "none":
        return None
    if not more:
        return shown
    return totals.exact(wanted, seen) if query.total else totals.affordable(wanted, seen)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Makes the cursors of the pages beside one."""

    query: Query
    scope: Scope
    key: bytes
    seq: int
    total: int | None
    plan: Plan

    def after(self, rows: Sequence[Row]) -> str:
        return self._sealed(rows[-1], back=False)

    def before(self, rows: Sequence[Row]) -> str:
        return self._sealed(rows[0], back=True)

    def _sealed(self, row: Row, *, back: bool) -> str:
        *values, rid = place(row)
        return seal(Cursor(self.seq, tuple(values), rid, self.total, back, self.plan), self.query, self.scope, self.key)
