"""Looks through the log of changes, and makes the messages that are due. Belongs to the process that leads.

Each change is read in the version it wrote; what it refers to as it stands now. A message is made once and kept as
bytes: every attempt sends the same, under the same MSH-10, so that the receiver knows a repetition.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import structlog
from sqlalchemy import Connection, select

from adapters.outbound.encoding import encode
from adapters.outbound.endpoint import Outbound
from adapters.outbound.gathering import gather
from adapters.outbound.ledger import Looked, Made, last_change
from adapters.outbound.routing import TYPES, Change, Due, comes_back, due, wants
from adapters.site import Endpoint
from fhir_server.jobs.desk import Submit
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store import body as bodies
from fhir_server.store.database import Database
from fhir_server.store.schema import change, journal, resource, version
from mappers.outbound import Envelope, Receiver, Rendered, render

log = structlog.get_logger("qiao.outbound")
Body = dict[str, Any]
_BATCH = 200


class Superseded(Exception):
    """Another process leads by now."""


class Lookout:
    """`seq` is the last change that was looked at; `receivers` by site code."""

    def __init__(
        self, database: Database, submit: Submit, receivers: Mapping[str, Endpoint], sender: str, worker: str
    ) -> None:
        self._database, self._submit, self._sender, self._worker = database, submit, sender, worker
        self._receivers = receivers
        self._known = {
            code: Receiver(one.site, one.outbound.version) for code, one in receivers.items() if one.outbound
        }
        self.seq = 0

    def look(self) -> int:
        """Takes the next changes; how many messages came of them, -1 when there are no more changes."""
        with self._database.read() as connection:
            top = last_change(connection)
            if top <= self.seq:
                return -1
            changes = _changes(connection, self.seq)
            made = [one for found in changes for one in self._made(connection, found)]
        reached = changes[-1].seq if len(changes) == _BATCH else top
        if not self._submit(Looked(self._worker, self.seq, reached, tuple(made))).result():
            raise Superseded
        self.seq = reached
        return len(made)

    def _made(self, connection: Connection, found: Change) -> Iterator[Made]:
        asked = [
            (code, one, one.outbound)
            for code, one in self._receivers.items()
            if one.outbound is not None
            and wants(found, one.outbound)
            and not comes_back(found, code, one.site.institution)
        ]
        if not asked:
            return
        body = _version(connection, found, found.version)
        if body is None:
            return
        before = _version(connection, found, found.version - 1) if found.version > 1 else None
        number = 0
        for code, endpoint, outbound in asked:
            scope = EVERYTHING if "*" in outbound.sees else Scope(frozenset(outbound.sees))
            if not scope.allows(found.owner) and found.owner:
                continue
            patient = _patient(found, body)
            pool = gather(connection, [body], patient, scope)
            for one in due(found, body, before, pool, outbound, endpoint.site.institution):
                number += 1
                message = self._message(found, one, patient, code, endpoint, outbound, pool, number)
                if message is not None:
                    yield message

    def _message(
        self,
        found: Change,
        one: Due,
        patient: str,
        code: str,
        endpoint: Endpoint,
        outbound: Outbound,
        pool: Any,
        number: int,
    ) -> Made | None:
        control_id = f"Q{found.seq}-{number}"
        envelope = Envelope(
            type=one.type,
            control_id=control_id,
            time=_now(endpoint.site.offset),
            sending=(outbound.sending_application, outbound.sending_facility or self._sender),
            receiving=(outbound.receiving_application, outbound.receiving_facility),
            processing=outbound.processing,
            charset=outbound.declared,
            change=one.change,
        )
        rendered = render(list(one.focus), pool, self._known[code], envelope)
        if not isinstance(rendered, Rendered):
            log.warning("a message could not be made", receiver=code, kind=one.type, change=found.seq)
            return None
        encoded = encode(rendered.text, outbound.charset, outbound.unencodable)
        issues = [{"code": "outbound-unencodable", "location": place} for place in encoded.places]
        return Made(
            kind=one.type,
            receiver=code,
            key=patient or f"{found.type}/{found.id}" if outbound.order_by == "patient" else "",
            control_id=control_id,
            change=found.seq,
            payload=encoded.raw,
            issues=json.dumps(issues).encode(),
            dead=bool(issues) and outbound.unencodable == "hold",
        )


def _now(offset: str) -> str:
    sign = -1 if offset[0] == "-" else 1
    zone = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6])))
    return datetime.now(zone).isoformat(timespec="seconds")


def _patient(found: Change, body: Body) -> str:
    """The id of the Patient a change is about, `''` when none is."""
    if found.type == "Patient":
        return found.id
    for element in ("subject", "for", "patient"):
        kind, slash, name = body.get(element, {}).get("reference", "").partition("/")
        if slash and kind == "Patient":
            return str(name)
    return ""


def _changes(connection: Connection, after: int) -> Sequence[Change]:
    """The next changes that may concern anybody; not deletions."""
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
        )
        .join(resource, resource.c.rid == change.c.rid)
        .outerjoin(journal, journal.c.id == change.c.message)
        .where(change.c.seq > after, change.c.type.in_(TYPES), change.c.method != "DELETE")
        .order_by(change.c.seq)
        .limit(_BATCH)
    )
    return [Change(*row[:6], row[6] or "", row[7] or "") for row in connection.execute(found)]


def _version(connection: Connection, found: Change, number: int) -> Body | None:
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
