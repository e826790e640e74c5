"""vread: one version of a resource (FHIR R4 http.html#vread)."""

from __future__ import annotations

from sqlalchemy import Connection, select

from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue, version_number
from fhir_server.rest.read import Current, current, shown
from fhir_server.store.schema import version


def vread(call: Call, services: Services) -> Answer:
    """200 or 304 with that version, 404 when there is none, 410 when that version is the delete."""
    issue = id_issue(call.id)
    if issue is not None:
        return refusal(issue)
    number = version_number(call.version)
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
        if row is None or number is None or number > row.version:
            return refused("not-found", call.type)
        older = row if number == row.version else _older(connection, row.rid, number)
    if older is None:
        return refused("not-found", call.type)
    if older.deleted:
        return refused("gone", call.type)
    return shown(call, older)


def _older(connection: Connection, rid: int, number: int) -> Current | None:
    columns = (version.c.rid, version.c.version, version.c.last_updated, version.c.deleted, version.c.body)
    row = connection.execute(select(*columns).where(version.c.rid == rid, version.c.version == number)).first()
    return Current(*row) if row is not None else None
