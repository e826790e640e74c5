"""read: the current version of a resource, the stored bytes as they are (FHIR R4 http.html#read)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource

_CURRENT = select(
    resource.c.rid, resource.c.version, resource.c.last_updated, resource.c.deleted, resource.c.body
).where(resource.c.type == bindparam("type"), resource.c.id == bindparam("id"), resource.c.version > 0)


@dataclass(frozen=True, slots=True)
class Current:
    """The row of a resource; `body` is empty after a delete."""

    rid: int
    version: int
    last_updated: int
    deleted: bool
    body: bytes


def read(call: Call, services: Services) -> Answer:
    """200 with the resource, 304, 404, or 410 after a delete."""
    issue = id_issue(call.id)
    if issue is not None:
        return refusal(issue)
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
    if row is None:
        return refused("not-found", call.type)
    if row.deleted:
        return refused("gone", call.type)
    if call.if_none_match and f'"{row.version}"' in call.if_none_match:
        return Answer(304, version=row.version, last_modified=row.last_updated)
    return Answer(200, row.body, row.version, row.last_updated)


def current(connection: Connection, resource_type: str, resource_id: str, scope: Scope) -> Current | None:
    """The row of a resource the caller may see; what he may not see is not there."""
    statement = _CURRENT if scope.owners is None else _CURRENT.where(scope.predicate(resource))
    row = connection.execute(statement, {"type": resource_type, "id": resource_id}).first()
    return Current(*row) if row is not None else None
