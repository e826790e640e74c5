"""`qiao search "journal?site=county-lis&status=refused"`: the messages and framing events of the journal.

Parameters: site, type (ADT or ADT^A01), status (accepted, refused, unreadable, duplicate, event), verdict, control-id,
patient (id), order, issue (an issue code), since and until (instants or local dates), _count.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from fhir_server.commands.output import Exit, fail, show
from fhir_server.commands.sources import opened
from fhir_server.security.scope import EVERYTHING
from fhir_server.store.body import instant
from fhir_server.store.journal import Entry, Wanted, find

_FIELDS = {
    "site": "site",
    "type": "type",
    "status": "status",
    "verdict": "verdict",
    "control-id": "control_id",
    "patient": "patient_key",
    "order": "order_key",
}
_OTHERS = ("issue", "since", "until", "_count")


def search_journal(query: str, database: str | None, *, as_json: bool) -> None:
    """Prints what matches, oldest first; `_count` is 100 unless given."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(asked) - set(_FIELDS) - set(_OTHERS))
    if unknown:
        known = ", ".join((*_FIELDS, *_OTHERS))
        fail(f"the journal has no parameter {', '.join(unknown)}", Exit.USAGE, f"There are: {known}.")
    count = asked.get("_count", "100")
    if not count.isdigit():
        fail("_count must be a number", Exit.USAGE)
    wanted = Wanted(
        since=_time(asked.get("since", "")),
        until=_time(asked.get("until", "")),
        **{field: asked[name] for name, field in _FIELDS.items() if name in asked},
    )
    code = asked.get("issue", "")
    with opened(database) as store, store.read() as connection:
        rows = (row for row in find(connection, EVERYTHING, wanted) if not code or _has(row, code))
        found = [_shown(row) for row in islice(rows, int(count))]
    if as_json:
        show({"messages": found})
        return
    for row in found:
        codes = " ".join(sorted({issue["code"] for issue in row["issues"] if issue["severity"] != "information"}))
        print(f"{row['id']:>8} {row['received']} {row['site']:<16} {row['type']:<12} {row['verdict'] or '--'} {codes}")


def _has(row: Entry, code: str) -> bool:
    return any(issue["code"] == code for issue in row.issues)


def _shown(row: Entry) -> dict[str, Any]:
    """A row without what may name a patient; issues are codes and locations."""
    return {
        "id": row.id,
        "received": instant(row.received),
        "endpoint": row.endpoint,
        "site": row.site,
        "type": row.type,
        "control_id": row.control_id,
        "status": row.status,
        "verdict": row.verdict,
        "charset": row.charset,
        "resources": row.resources,
        "unaccounted": row.unaccounted,
        "original": row.original,
        "issues": row.issues,
    }


def _time(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp()) * 1_000_000
    except ValueError:
        fail(f"{text!r} is no date or instant", Exit.USAGE, "Write 2026-10-21 or 2026-10-21T08:00:00+08:00.")
