"""Looks through the log of changes and says which Subscriptions are to be told of what.

Each change is held against the criteria in the version it wrote, in the order of the log. A change of a Subscription
itself takes effect for the changes behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, tuple_

from fhir_server.jobs.desk import Submit
from fhir_server.jobs.lead import Step
from fhir_server.search import index
from fhir_server.search.query import Query
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store import body as bodies
from fhir_server.store.database import Database
from fhir_server.store.schema import change, resource, version
from fhir_server.store.unit import Key
from fhir_server.subscriptions.ledger import (
    FOLLOWER,
    TYPE,
    Looked,
    Registered,
    Standing,
    next_subscription,
    standings,
)
from fhir_server.subscriptions.percolator import Percolator, Version
from fhir_server.subscriptions.subscription import Subscribed, chained, read

_BATCH = 500
_UNKEPT = 5000
"""Changes without an event after which the cursor is kept all the same."""
_DEEPEST = 3
"""References a chain is followed over."""


class Change(NamedTuple):
    seq: int
    rid: int
    type: str
    version: int
    method: str
    id: str
    owner: str


class Known(NamedTuple):
    """A Subscription that is read: `scope` is what its owner may see."""

    version: int
    subscribed: Subscribed | None
    scope: Scope


class Lookout:
    """Belongs to the one thread that leads. `seq` is the last change that was looked at."""

    def __init__(
        self, database: Database, submit: Submit, clock: Callable[[], int], endpoints: Sequence[str], worker: str
    ) -> None:
        self._database, self._submit, self._clock = database, submit, clock
        self._endpoints, self._worker = endpoints, worker
        self._percolator: Percolator | None = None
        self._known: dict[str, Known] = {}
        self.seq = self._kept = 0

    def begin(self, seq: int) -> None:
        """Goes on behind this change."""
        self.seq = self._kept = seq

    def known(self, connection: Connection, there: dict[str, Standing]) -> dict[str, Subscribed]:
        """Every Subscription that is not off, read; one that cannot be understood is left out."""
        stale = [name for name, one in there.items() if name not in self._known or self._known[name][0] != one.version]
        for name in [name for name in self._known if name not in there]:
            del self._known[name]
        columns = (resource.c.id, resource.c.version, resource.c.body, resource.c.owner)
        found = select(*columns).where(resource.c.type == TYPE, resource.c.id.in_(stale))
        for row in connection.execute(found) if stale else ():
            told = read(bodies.parse(bytes(row.body)), self._clock(), self._endpoints) if row.body else ()
            scope = Scope(frozenset({row.owner})) if row.owner else EVERYTHING
            self._known[row.id] = Known(row.version, told if isinstance(told, Subscribed) else None, scope)
        return {name: one.subscribed for name, one in self._known.items() if one.subscribed and there[name].live}

    def look(self) -> bool:
        """Takes the next changes; whether there may be more."""
        with self._database.read() as connection:
            there = standings(connection)
            subscribed = self.known(connection, there)
            if not subscribed:
                following = next_subscription(connection, self.seq)
                if following is None:
                    return False
                self.seq = following - 1
            types = {TYPE, *(one.type for one in subscribed.values())}
            changes, reached, top = _changes(connection, self.seq, types)
            first = next((place for place, one in enumerate(changes) if one.type == TYPE), None)
            if first == 0:
                return self._register(connection, changes[0])
            mine = changes if first is None else changes[:first]
            end = reached if first is None else mine[-1].seq
            events = self._events(connection, mine, subscribed)
        return self._keep(events, end) and end < top

    def _register(self, connection: Connection, one: Change) -> bool:
        """A Subscription was written: by a client, or by us (then it is known in this version)."""
        columns = (resource.c.version, resource.c.deleted, resource.c.body)
        row = connection.execute(select(*columns).where(resource.c.rid == one.rid)).one()
        if row.version == one.version:
            state = ""
            if not row.deleted:
                told = bodies.parse(bytes(row.body))
                state = "off" if told.get("status") == "off" else "requested"
            self._submit(Registered(one.id, one.version, state)).result()
        return self._keep(self._events_of_subscriptions(connection, one), one.seq)

    def _events_of_subscriptions(self, connection: Connection, one: Change) -> list[tuple[str, Change]]:
        """Somebody may be subscribed to Subscriptions."""
        subscribed = self.known(connection, standings(connection))
        others = {name: each for name, each in subscribed.items() if each.type == TYPE and name != one.id}
        return self._events(connection, [one], others) if others else []

    def _keep(self, events: list[tuple[str, Change]], seq: int) -> bool:
        if not events and seq - self._kept < _UNKEPT:
            self.seq = seq  # to look at them again would find nothing again
            return True
        told = tuple((name, one.rid, one.type, one.id, one.version, one.method) for name, one in events)
        if not self._submit(Looked(Step(FOLLOWER, self._worker, self.seq, seq), told)).result():
            raise Superseded
        self.seq = self._kept = seq
        return True

    def _events(
        self, connection: Connection, changes: Sequence[Change], subscribed: dict[str, Subscribed]
    ) -> list[tuple[str, Change]]:
        found: list[tuple[str, Change]] = []
        for round_ in _rounds(changes):
            kinds = {one.type for one in round_}
            asked = {name: one for name, one in subscribed.items() if one.type in kinds}
            found += self._round(connection, round_, asked)
        return found

    def _round(
        self, connection: Connection, changes: list[Change], asked: dict[str, Subscribed]
    ) -> list[tuple[str, Change]]:
        """The events of changes of different resources."""
        versions = _bodies(connection, [(one.rid, one.version) for one in changes])
        living = [one for one in changes if versions.get((one.rid, one.version))]
        if not living or not asked:
            return []
        now = {(one.type, one.id): versions[one.rid, one.version] for one in living}
        wanted = {name: (one.wanted, self._known[name].scope) for name, one in asked.items()}
        meeting = self._meeting(connection, living, now, wanted)
        before: dict[str, frozenset[Key]] = {}
        earlier: dict[Key, bytes] = {}
        if any(one.topic is not None for one in asked.values()):
            older = _bodies(connection, [(one.rid, one.version - 1) for one in living if one.version > 1])
            earlier = {
                (one.type, one.id): older[one.rid, one.version - 1]
                for one in living
                if older.get((one.rid, one.version - 1))
            }
            met = {name: (one.before, EVERYTHING) for name, one in asked.items() if one.before is not None}
            before = self._meeting(connection, [c for c in living if (c.type, c.id) in earlier], earlier, met)
        return [
            (name, change_)
            for change_ in living
            for name, one in asked.items()
            if (key := (change_.type, change_.id)) in meeting[name]
            and ("update" if key in earlier or one.topic is None else "create") in one.interactions
            and (one.before is None or key not in earlier or key in before[name])
            and _becomes(one, now[key], earlier.get(key))
        ]

    def _meeting(
        self,
        connection: Connection,
        changes: Sequence[Change],
        texts: dict[Key, bytes],
        asked: dict[str, tuple[Query, Scope]],
    ) -> dict[str, frozenset[Key]]:
        if not changes or not asked:
            return dict.fromkeys(asked, frozenset())
        versions = [Version((c.type, c.id), bodies.content(texts[c.type, c.id]), c.owner) for c in changes]
        beside = _referred(connection, versions) if any(chained(query) for query, _ in asked.values()) else []
        if self._percolator is None:
            self._percolator = Percolator()
        return self._percolator.meeting(versions, beside, asked, self._clock())

    def close(self) -> None:
        if self._percolator is not None:
            self._percolator.close()
            self._percolator = None


class Superseded(Exception):
    """Another process leads by now."""


def _changes(connection: Connection, after: int, types: Iterable[str]) -> tuple[list[Change], int, int]:
    """The next changes of these types, up to which number that is all of them, and the number of the last change."""
    top: int = connection.execute(select(change.c.seq).order_by(change.c.seq.desc()).limit(1)).scalar() or 0
    columns = (change.c.seq, change.c.rid, change.c.type, change.c.version, change.c.method)
    found = (
        select(*columns, resource.c.id, resource.c.owner)
        .join(resource, resource.c.rid == change.c.rid)
        .where(change.c.seq > after, change.c.seq <= top, change.c.type.in_(sorted(types)))
        .order_by(change.c.seq)
        .limit(_BATCH)
    )
    changes = [Change(*row) for row in connection.execute(found)]
    return changes, changes[-1].seq if len(changes) == _BATCH else top, top


def _becomes(one: Subscribed, now: bytes, earlier: bytes | None) -> bool:
    """Whether the predicate of the topic, if it has one, has begun to hold."""
    if one.topic is None or one.topic.becomes is None:
        return True
    holds = one.topic.becomes
    return holds(bodies.parse(now)) and not (earlier is not None and holds(bodies.parse(earlier)))


def _rounds(changes: Iterable[Change]) -> Iterable[list[Change]]:
    """Runs of changes in which no resource stands twice."""
    run: dict[int, Change] = {}
    for one in changes:
        if one.rid in run:
            yield list(run.values())
            run = {}
        run[one.rid] = one
    if run:
        yield list(run.values())


def _bodies(connection: Connection, wanted: list[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """The bytes of versions by (rid, version); empty for a deleted one."""
    found: dict[tuple[int, int], bytes] = {}
    for table in (resource, version):
        left = [pair for pair in wanted if pair not in found]
        if left:
            rows = select(table.c.rid, table.c.version, table.c.body)
            for row in connection.execute(rows.where(tuple_(table.c.rid, table.c.version).in_(left))):
                found[row.rid, row.version] = bytes(row.body)
    return found


def _referred(connection: Connection, versions: list[Version]) -> list[Version]:
    """What the versions refer to, and what that refers to, as it stands now."""
    found: dict[Key, Version] = {}
    frontier: list[dict[str, Any]] = [one.resource for one in versions]
    for _ in range(_DEEPEST):
        keys = {(kind, name) for body in frontier for _, kind, name in index.rows(body).references} - found.keys()
        if not keys:
            break
        columns = (resource.c.type, resource.c.id, resource.c.body, resource.c.owner)
        rows = select(*columns).where(
            tuple_(resource.c.type, resource.c.id).in_(sorted(keys)),
            resource.c.deleted.is_(False),
            resource.c.version > 0,
        )
        fresh = [Version((r.type, r.id), bodies.content(bytes(r.body)), r.owner) for r in connection.execute(rows)]
        found.update((one.key, one) for one in fresh)
        frontier = [one.resource for one in fresh]
    return list(found.values())
