"""Local codes that no table maps, as they stand now: each is work for somebody. Source: the work list.

The list has no period: an entry stays until the code is mapped.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from conformance.checks.traffic import UNREGISTERED
from conformance.facts import Book
from fhir_server.security.scope import Scope
from fhir_server.store.schema import worklist


def collect(connection: Connection, scope: Scope, sites: Mapping[str, str], book: Book) -> None:
    """Counts how often each code was met; `sites` says which institution a site belongs to."""
    query = select(worklist).order_by(worklist.c.site, worklist.c.table, worklist.c.code)
    for row in connection.execute(query):
        owner = sites.get(row.site, UNREGISTERED)
        if scope.allows(owner):
            path = (row.table, f"{row.code} {row.text}".strip())
            book.add(owner, "unmapped", path, f"journal/{row.message}", row.seen)
