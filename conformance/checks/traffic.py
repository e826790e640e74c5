"""The messages of the period: received, answered, refused and why, found faulty and where, unaccounted values.

Source: the journal, by the time of receipt. Replays from the journal and events of framing are no messages received:
they are counted apart. A duplicate is a message received.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, select

from conformance.facts import Book
from conformance.pages import contains, pages
from conformance.period import Period
from fhir_server.security.scope import Scope
from fhir_server.store.schema import journal
from profiles.issue import REFUSING

TEST = "patient-test"
UNREGISTERED = "unregistered"
"""Senders nobody registered are institutions of their own in the store; a report shows them together."""
_REPEAT = re.compile(r"\[\d+\]")
_COLUMNS = (
    "id",
    "endpoint",
    "site",
    "owner",
    "type",
    "message_version",
    "charset_declared",
    "charset",
    "original",
    "patient_key",
    "status",
    "verdict",
    "issues",
    "unaccounted",
)


@dataclass(frozen=True, slots=True)
class Received:
    """One message as the indicators see it; `codes` are its issues with their severities."""

    id: str
    institution: str
    status: str
    verdict: str
    codes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Span:
    """The journal as far as the report has read it: first and last id, and when the last one was received."""

    first: int
    last: int
    received: int


def span(connection: Connection, scope: Scope, period: Period) -> Span | None:
    """What of the journal lies in the period; `None` when nothing does."""
    low, high, latest = journal.c.id, journal.c.id, journal.c.received
    query = select(func.min(low), func.max(high), func.max(latest))
    row = connection.execute(query.where(period.holds(journal.c.received), scope.predicate(journal))).one()
    return Span(row[0], row[1], row[2]) if row[0] is not None else None


def institution(owner: str) -> str:
    """The institution a report counts an owner under."""
    return UNREGISTERED if owner.startswith(UNREGISTERED) or not owner else owner


def test_patients(connection: Connection, scope: Scope) -> frozenset[str]:
    """Ids of the patients that any message called a test patient, in the period or not."""
    query = select(journal.c.patient_key).distinct()
    marked = contains(connection, journal.c.issues, b'"' + TEST.encode() + b'"')
    rows = connection.execute(query.where(scope.predicate(journal), marked, journal.c.patient_key != ""))
    return frozenset(row[0] for row in rows)


def collect(
    connection: Connection, scope: Scope, period: Period, seen: Span, tests: frozenset[str], book: Book
) -> Iterator[Received]:
    """Counts every journal row of the period; gives the messages that the indicators may use."""
    # The sum keeps the planner on the primary key: with an index on `received` every page would be sorted anew.
    inside = period.holds(journal.c.received + 0)
    query = select(*(journal.c[name] for name in _COLUMNS)).where(scope.predicate(journal), inside)
    for page in pages(connection, query.where(journal.c.id <= seen.last), journal.c.id, after=seen.first - 1):
        for row in page:
            one = _count(row, tests, book)
            if one is not None:
                yield one


def _count(row: Any, tests: frozenset[str], book: Book) -> Received | None:
    source, owner = f"journal/{row.id}", institution(row.owner)
    issues = orjson.loads(row.issues)
    if row.status == "event":
        for issue in issues or [{"code": "unknown"}]:
            book.add(owner, "events", (issue["code"],), source)
        return None
    if row.original is not None and row.status != "duplicate":
        book.add(owner, "replays", (row.status,), source)
        return None
    kind = row.type or "?"
    book.add(owner, "messages", (row.status, kind), source)
    book.add(owner, "types", (kind, row.status), source)
    book.add(owner, "sources", (row.site or UNREGISTERED, row.verdict or "none"), source)
    book.add(owner, "answers", (row.verdict or "none", kind), source)
    book.add(owner, "charsets", (row.charset or "none", row.charset_declared or "none"), source)
    book.add(owner, "versions", (row.message_version or "none",), source)
    if row.unaccounted:
        book.add(owner, "unaccounted", (kind,), source, row.unaccounted)
    _findings(issues, source, owner, row, book)
    if row.patient_key in tests or any(issue["code"] == TEST for issue in issues):
        book.add(owner, "tests", ("message",), source)
        return None
    codes = tuple((issue["code"], issue["severity"]) for issue in issues)
    return Received(source, owner, row.status, row.verdict, codes)


def _findings(issues: list[dict[str, Any]], source: str, owner: str, row: Any, book: Book) -> None:
    for issue in issues:
        if issue["code"] != "duplicate-message":
            where = _REPEAT.sub("", issue["location"] or issue["expression"]) or "message"
            name = "findings-refusing" if issue["severity"] in REFUSING else "findings-noted"
            book.add(owner, name, (issue["code"], where), source)
    if row.status in ("refused", "unreadable"):
        reason = next((issue["code"] for issue in issues if issue["severity"] in REFUSING), "unknown")
        book.add(owner, "refusals", (reason, row.type or "?"), source)
