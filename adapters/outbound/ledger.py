"""What is kept of deliveries: rows of `outbox`, and how far the log of changes was looked at; one transaction each.

One process at a time leads (`fhir_server.jobs.lead`): it looks at the changes and calls the receivers. Deliveries are
written together with its cursor, so none is lost and none is made twice. Everything goes through the one writer of the
process.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select

from fhir_server.jobs.lead import Step
from fhir_server.jobs.plain import Plain
from fhir_server.store import schema
from fhir_server.store.unit import Unit

FOLLOWER = "outbound"
WAITING, DONE, DEAD, DROPPED = "waiting", "done", "dead", "dropped"
UNENCODABLE, UNMADE = "unencodable", "unmade"
"""Verdicts of what is dead from the start: a person must look at it first; there is nothing to send at all."""


class Delivery(NamedTuple):
    """One message for one receiver; times in microseconds."""

    id: int
    created: int
    updated: int
    kind: str
    receiver: str
    key: str
    control_id: str
    change: int
    payload: bytes
    issues: bytes
    attempts: int
    next_at: int | None
    state: str
    verdict: str
    answer: bytes


class Made(NamedTuple):
    """A message that was made and is to be kept; `dead` says why, when it is dead from the start."""

    kind: str
    receiver: str
    key: str
    control_id: str
    change: int
    payload: bytes
    issues: bytes
    dead: str = ""


# ---------------------------------------------------------------------------------------- reading


def last_change(connection: Connection) -> int:
    """The number of the newest change."""
    return int(connection.execute(select(func.max(schema.change.c.seq))).scalar() or 0)


def next_due(connection: Connection, receiver: str, now: int) -> int | None:
    """When the next attempt is due after now."""
    table = schema.outbox
    found = select(func.min(table.c.next_at)).where(table.c.receiver == receiver, table.c.state == WAITING)
    number: int | None = connection.execute(found.where(table.c.next_at > now)).scalar()
    return number


def heads(connection: Connection, receiver: str, now: int, most: int, *, holding: bool) -> list[Delivery]:
    """The oldest waiting delivery of each key, as far as it is due; with `holding` only of keys in which nothing is
    dead."""
    table, other = schema.outbox, schema.outbox.alias()
    states = (WAITING, DEAD) if holding else (WAITING,)
    earlier = (
        select(other.c.id)
        .where(other.c.receiver == receiver, other.c.key == table.c.key, other.c.id < table.c.id)
        .where(other.c.state.in_(states))
        .exists()
    )
    found = select(table).where(table.c.receiver == receiver, table.c.state == WAITING, ~earlier)
    found = found.where(table.c.next_at <= now)
    return [_delivery(row) for row in connection.execute(found.order_by(table.c.id).limit(most))]


def _delivery(row: Any) -> Delivery:
    one = Delivery(*row)
    return one._replace(payload=bytes(one.payload), issues=bytes(one.issues), answer=bytes(one.answer))


def deliveries(
    connection: Connection, state: str = "", receiver: str = "", most: int = 50, before: int | None = None
) -> list[Delivery]:
    """Deliveries, the newest first."""
    table = schema.outbox
    found = select(table)
    for column, wanted in ((table.c.state, state), (table.c.receiver, receiver)):
        if wanted:
            found = found.where(column == wanted)
    if before is not None:
        found = found.where(table.c.id < before)
    return [_delivery(row) for row in connection.execute(found.order_by(table.c.id.desc()).limit(most))]


def delivery(connection: Connection, number: int) -> Delivery | None:
    row = connection.execute(select(schema.outbox).where(schema.outbox.c.id == number)).first()
    return None if row is None else _delivery(row)


def counts(connection: Connection) -> list[tuple[str, str, int]]:
    """(receiver, state, how many)."""
    table = schema.outbox
    found = select(table.c.receiver, table.c.state, func.count()).group_by(table.c.receiver, table.c.state)
    return [(row[0], row[1], int(row[2])) for row in connection.execute(found.order_by(table.c.receiver))]


def long_done(connection: Connection, before: int, most: int = 1000) -> tuple[int, ...]:
    """Deliveries that were done before that."""
    table = schema.outbox
    found = select(table.c.id).where(table.c.state == DONE, table.c.updated < before).limit(most)
    return tuple(row[0] for row in connection.execute(found))


# ---------------------------------------------------------------------------------------- writing


@dataclass(frozen=True)
class Looked(Plain):
    """Changes were looked at; these messages came of it. False when another process leads by now."""

    step: Step
    made: tuple[Made, ...]

    def apply(self, unit: Unit) -> bool:
        if not self.step.taken(unit):
            return False
        if self.made:
            last = unit.driver.query(select(func.coalesce(func.max(schema.outbox.c.id), 0)))[0][0]
            rows = [_row(last + number, one, unit.now) for number, one in enumerate(self.made, 1)]
            unit.driver.insert(schema.outbox, rows)
        return True


def _row(number: int, one: Made, now: int) -> Delivery:
    return Delivery(
        id=number,
        created=now,
        updated=now,
        kind=one.kind,
        receiver=one.receiver,
        key=one.key,
        control_id=one.control_id,
        change=one.change,
        payload=one.payload,
        issues=one.issues,
        attempts=0,
        next_at=None if one.dead else now,
        state=DEAD if one.dead else WAITING,
        verdict=one.dead,
        answer=b"",
    )


@dataclass(frozen=True)
class Settled(Plain):
    """One attempt ended so; a delivery that a person dropped meanwhile stays dropped."""

    id: int
    state: str
    attempts: int
    next_at: int | None
    verdict: str
    answer: bytes

    def apply(self, unit: Unit) -> bool:
        rows = unit.driver.select(schema.outbox, ("state",), ("id",), [(self.id,)])
        if not rows or rows[0][0] == DROPPED:
            return False
        values = (self.id, unit.now, self.state, self.attempts, self.next_at, self.verdict, self.answer)
        columns = ("updated", "state", "attempts", "next_at", "verdict", "answer")
        unit.driver.update(schema.outbox, ("id",), columns, [values])
        return True


@dataclass(frozen=True)
class Moved(Plain):
    """A person sends dead letters again, or drops what waits or is dead; gives the numbers that were moved."""

    ids: Sequence[int]
    state: str

    def apply(self, unit: Unit) -> tuple[int, ...]:
        movable = (DEAD, DROPPED, WAITING) if self.state == WAITING else (DEAD, WAITING)
        columns = ("id", "state", "verdict")
        rows = unit.driver.select(schema.outbox, columns, ("id",), [(number,) for number in self.ids])
        fit = [row for row in rows if row[1] in movable and not (row[2] == UNMADE and self.state == WAITING)]
        found = tuple(sorted(row[0] for row in fit))
        again = unit.now if self.state == WAITING else None
        values = [(number, unit.now, self.state, 0, again) for number in found]
        if values:
            unit.driver.update(schema.outbox, ("id",), ("updated", "state", "attempts", "next_at"), values)
        return found


@dataclass(frozen=True)
class Purge(Plain):
    """Forgets deliveries that were done long ago."""

    ids: tuple[int, ...]

    def apply(self, unit: Unit) -> None:
        unit.driver.delete(schema.outbox, ("id",), [(number,) for number in self.ids])
