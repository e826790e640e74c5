"""What the log of changes says: the next changes, a resource in one version, who asked by which message.

An Observation that came by a message beside its report is not looked at: the report tells of it. Everything here reads
one snapshot of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select

from adapters.outbound.routing import Asked, Change
from fhir_server.search.parameters import parameters
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.schema import change, journal, resource, sp_reference, version
from mappers.outbound.messages.answers import ANSWERS

Body = dict[str, Any]
BATCH = 200
_REFERRALS = ("REF^I12", "REF^I13", "REF^I14")


def next_changes(connection: Connection, after: int, types: Iterable[str]) -> Sequence[Change]:
    """The next changes of those types, at most `BATCH`; not deletions."""
    beside = change.alias("beside")
    told = exists().where(beside.c.message == change.c.message, beside.c.type == "DiagnosticReport")
    found = (
        select(
            change.c.seq,
            change.c.rid,
            change.c.type,
            resource.c.id,
            change.c.version,
            resource.c.owner,
            journal.c.site,
            journal.c.owner,
            change.c.last_updated,
        )
        .join(resource, resource.c.rid == change.c.rid)
        .outerjoin(journal, journal.c.id == change.c.message)
        .where(change.c.seq > after, change.c.type.in_(sorted(types)), change.c.method != "DELETE")
        .where(or_(change.c.type != "Observation", change.c.message.is_(None), ~told))
        .order_by(change.c.seq)
        .limit(BATCH)
    )
    return [Change(*row[:6], row[6] or "", row[7] or "", row[8]) for row in connection.execute(found)]


def in_version(connection: Connection, found: Change, number: int) -> Body | None:
    """The resource in that version, `None` when it is not kept or was deleted."""
    statements: tuple[Callable[[], Any], ...] = (
        lambda: select(resource.c.body).where(resource.c.rid == found.rid, resource.c.version == number),
        lambda: select(version.c.body).where(version.c.rid == found.rid, version.c.version == number),
    )
    for statement in statements:
        row = connection.execute(statement()).first()
        if row is not None:
            return bodies.parse(bytes(row[0])) if row[0] else None
    return None


def asked(connection: Connection, request: Body, site: str) -> Asked | None:
    """The last order or referral message of the site about the ServiceRequest, as far as it changed anything."""
    rid = select(resource.c.rid).where(resource.c.type == "ServiceRequest", resource.c.id == request["id"])
    found = (
        select(journal.c.type, journal.c.control_id)
        .join(change, change.c.message == journal.c.id)
        .where(change.c.rid == rid.scalar_subquery(), journal.c.site == site)
        .where(journal.c.type.in_((*ANSWERS, *_REFERRALS)))
        .order_by(change.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(found).first()
    return None if row is None else Asked(row[0], row[1])


def reports_of(connection: Connection, found: Change, scope: Scope) -> tuple[Body, ...] | None:
    """The reports an Observation belongs to, as they stand now, `None` when there is none; without those that tell of
    themselves: the report changed at the same time or later, or another of its results did later at that time."""
    param = parameters("DiagnosticReport")["result"].params
    listed = (
        select(resource.c.rid, resource.c.body)
        .join(sp_reference, sp_reference.c.rid == resource.c.rid)
        .where(sp_reference.c.param.in_(param), sp_reference.c.target == found.rid)
        .where(resource.c.type == "DiagnosticReport", resource.c.deleted.is_(False), scope.predicate())
        .order_by(resource.c.rid)
    )
    rows = connection.execute(listed).all()
    if not rows:
        return None
    return tuple(bodies.parse(bytes(body)) for rid, body in rows if not _tells(connection, rid, found, param))


def _tells(connection: Connection, report: int, found: Change, param: tuple[int, ...]) -> bool:
    results = select(sp_reference.c.target).where(sp_reference.c.rid == report, sp_reference.c.param.in_(param))
    itself = and_(change.c.rid == report, or_(change.c.seq > found.seq, change.c.last_updated == found.time))
    beside = and_(change.c.rid.in_(results), change.c.seq > found.seq, change.c.last_updated == found.time)
    return any(connection.execute(select(change.c.seq).where(one).limit(1)).first() for one in (itself, beside))
