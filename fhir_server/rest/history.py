"""history: every version of an instance, a type or the whole store, the newest first (FHIR R4 http.html#history).

A version is a row of `change`, so the order is that of the commits and a page begins below the last row seen: what is
written meanwhile moves nothing. Deletes are entries without a resource. A caller sees the versions of what he may see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)

from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Services, refusal
from fhir_server.rest.page_link import PAGE, Mark, link, opened, sealed
from fhir_server.rest.subset import Subset, subset
from fhir_server.search.heavy import taken
from fhir_server.search.instants import Range, instant_range
from fhir_server.search.query import Handling
from fhir_server.store.body import instant
from fhir_server.store.schema import change, resource, version
from profiles.issue import Issue

COUNTED = 10_000
"""Versions that are counted without being asked for; `_total=accurate` counts all."""
CLOCKS_DIFFER = 3_600_000_000
"""Microseconds by which a later change may bear an earlier time: servers of one store have clocks of their own."""
_SUMMARIES = frozenset({"true", "text", "data", "count", "false"})
_GENERAL = frozenset({"_format", "_pretty"})


class _Mark(NamedTuple):
    """Which page: what lies below the row `seq` or, going `back`, what lies above it up to the `top` of the first page.

    `total` is that of the first page or None.
    """

    seq: int
    total: int | None
    back: int
    top: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What the parameters ask for. `mark` says which page (see `_Mark`)."""

    count: int
    since: int | None = None
    at: Range | None = None
    total: str = ""
    part: Subset | None = None
    count_only: bool = False
    mark: _Mark | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Whose versions: of one resource (`rid`), of a type, or of everything."""

    path: str
    type: str = ""
    rid: int | None = None


def history(past: Past, connection: Connection, call: Call, services: Services) -> Answer:
    """200 with one page as a history Bundle, or 400 naming the parameter that cannot be read."""
    asked = _asked(call, services)
    if isinstance(asked, Issue):
        return refusal(asked)
    window = _window(connection, past, asked)
    total = _total(connection, past, asked, call, window)
    rows, cut = list[Row](), False
    if asked.count and not asked.count_only:
        rows, cut = taken(connection.execute(_page(past, asked, call, window), execution_options=_IN_PIECES))
    shown = rows[: asked.count]
    more = cut or len(rows) > len(shown)
    if asked.mark is not None and asked.mark.back:
        shown.reverse()
    given = next((text for name, text in call.parameters if name == PAGE), "")
    links = [("self", link(call, past.path, given))]
    for relation, mark in _beside(asked, shown, total, more=more):
        links.append((relation, link(call, past.path, sealed(tuple(mark), "history", call, services) if mark else "")))
    entries = _entries(call, shown, asked.part)
    return Answer(200, bundle("history", entries, links=links, total=total, at=instant(services.clock())))


def _beside(asked: Asked, shown: Sequence[Row], total: int | None, *, more: bool) -> Iterable[tuple[str, Mark]]:
    """The pages beside this one; `more` when there is another in the direction that was gone."""
    mark = asked.mark
    if mark is None and not more:
        return
    top = mark.top if mark else shown[0].seq if shown else 0
    back = mark is not None and bool(mark.back)
    if shown and mark is not None and (more or not back):
        yield "previous", _Mark(shown[0].seq, total, 1, top)
    if shown and (more or back):
        yield "next", _Mark(shown[-1].seq, total, 0, top)
    yield "first", ()


# ------------------------------------------------------------------------------------------------------- parameters


def _asked(call: Call, services: Services) -> Asked | Issue:
    found: dict[str, str] = {}
    for name, text in call.parameters:
        if name in _READERS:
            if name in found:
                return _unread(name, "single value")
            found[name] = text
        elif name not in _GENERAL and (name == "_list" or call.preferences.handling is Handling.STRICT):
            return Issue("search-parameter-unknown", "http", details={"name": "…", "type": "_history"})
    read = {name: _READERS[name](text) for name, text in found.items()}
    unread = next((name for name, value in read.items() if value is None), None)
    if unread is not None:
        return _unread(unread, _FORMS[unread])
    mark = None
    if PAGE in found:
        read_mark = opened(found[PAGE], "history", call, services)
        if read_mark is None:
            return Issue("search-cursor", f"http.{PAGE}")
        mark = _Mark(*read_mark)  # type: ignore[arg-type]
    summary, elements = str(read.get("_summary", "")), tuple(filter(None, found.get("_elements", "").split(",")))
    since, at = read.get("_since"), read.get("_at")
    return Asked(
        count=min(int(str(read.get("_count", services.limits.page))), services.limits.page_most),
        since=since[0] if isinstance(since, tuple) else None,
        at=at if isinstance(at, tuple) else None,
        total=found.get("_total", ""),
        part=subset(summary, elements),
        count_only=summary == "count",
        mark=mark,
    )


def _unread(name: str, form: str) -> Issue:
    return Issue("search-value", f"http.{name}", details={"name": name, "type": form})


def _span(text: str) -> Range | None:
    return instant_range(text.replace(" ", "+"))  # a + that was not escaped arrives as a blank


def _one_of(codes: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(codes))


_IN_PIECES = {"stream_results": True, "max_row_buffer": 50}
"""Not all rows are brought here before the first is looked at."""
_COUNT, _SUMMARY, _TOTAL = re.compile(r"\d{1,20}", re.ASCII), _one_of(sorted(_SUMMARIES)), _one_of(("none", "accurate"))
_READERS = {
    "_count": lambda text: text if _COUNT.fullmatch(text) else None,
    "_since": _span,
    "_at": _span,
    "_total": lambda text: "accurate" if text == "estimate" else text if _TOTAL.fullmatch(text) else None,
    "_summary": lambda text: text if _SUMMARY.fullmatch(text) else None,
    "_elements": lambda text: text,
    PAGE: lambda text: text,
}
_FORMS = {"_count": "number", "_since": "instant", "_at": "dateTime", "_total": "code", "_summary": "code"}
PARAMETERS = tuple(sorted(_READERS.keys() - {PAGE}))
"""What a history can be asked for."""


# ------------------------------------------------------------------------------------------------------------- rows


def _versions(past: Past, asked: Asked, call: Call, window: tuple[int, int | None]) -> Select:
    """The changes that are asked for; only a caller who may not see everything needs their resources for that."""
    source: FromClause = change
    conditions: list[ColumnElement[bool]] = []
    if call.caller.scope.owners is not None:
        source = change.join(resource, resource.c.rid == change.c.rid)
        conditions.append(call.caller.scope.predicate(resource))
    if past.rid is not None:
        conditions.append(change.c.rid == past.rid)
    elif past.type:
        conditions.append(change.c.type == past.type)
    least, most = window
    if least:
        conditions.append(change.c.seq >= least)
    if most is not None:
        conditions.append(change.c.seq < most)
    if asked.since is not None:
        conditions.append(change.c.last_updated >= asked.since)
    if asked.at is not None:
        conditions += _current_within(*asked.at)
    columns = (change.c.seq, change.c.rid, change.c.version, change.c.last_updated, change.c.method)
    return select(*columns).select_from(source).where(*conditions)


_NEXT = change.alias("following")


def _current_within(low: int, high: int) -> list[ColumnElement[bool]]:
    """Versions that were current at some time of the span; a delete counts only where it happened in the span."""
    replaced = exists(
        select(literal(1)).where(
            _NEXT.c.rid == change.c.rid, _NEXT.c.version == change.c.version + 1, _NEXT.c.last_updated <= low
        )
    )
    return [
        change.c.last_updated <= high,
        ~replaced,
        or_(change.c.method != "DELETE", change.c.last_updated >= low),
    ]


def _page(past: Past, asked: Asked, call: Call, window: tuple[int, int | None]) -> Select:
    """One page and one row more, from the mark away, with the bodies: an older version has its own, the current one
    that of the row.
    """
    rows = _versions(past, asked, call, window)
    # Versions of one resource are numbered in the order of the changes, and that index has both.
    order = change.c.version if past.rid is not None else change.c.seq
    if asked.mark is not None and asked.mark.back:
        rows = rows.where(change.c.seq > asked.mark.seq, change.c.seq <= asked.mark.top).order_by(order)
    else:
        below = true() if asked.mark is None else change.c.seq < asked.mark.seq
        rows = rows.where(below).order_by(order.desc())
    few = rows.limit(asked.count + 1).subquery("few")
    before = change.alias("before")
    joined = (
        few.join(resource, resource.c.rid == few.c.rid)
        .outerjoin(version, and_(version.c.rid == few.c.rid, version.c.version == few.c.version))
        .outerjoin(before, and_(before.c.rid == few.c.rid, before.c.version == few.c.version - 1))
    )
    body = func.coalesce(version.c.body, resource.c.body).label("body")
    columns = (few, resource.c.type, resource.c.id, body, before.c.method.label("before"))
    back = asked.mark is not None and asked.mark.back
    return select(*columns).select_from(joined).order_by(few.c.seq if back else few.c.seq.desc())


def _total(connection: Connection, past: Past, asked: Asked, call: Call, window: tuple[int, int | None]) -> int | None:
    """Exact, or None: not wanted, or more than is counted beside the page."""
    if asked.total == "none":
        return None
    if asked.mark is not None:
        return asked.mark.total
    rows = _versions(past, asked, call, window)
    everything = asked.total == "accurate" or asked.count_only or not asked.count
    if not everything:
        rows = rows.limit(COUNTED + 1)
    counted = connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
    return counted if everything or counted <= COUNTED else None


def _window(connection: Connection, past: Past, asked: Asked) -> tuple[int, int | None]:
    """Between which row numbers all that is asked for stands, so that `_since` and `_at` cost what they give."""
    if past.rid is not None:
        return 0, None
    least, most = 0, None
    if asked.since is not None:
        least = _rows_at(connection, asked.since - CLOCKS_DIFFER)[0]
    if asked.at is not None:
        most = _rows_at(connection, asked.at[1] + CLOCKS_DIFFER)[1]
    return least, most


def _rows_at(connection: Connection, moment: int) -> tuple[int, int]:
    """Two near row numbers: before the first all is older than the moment, from the second on nothing is.

    Found by halving, for times grow with the numbers.
    """
    low, high = 0, connection.execute(select(func.coalesce(func.max(change.c.seq), 0))).scalar_one() + 1
    while high - low > 1000:
        middle = (low + high) // 2
        probe = select(change.c.last_updated).where(change.c.seq >= middle).order_by(change.c.seq).limit(1)
        at = connection.execute(probe).scalar()
        low, high = (middle, high) if at is not None and at < moment else (low, middle)
    return int(low), int(high) + 1


# ---------------------------------------------------------------------------------------------------------- entries


def _entries(call: Call, rows: Iterable[Row], part: Subset | None) -> Iterable[bytes]:
    for row in rows:
        full_url, members = f"{call.base}/{row.type}/{row.id}", orjson.dumps(_exchange(row))[1:-1]
        if row.method == "DELETE":
            yield b'{"fullUrl":' + orjson.dumps(full_url) + b"," + members + b"}"
        else:
            body = bytes(row.body)
            yield resource_entry(full_url, body if part is None else part(row.type, body), b"," + members)


def _exchange(row: Row) -> dict[str, object]:
    """The request that made the version and what it was answered (Bundle.entry.request, .response)."""
    address = row.type if row.method == "POST" else f"{row.type}/{row.id}"
    return {
        "request": {"method": row.method, "url": address},
        "response": {
            "status": _status(row),
            "etag": f'W/"{row.version}"',
            "lastModified": instant(row.last_updated),
        },
    }


def _status(row: Row) -> str:
    if row.method == "DELETE":
        return "204 No Content"
    created = row.version == 1 or row.before == "DELETE"
    return "201 Created" if created else "200 OK"
