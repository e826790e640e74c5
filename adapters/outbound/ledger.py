"""What is kept of deliveries: rows of `outbox`, and how far the log of changes was looked at; one transaction each.

One process at a time leads: it looks at the changes and calls the receivers. Its lease and its cursor over `change` are
the row `outbound` of the table of jobs; deliveries are written together with the cursor, so none is lost and none is
made twice. Everything goes through the one writer of the process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import Connection, func, select

from fhir_server.jobs.ledger import LEASE
from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit

LEADER = "outbound"
_JOB = tuple(column.name for column in schema.job.columns)
_DELIVERY = tuple(column.name for column in schema.outbox.columns)
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


class _Plain:
    """A store job under the commit lock that touches no resources."""

    ordered: ClassVar[bool] = True

    def touches(self) -> Iterable[Key]:
        return ()

    def prepare(self, unit: Unit) -> None:
        """Nothing to read."""


def _leader(unit: Unit) -> dict[str, Any] | None:
    rows = unit.driver.select(schema.job, _JOB, ("id",), [(LEADER,)])
    return dict(zip(_JOB, rows[0], strict=True)) if rows else None


def _progress(seq: int) -> bytes:
    return json.dumps({"next": {"seq": seq}, "said": ""}).encode()


def _seq(row: dict[str, Any]) -> int:
    return int(json.loads(bytes(row["progress"]))["next"]["seq"])


@dataclass(frozen=True)
class Lead(_Plain):
    """Takes or renews the lead; gives the cursor, None while another process leads. `start` is for the first time."""

    worker: str
    start: int
    is_dead: Callable[[str], bool]

    def apply(self, unit: Unit) -> int | None:
        row, lease = _leader(unit), unit.now + LEASE
        if row is None:
            head = (LEADER, LEADER, "running", unit.now, unit.now, lease, self.worker, b"null", b"{}")
            unit.driver.insert(schema.job, [(*head, _progress(self.start), b"{}")])
            return self.start
        other = row["worker"] not in ("", self.worker)
        if other and (row["lease"] or 0) > unit.now and not self.is_dead(row["worker"]):
            return None
        values = (LEADER, self.worker, lease, unit.now)
        unit.driver.update(schema.job, ("id",), ("worker", "lease", "updated"), [values])
        return _seq(row)


@dataclass(frozen=True)
class Leave(_Plain):
    """Gives the lead back."""

    worker: str

    def apply(self, unit: Unit) -> None:
        row = _leader(unit)
        if row is not None and row["worker"] == self.worker:
            unit.driver.update(schema.job, ("id",), ("worker", "lease"), [(LEADER, "", None)])


@dataclass(frozen=True)
class Looked(_Plain):
    """The changes up to `seq` were looked at; these messages came of it. False when another process leads by now."""

    worker: str
    before: int
    seq: int
    made: tuple[Made, ...]

    def apply(self, unit: Unit) -> bool:
        row = _leader(unit)
        if row is None or row["worker"] != self.worker or _seq(row) > self.before:
            return False
        values = (LEADER, _progress(self.seq), unit.now + LEASE, unit.now)
        unit.driver.update(schema.job, ("id",), ("progress", "lease", "updated"), [values])
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
class Settled(_Plain):
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
class Moved(_Plain):
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
class Purge(_Plain):
    """Forgets deliveries that were done long ago."""

    ids: tuple[int, ...]

    def apply(self, unit: Unit) -> None:
        unit.driver.delete(schema.outbox, ("id",), [(number,) for number in self.ids])
