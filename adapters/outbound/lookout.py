"""Looks through the log of changes, and makes the messages that are due. Belongs to the process that leads.

Each change is read in the version it wrote; what it refers to as it stands now. A message is made once and kept as
bytes: every attempt sends the same, under the same MSH-10, so that the receiver knows a repetition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from adapters.incident import incident
from adapters.outbound.encoding import encode
from adapters.outbound.endpoint import Outbound
from adapters.outbound.gathering import gather
from adapters.outbound.ledger import FOLLOWER, UNENCODABLE, UNMADE, Looked, Made, last_change
from adapters.outbound.log import BATCH, asked, in_version, next_changes, reports_of
from adapters.outbound.routing import Asked, Case, Change, Due, comes_back, wanted
from adapters.site import Endpoint
from fhir_server.jobs.desk import Submit
from fhir_server.jobs.lead import Step
from fhir_server.log import log
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store.database import Database
from mappers.outbound import Envelope, Pool, Receiver, Rendered, render

Body = dict[str, Any]


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
        self._wanted = {code: wanted(one.outbound) for code, one in receivers.items() if one.outbound}
        self._types = frozenset[str]().union(*self._wanted.values())
        self.seq = 0

    def look(self) -> int:
        """Takes the next changes; how many messages came of them, -1 when there are no more changes."""
        with self._database.read() as connection:
            top = last_change(connection)
            if top <= self.seq:
                return -1
            changes = next_changes(connection, self.seq, self._types)
            made = [one for found in changes for one in self._made(connection, found)]
        reached = changes[-1].seq if len(changes) == BATCH else top
        step = Step(FOLLOWER, self._worker, self.seq, reached)
        if not self._submit(Looked(step, tuple(made))).result():
            raise Superseded
        self.seq = reached
        return len(made)

    def _made(self, connection: Connection, found: Change) -> Iterator[Made]:
        asked_for = [
            (code, one, one.outbound)
            for code, one in self._receivers.items()
            if one.outbound is not None
            and found.type in self._wanted[code]
            and not comes_back(found, code, one.site.institution)
        ]
        body = in_version(connection, found, found.version) if asked_for else None
        if body is None:
            return
        before = in_version(connection, found, found.version - 1) if found.version > 1 else None
        for code, endpoint, outbound in asked_for:
            try:
                yield from self._for_one(connection, found, body, before, endpoint, outbound)
            except SQLAlchemyError:
                raise  # nothing more can be read in this transaction
            except Exception as error:
                # One change that nobody foresaw must not keep all later ones waiting: it is a dead letter of its own.
                number = incident(error)
                log.error("a message could not be made", receiver=code, change=found.seq, incident=number)
                issues = json.dumps([{"code": "internal-error", "incident": number}]).encode()
                key = _key(found, _patient(found, body), outbound)
                yield Made(found.type, code, key, f"Q{found.seq}-0", found.seq, b"", issues, UNMADE)

    def _for_one(
        self,
        connection: Connection,
        found: Change,
        body: Body,
        before: Body | None,
        endpoint: Endpoint,
        outbound: Outbound,
    ) -> Iterator[Made]:
        """The messages of a change for one receiver, made of what it may see."""
        scope = EVERYTHING if "*" in outbound.sees else Scope(frozenset(outbound.sees))
        if not scope.allows(found.owner) and found.owner:
            return
        patient = _patient(found, body)
        reports = reports_of(connection, found, scope) if found.type == "Observation" else None
        pool = gather(connection, [*(reports or ()), body], patient, scope)
        ask = partial(_asked, connection, endpoint.code)
        case = Case(found, body, before, pool, outbound, endpoint.site.institution, ask, reports)
        for number, one in enumerate(case.due(), 1):
            message = self._message(found, one, patient, endpoint, outbound, pool, number)
            if message is not None:
                yield message

    def _message(
        self,
        found: Change,
        one: Due,
        patient: str,
        endpoint: Endpoint,
        outbound: Outbound,
        pool: Pool,
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
            accept_ack=outbound.acknowledgements[0],
            application_ack=outbound.acknowledgements[1],
            change=one.change,
            answers=one.answers,
        )
        rendered = render(list(one.focus), pool, self._known[endpoint.code], envelope)
        if not isinstance(rendered, Rendered):
            log.info("no message: not at hand", receiver=endpoint.code, kind=one.type, missing=rendered.missing)
            return None
        encoded = encode(rendered.text, outbound.charset, outbound.unencodable)
        issues = [{"code": "outbound-unencodable", "location": place} for place in encoded.places]
        return Made(
            kind=one.type,
            receiver=endpoint.code,
            key=_key(found, patient, outbound),
            control_id=control_id,
            change=found.seq,
            payload=encoded.raw,
            issues=json.dumps(issues).encode(),
            dead=UNENCODABLE if issues and outbound.unencodable == "hold" else "",
        )


def _key(found: Change, patient: str, outbound: Outbound) -> str:
    """What the message keeps its order with: all of the patient, or all of the receiver."""
    return patient or f"{found.type}/{found.id}" if outbound.order_by == "patient" else ""


def _asked(connection: Connection, site: str, request: Body) -> Asked | None:
    return asked(connection, request, site)


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
