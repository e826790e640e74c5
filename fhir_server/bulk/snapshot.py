"""The store as it stood after one change: each resource in the version it had then, whatever is written meanwhile.

The log of changes is the clock. A resource that was changed after that number is read from its older versions; one that
came later is not there; one that was deleted later is. What is picked is told by the keys of search where the resource
has not changed since, and from the older version itself where it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from fhir_server.security.scope import Scope
from fhir_server.store.schema import change, resource, version

PAGE = 200
"""Rows that are read at once."""


@dataclass(frozen=True, slots=True)
class Stood:
    """A resource as of the snapshot. `body` is empty when it was deleted then; `before` is its last living body."""

    type: str
    id: str
    last_updated: int
    deleted: bool
    body: bytes
    before: bytes


@dataclass(frozen=True, slots=True)
class Picked:
    """Which resources of a type are wanted: by a condition on the row, and by looking at an older body."""

    where: ColumnElement[bool]
    fits: Callable[[bytes], bool]


def last_change(connection: Connection) -> tuple[int, int]:
    """The number of the last change and its time; zeros when there is none."""
    row = connection.execute(select(change.c.seq, change.c.last_updated).order_by(change.c.seq.desc()).limit(1)).first()
    return (0, 0) if row is None else (row.seq, row.last_updated)


def page(
    connection: Connection, resource_type: str, after: str, seq: int, scope: Scope, picked: Picked | None
) -> tuple[list[Stood], str]:
    """Up to PAGE resources behind the id `after`, and the id of the last row looked at, '' at the end."""
    columns = (resource.c.rid, resource.c.id, resource.c.version, resource.c.last_updated, resource.c.deleted)
    statement = (
        select(*columns, resource.c.body)
        .where(resource.c.type == resource_type, resource.c.id > after, resource.c.version > 0)
        .where(scope.predicate(resource))
        .order_by(resource.c.id)
        .limit(PAGE)
    )
    if picked is not None:
        later = select(change.c.rid).where(change.c.seq > seq)
        gone = resource.c.deleted.is_(True)  # has no keys any more; its last body tells
        statement = statement.where(or_(picked.where, gone, resource.c.rid.in_(later)))
    rows = connection.execute(statement).all()
    changed = _changed(connection, [row.rid for row in rows], seq)
    found = []
    for row in rows:
        stood = _stood(connection, resource_type, row, changed.get(row.rid))
        untouched = row.rid not in changed and not row.deleted
        if stood is not None and (picked is None or untouched or picked.fits(stood.body or stood.before)):
            found.append(stood)
    return found, rows[-1].id if len(rows) == PAGE else ""


def _changed(connection: Connection, rids: list[int], seq: int) -> dict[int, int]:
    """The first version of each that came after the snapshot."""
    if not rids:
        return {}
    first = func.min(change.c.version)
    statement = select(change.c.rid, first).where(change.c.rid.in_(rids), change.c.seq > seq).group_by(change.c.rid)
    rows = connection.execute(statement)
    return {row[0]: row[1] for row in rows}


def _stood(connection: Connection, resource_type: str, row: Any, later: int | None) -> Stood | None:
    rid, name, number, updated, deleted, body = row
    if later is not None:
        number = later - 1
        older = _version(connection, rid, number)
        if older is None:
            return None
        updated, deleted, body = older
    before = _before(connection, rid, number) if deleted else b""
    return Stood(resource_type, name, updated, bool(deleted), bytes(body), before)


def _version(connection: Connection, rid: int, number: int) -> tuple[int, bool, bytes] | None:
    columns = (version.c.last_updated, version.c.deleted, version.c.body)
    row = connection.execute(select(*columns).where(version.c.rid == rid, version.c.version == number)).first()
    return None if row is None else (row[0], bool(row[1]), bytes(row[2]))


def _before(connection: Connection, rid: int, number: int) -> bytes:
    row = _version(connection, rid, number - 1)
    return b"" if row is None else row[2]


def walk(
    connection: Connection, resource_type: str, after: str, seq: int, scope: Scope, picked: Picked | None
) -> Iterator[tuple[list[Stood], str]]:
    """Page after page to the end; each with the id where the next one begins, '' when there is none."""
    while True:
        found, after = page(connection, resource_type, after, seq, scope, picked)
        yield found, after
        if not after:
            return
