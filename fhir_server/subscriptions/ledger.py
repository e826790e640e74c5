"""What is kept of each Subscription, its events, and how far the log of changes was looked at: one transaction each.

One process at a time leads (`fhir_server.jobs.lead`): it looks at the changes and makes the calls. Events are written
together with its cursor, so none is lost and none is made twice, and they are numbered without gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from fhir_server.jobs.lead import Step
from fhir_server.jobs.plain import Plain
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.unit import Key, Unit

FOLLOWER = "subscriptions"
_STANDING = tuple(column.name for column in schema.subscription.columns)
TYPE = "Subscription"


class Standing(NamedTuple):
    """How a Subscription stands; times in microseconds."""

    id: str
    version: int
    state: str
    event: int
    sent: int
    attempts: int
    next_at: int | None
    last_at: int

    @property
    def live(self) -> bool:
        return self.state != "off"


class Event(NamedTuple):
    """Something a subscriber is told: this version of that resource."""

    subscription: str
    event: int
    rid: int
    type: str
    id: str
    version: int
    method: str
    at: int


# ---------------------------------------------------------------------------------------- reading


def standings(connection: Connection) -> dict[str, Standing]:
    """How every Subscription stands, by id."""
    return {row.id: Standing(*row) for row in connection.execute(select(schema.subscription))}


def standing(connection: Connection, name: str) -> Standing | None:
    row = connection.execute(select(schema.subscription).where(schema.subscription.c.id == name)).first()
    return None if row is None else Standing(*row)


def events(connection: Connection, name: str, first: int, last: int, most: int) -> list[Event]:
    """Events of a Subscription from `first` to `last`, in order."""
    table = schema.subscription_event
    found = select(table).where(table.c.subscription == name, table.c.event >= first, table.c.event <= last)
    return [Event(*row) for row in connection.execute(found.order_by(table.c.event).limit(most))]


def body_of(connection: Connection, event: Event) -> bytes:
    """The bytes of the version an event is about."""
    resource, version = schema.resource, schema.version
    now = select(resource.c.body).where(resource.c.rid == event.rid, resource.c.version == event.version)
    then = select(version.c.body).where(version.c.rid == event.rid, version.c.version == event.version)
    for statement in (now, then):
        row = connection.execute(statement).first()
        if row is not None:
            return bytes(row[0])
    return b""


def next_subscription(connection: Connection, after: int) -> int | None:
    """The number of the next change of a Subscription."""
    change = schema.change
    found = select(func.min(change.c.seq)).where(change.c.type == TYPE, change.c.seq > after)
    number: int | None = connection.execute(found).scalar()
    return number


# ---------------------------------------------------------------------------------------- writing


@dataclass(frozen=True)
class Looked(Plain):
    """Changes were looked at; these are the events. False when another process leads by now."""

    step: Step
    events: tuple[tuple[str, int, str, str, int, str], ...]

    def apply(self, unit: Unit) -> bool:
        if not self.step.taken(unit):
            return False
        names = sorted({event[0] for event in self.events})
        last = {one.id: one.event for one in _standings(unit, names)}
        rows = []
        for name, *rest in self.events:
            if name in last:
                last[name] += 1
                rows.append((name, last[name], *rest, unit.now))
        if rows:
            unit.driver.insert(schema.subscription_event, rows)
            unit.driver.update(schema.subscription, ("id",), ("event",), sorted(last.items()))
        return True


def _standings(unit: Unit, names: Sequence[str]) -> list[Standing]:
    if not names:
        return []
    rows = unit.driver.select(schema.subscription, _STANDING, ("id",), [(name,) for name in names])
    return [Standing(*row) for row in rows]


@dataclass(frozen=True)
class Registered(Plain):
    """A Subscription as a client left it: `state` '' when it was deleted. What was not delivered stays to be sent."""

    id: str
    version: int
    state: str

    def apply(self, unit: Unit) -> None:
        old = next(iter(_standings(unit, [self.id])), None)
        if old is not None and old.version >= self.version:
            return
        if not self.state:
            unit.driver.delete(schema.subscription, ("id",), [(self.id,)])
            unit.driver.delete(schema.subscription_event, ("subscription",), [(self.id,)])
        elif old is None:
            row = Standing(self.id, self.version, self.state, 0, 0, 0, None, unit.now)
            unit.driver.insert(schema.subscription, [row])
        else:
            # What happened while it was off is nobody's business; what an error held back is still owed.
            sent = old.event if old.state == "off" else old.sent
            values = (self.id, self.version, self.state, sent, 0, None)
            unit.driver.update(
                schema.subscription, ("id",), ("version", "state", "sent", "attempts", "next_at"), [values]
            )


@dataclass(frozen=True)
class Told(Plain):
    """Events up to this number were delivered (or a heartbeat was)."""

    id: str
    sent: int

    def apply(self, unit: Unit) -> None:
        values = (self.id, self.sent, 0, None, unit.now)
        unit.driver.update(schema.subscription, ("id",), ("sent", "attempts", "next_at", "last_at"), [values])


@dataclass(frozen=True)
class Failed(Plain):
    """An attempt failed; the next one is due then."""

    id: str
    attempts: int
    next_at: int

    def apply(self, unit: Unit) -> None:
        unit.driver.update(
            schema.subscription, ("id",), ("attempts", "next_at"), [(self.id, self.attempts, self.next_at)]
        )


@dataclass(frozen=True)
class Status:
    """The server says how the Subscription is: status and error stand in the resource, as a version of its own."""

    id: str
    state: str
    error: str = ""

    def touches(self) -> Iterable[Key]:
        return [(TYPE, self.id)]

    def prepare(self, unit: Unit) -> None:
        """Nothing beyond the key."""

    def apply(self, unit: Unit) -> None:
        key = (TYPE, self.id)
        head, old = unit.head(key), next(iter(_standings(unit, [self.id])), None)
        if head is None or not head.living or old is None or head.version != old.version:
            return  # a client was faster: what he wrote is looked at first
        resource = bodies.content(head.body) | {"status": self.state}
        resource.pop("error", None)
        if self.error:
            resource["error"] = self.error
        new = unit.turn(key, resource, method="PUT", owner=head.owner, message=None)
        values = (self.id, new.version, self.state, 0, None)
        unit.driver.update(schema.subscription, ("id",), ("version", "state", "attempts", "next_at"), [values])


@dataclass(frozen=True)
class Purge(Plain):
    """Forgets events that were delivered long ago."""

    keys: tuple[tuple[str, int], ...]

    def apply(self, unit: Unit) -> None:
        unit.driver.delete(schema.subscription_event, ("subscription", "event"), self.keys)


def long_delivered(connection: Connection, before: int, most: int = 1000) -> tuple[tuple[str, int], ...]:
    """Events older than that which were delivered."""
    event, one = schema.subscription_event, schema.subscription
    found = (
        select(event.c.subscription, event.c.event)
        .join(one, one.c.id == event.c.subscription)
        .where(event.c.at < before, event.c.event <= one.c.sent)
        .limit(most)
    )
    return tuple((row[0], row[1]) for row in connection.execute(found))
