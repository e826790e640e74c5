"""What a store holds, in a form that two stores can be compared by: everything but the times of writing."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import func, select

from fhir_server.store import schema
from fhir_server.store.database import Database

State = dict[tuple[str, str], tuple[int, Any]]


def of(database: Database) -> State:
    """(type, id) → (version, body without meta.lastUpdated), of everything ever written."""
    with database.read() as connection:
        rows = connection.execute(select(schema.resource).where(schema.resource.c.version > 0)).all()
    found: State = {}
    for row in rows:
        body = orjson.loads(row.body) if row.body else None
        if body:
            body["meta"].pop("lastUpdated")
        found[row.type, row.id] = (row.version, body)
    return found


def versions(database: Database) -> int:
    """How many versions were written in all."""
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(schema.change)).scalar_one())


def journalled(database: Database, status: str) -> int:
    """How many journal rows have the status."""
    query = select(func.count()).select_from(schema.journal).where(schema.journal.c.status == status)
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


def difference(one: State, other: State) -> list[str]:
    """What differs, in words, at most ten lines; empty when the states are equal."""
    lines = [f"only in the first: {key}" for key in sorted(one.keys() - other.keys())]
    lines += [f"only in the second: {key}" for key in sorted(other.keys() - one.keys())]
    for key in sorted(one.keys() & other.keys()):
        if one[key] != other[key]:
            (v1, b1), (v2, b2) = one[key], other[key]
            parts = [n for n in sorted({*(b1 or {}), *(b2 or {})}) if (b1 or {}).get(n) != (b2 or {}).get(n)]
            lines.append(f"{key}: version {v1} and {v2}, elements {parts}")
    return lines[:10]
