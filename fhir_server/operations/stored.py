"""The stored resource an operation is called on, as the caller may see it (FHIR R4 operations.html#executing)."""

from __future__ import annotations

from sqlalchemy import select

from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue
from fhir_server.rest.read import Current, current
from fhir_server.store.schema import version


def stored(call: Call, services: Services) -> Current | Answer:
    """The row of the instance in the address; or the refusal that a read of it would get (404, 410)."""
    issue = id_issue(call.id)
    if issue is not None:
        return refusal(issue)
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
    if row is None:
        return refused("not-found", call.type)
    return refused("gone", call.type) if row.deleted else row


def stored_version(call: Call, services: Services, number: int) -> bytes | Answer:
    """The body of one version of the instance; or the refusal that a vread of it would get (404, 410)."""
    issue = id_issue(call.id)
    if issue is not None:
        return refusal(issue)
    columns = (version.c.deleted, version.c.body)
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
        if row is None:
            return refused("not-found", call.type)
        if number == row.version:
            return refused("gone", call.type) if row.deleted else row.body
        older = connection.execute(
            select(*columns).where(version.c.rid == row.rid, version.c.version == number)
        ).first()
    if older is None:
        return refused("not-found", call.type)
    return refused("gone", call.type) if older.deleted else bytes(older.body)
