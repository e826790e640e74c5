"""history of an instance: all its versions, the newest first, deletes included (FHIR R4 http.html#history)."""

from __future__ import annotations

import re

import orjson
from sqlalchemy import Connection, Row, Select, and_, func, select, union_all

from fhir_server.rest.bundle import bundle, resource_entry
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue, version_number
from fhir_server.rest.read import current
from fhir_server.search.instants import instant_range
from fhir_server.store.body import instant
from fhir_server.store.schema import change, resource, version
from profiles.issue import Issue

_STATUS = {"POST": "201 Created", "PUT": "200 OK", "DELETE": "204 No Content"}


def history_instance(call: Call, services: Services) -> Answer:
    """200 with a history Bundle; 404 when the resource never was, or is not the caller's to see."""
    asked = _asked(call, services.limits.page, services.limits.page_most)
    if isinstance(asked, Issue):
        return refusal(asked)
    count, since, before = asked
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
        if row is None:
            return refused("not-found", call.type)
        total = connection.execute(
            select(func.count()).select_from(_versions(row.rid, since, None).subquery())
        ).scalar_one()
        rows = _page(connection, row.rid, since, before, count + 1)
    links = [("self", _link(call, count, before))]
    if len(rows) > count > 0:
        links.append(("next", _link(call, count, rows[count - 1].version)))
    entries = [_entry(call, row) for row in rows[:count]]
    return Answer(200, bundle("history", entries, links=links, total=total, at=instant(services.clock())))


def _asked(call: Call, page: int, page_most: int) -> tuple[int, int | None, int | None] | Issue:
    """(_count, _since, the version the page begins below) or the parameter that cannot be read."""
    issue = id_issue(call.id)
    if issue is not None:
        return issue
    count, since, before = page, None, None
    for name, text in call.parameters:
        if name == "_count" and re.fullmatch(r"\d{1,9}", text, re.ASCII):
            count = min(int(text), page_most)
        elif name == "_since" and (span := instant_range(text.replace(" ", "+"))) is not None:
            since = span[0]
        elif name == "_before" and (number := version_number(text)) is not None:
            before = number
        elif name in ("_count", "_since", "_before"):
            return Issue("search-value", f"http.{name}", details={"name": name, "type": "number or instant"})
        elif name not in ("_format", "_pretty"):
            return Issue("search-parameter-unknown", "http", details={"name": "…", "type": "_history"})
    return count, since, before


def _versions(rid: int, since: int | None, before: int | None) -> Select:
    """Current and older versions of one resource as one relation."""
    columns = ("rid", "version", "last_updated", "deleted", "body")
    parts = [select(*(table.c[name] for name in columns)).where(table.c.rid == rid) for table in (resource, version)]
    each = union_all(*parts).subquery("each")
    conditions = [each.c.version > 0]
    if since is not None:
        conditions.append(each.c.last_updated >= since)
    if before is not None:
        conditions.append(each.c.version < before)
    return select(each).where(*conditions)


def _page(connection: Connection, rid: int, since: int | None, before: int | None, most: int) -> list[Row]:
    each = _versions(rid, since, before).order_by("version").subquery("page")
    joined = each.outerjoin(change, and_(change.c.rid == each.c.rid, change.c.version == each.c.version))
    statement = select(each, change.c.method).select_from(joined).order_by(each.c.version.desc()).limit(most)
    return list(connection.execute(statement))


def _entry(call: Call, row: Row) -> bytes:
    method = row.method or ("DELETE" if row.deleted else "PUT")
    address = call.type if method == "POST" else f"{call.type}/{call.id}"
    extra = {
        "request": {"method": method, "url": address},
        "response": {
            "status": "201 Created" if row.version == 1 else _STATUS.get(method, "200 OK"),
            "etag": f'W/"{row.version}"',
            "lastModified": instant(row.last_updated),
        },
    }
    full_url, members = f"{call.base}/{call.type}/{call.id}", orjson.dumps(extra)[1:-1]
    if row.deleted:
        return b'{"fullUrl":' + orjson.dumps(full_url) + b"," + members + b"}"
    return resource_entry(full_url, bytes(row.body), b"," + members)


def _link(call: Call, count: int, before: int | None) -> str:
    kept = "".join(f"&{name}={text}" for name, text in call.parameters if name == "_since")
    page = "" if before is None else f"&_before={before}"
    return f"{call.base}/{call.type}/{call.id}/_history?_count={count}{kept.replace('+', '%2B')}{page}"
