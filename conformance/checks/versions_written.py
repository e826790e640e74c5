"""The resource versions that messages of the period made: by type, new or changed. Source: the change log."""

from __future__ import annotations

from sqlalchemy import Connection, select

from conformance.checks.traffic import Span, institution
from conformance.facts import Book
from conformance.pages import pages
from conformance.period import Period
from fhir_server.security.scope import Scope
from fhir_server.store.schema import change, journal


def collect(connection: Connection, scope: Scope, period: Period, seen: Span, book: Book) -> None:
    """Counts by (type, created or updated or deleted), for the institution whose message it was."""
    message = change.join(journal, journal.c.id == change.c.message)
    query = (
        select(change.c.seq, change.c.rid, change.c.type, change.c.version, change.c.method, journal.c.owner)
        .select_from(message)
        .where(scope.predicate(journal), period.holds(journal.c.received + 0))
        .where(change.c.message >= seen.first, change.c.message <= seen.last)
    )
    for page in pages(connection, query, change.c.seq):
        for row in page:
            what = "deleted" if row.method == "DELETE" else "created" if row.version == 1 else "updated"
            book.add(institution(row.owner), "resources", (row.type, what), row.rid)
