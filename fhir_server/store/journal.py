"""Reading the journal: every inbound message with its verdict, searchable by what people remember of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, Select, select

from fhir_server.security.scope import Scope
from fhir_server.store.schema import journal


@dataclass(frozen=True, slots=True)
class Wanted:
    """A filter; empty fields do not restrict. Times in microseconds since 1970 UTC; `type` is `ADT` or `ADT^A01`."""

    since: int | None = None
    until: int | None = None
    site: str = ""
    type: str = ""
    status: str = ""
    verdict: str = ""
    control_id: str = ""
    patient_key: str = ""
    order_key: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal row; `issues` as stored: dicts with code, severity, location, expression, details."""

    id: int
    received: int
    event_time: int | None
    endpoint: str
    site: str
    application: str
    facility: str
    control_id: str
    type: str
    message_version: str
    charset_declared: str
    charset: str
    original: int | None
    patient_key: str
    order_key: str
    status: str
    verdict: str
    resources: int
    unaccounted: int
    sha256: bytes
    issues: list[dict[str, Any]] = field(default_factory=list)
    answer: bytes = b""
    ledger: bytes = b""
    raw: bytes = b""


_LIGHT = (
    "id",
    "received",
    "event_time",
    "endpoint",
    "site",
    "application",
    "facility",
    "control_id",
    "type",
    "message_version",
    "charset_declared",
    "charset",
    "original",
    "patient_key",
    "order_key",
    "status",
    "verdict",
    "resources",
    "unaccounted",
    "sha256",
    "issues",
)
_HEAVY = ("answer", "ledger", "raw")


def find(connection: Connection, scope: Scope, wanted: Wanted, *, limit: int | None = None) -> Iterator[Entry]:
    """The rows that match, oldest first, without the bodies; read by key, page by page, so memory stays flat."""
    after, left = 0, limit
    while left is None or left > 0:
        page = 500 if left is None else min(500, left)
        query = _query(_LIGHT, scope, wanted).where(journal.c.id > after).order_by(journal.c.id).limit(page)
        rows = connection.execute(query).all()
        for row in rows:
            yield _entry(row._mapping)
        if len(rows) < page:
            return
        after = rows[-1].id
        left = None if left is None else left - len(rows)


def entry(connection: Connection, scope: Scope, number: int) -> Entry | None:
    """One row with everything, `None` when it is not there or not the caller's to see."""
    columns = [journal.c[name] for name in (*_LIGHT, *_HEAVY)]
    row = connection.execute(select(*columns).where(journal.c.id == number, scope.predicate(journal))).first()
    return _entry(row._mapping) if row else None


def _query(names: tuple[str, ...], scope: Scope, wanted: Wanted) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [scope.predicate(journal)]
    for name in ("site", "status", "verdict", "control_id", "patient_key", "order_key"):
        value = getattr(wanted, name)
        if value:
            conditions.append(journal.c[name] == value)
    if wanted.type:
        exact = "^" in wanted.type
        conditions.append(journal.c.type == wanted.type if exact else journal.c.type.startswith(wanted.type + "^"))
    if wanted.since is not None:
        conditions.append(journal.c.received >= wanted.since)
    if wanted.until is not None:
        conditions.append(journal.c.received < wanted.until)
    return select(*(journal.c[name] for name in names)).where(*conditions)


def _entry(row: Any) -> Entry:
    values = dict(row)
    values["issues"] = orjson.loads(values["issues"])
    return Entry(**values)
