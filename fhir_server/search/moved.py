"""What was changed after the first page keeps the place it had then.

A row that others update between two pages would move under `_sort=_lastUpdated` or by date, and be seen twice or never.
So a later page reads what has not changed since the snapshot from the index, and sets between it what has, at the place
its version of that time gives it. Every resource that matched at the first page and still matches comes exactly once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fhir_server.search import compile as sql
from fhir_server.search import index
from fhir_server.search.compile import HEAD, Wanted
from fhir_server.search.order import Past, Place, SortValue, downward, is_after, merged
from fhir_server.search.seen import Seen
from fhir_server.store.body import parse
from fhir_server.store.reading import Row

MOVED_MOST = 5000
"""Changed matches one page sets back to their places; when there are more, the link has expired."""


def place(row: Row) -> Place:
    """The sort values and the rid of a row of a page."""
    return (*row[HEAD:], row[1])


def with_moved(rows: list[Row], wanted: Wanted, seen: Seen) -> list[Row] | None:
    """The rows of a later page with what was changed meanwhile; None when that is too much."""
    keys = sql.sort_values(wanted)
    if all(key.fixed for key in keys) or (seen.seq is not None and seen.seq == wanted.seq):
        return rows
    changed = seen.rows(sql.moved, replace(wanted, limit=MOVED_MOST + 1))
    if len(changed) > MOVED_MOST:
        return None
    down = tuple(falls != wanted.back for falls in downward(keys))
    back_then = [_back_then(row, keys) for row in changed if not row[HEAD + 1]]
    fitting = [row for row in back_then if is_after(down, place(row), wanted.place)]
    return merged(down, [(place(row), row) for row in (*rows, *fitting)])[: wanted.limit]


def _back_then(row: Row, keys: Sequence[SortValue]) -> Row:
    """The row with the sort values it had."""
    last_updated, _deleted, body = row[HEAD:]
    resource = parse(bytes(body))
    past = Past(index.rows(resource), resource, row[3], last_updated, row[2])
    return (*row[:HEAD], *(key.past(past) for key in keys))
