"""read: the current version of a resource, the stored bytes as they are (FHIR R4 http.html#read)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from fhir_server.rest.binary import native
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused, versioned_location
from fhir_server.rest.identity import id_issue
from fhir_server.rest.subset import requested
from fhir_server.rest.unmodified import unmodified
from fhir_server.security.scope import Scope
from fhir_server.store.schema import resource
from profiles.issue import Issue

_CURRENT = select(
    resource.c.rid, resource.c.version, resource.c.last_updated, resource.c.deleted, resource.c.body
).where(resource.c.type == bindparam("type"), resource.c.id == bindparam("id"), resource.c.version > 0)
_SELECT = "SELECT rid, version, last_updated, deleted, body FROM resource WHERE type = {0} AND id = {0} AND version > 0"
_TEXT = {"sqlite": _SELECT.format("?"), "postgresql": _SELECT.format("%s")}


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
    row = _row(call, services)
    if row is None:
        return refused("not-found", call.type)
    if row.deleted:
        return refused("gone", call.type)
    return shown(call, row)


def _row(call: Call, services: Services) -> Current | None:
    """As `current`; of a caller who may see everything the statement is the same every time and goes the short way."""
    if call.caller.scope.owners is not None:
        with services.database.read() as connection:
            return current(connection, call.type, call.id, call.caller.scope)
    with services.database.reading() as reader:
        rows = reader.all(_TEXT[reader.dialect], (call.type, call.id))
    return Current(*rows[0]) if rows else None


def shown(call: Call, row: Current) -> Answer:
    """200 with a version that is there, whole or the part `_summary` and `_elements` ask for; 304 when it is known."""
    if (call.if_none_match or call.if_modified_since) and unmodified(call, row.version, row.last_updated):
        return Answer(304, version=row.version, last_modified=row.last_updated)
    body = row.body
    if call.parameters:
        part = requested(call)
        if isinstance(part, Issue):
            return refusal(part)
        body = part(call.type, body) if part else body
    location = versioned_location(call.base, call.type, call.id, row.version)
    answer = Answer(200, body, row.version, row.last_updated, headers=(("content-location", location),))
    return native(answer, call) if call.type == "Binary" else answer


def current(connection: Connection, resource_type: str, resource_id: str, scope: Scope) -> Current | None:
    """The row of a resource the caller may see; what he may not see is not there."""
    statement = _CURRENT if scope.owners is None else _CURRENT.where(scope.predicate(resource))
    row = connection.execute(statement, {"type": resource_type, "id": resource_id}).first()
    return Current(*row) if row is not None else None
