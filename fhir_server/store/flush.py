"""Writes a unit into the tables: a few bulk statements, index rows as differences, versions checked at the end.

A row that another process changed since it was read makes a `Conflict`: the whole transaction is tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fhir_server.search import index
from fhir_server.search.known import asked_state
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.counts import count
from fhir_server.store.driver import Conflict, Driver
from fhir_server.store.fold import Said
from fhir_server.store.unit import HEAD_COLUMNS, Head, Key, Unit

_NO_ROWS = index.IndexRows(frozenset(), frozenset(), frozenset(), frozenset(), None, None)


@dataclass(slots=True)
class _Rows:
    """Rows to add and to remove, by table name."""

    add: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    remove: dict[str, list[Sequence[Any]]] = field(default_factory=dict)

    def plus(self, table: str, rows: list[Sequence[Any]]) -> None:
        if rows:
            self.add.setdefault(table, []).extend(rows)

    def minus(self, table: str, rows: list[Sequence[Any]]) -> None:
        if rows:
            self.remove.setdefault(table, []).extend(rows)


def flush(unit: Unit) -> int:
    """Writes everything the unit holds; the number of new versions. Afterwards the unit is clean and can go on."""
    turned = [key for key, turns in unit.turns.items() if turns]
    lock(unit, len(turned))
    indexed = {key: index_rows(unit, key, unit.turns[key][-1].resource) for key in turned}
    placeholders = _number(unit, turned, _targets(indexed))
    hold_parameters(unit)
    rows = _Rows()
    for key in placeholders:
        rows.plus("resource", [_head(unit, key)])
    updates: list[Sequence[Any]] = []
    for key in turned:
        _index_difference(unit, key, indexed[key], rows)
        updates += _resource(unit, key, indexed[key], rows)
    _statements(unit, rows)
    rows.plus("alias", list(unit.alias_rows.values()))
    rows.plus("journal", list(unit.journal.values()))
    written = _changes(unit, turned, rows)
    _execute(unit.driver, rows, updates)
    count(unit, turned)
    _worklist(unit)
    _clean(unit)
    return written


def lock(unit: Unit, writes: int) -> None:
    """Takes the commit lock, and asks for what a flush needs to know under it: all of it comes with one answer."""
    unit.driver.lock_commit_order()
    if unit.known is not None and unit.state is None:
        unit.state = asked_state(unit.driver.asking)
    if unit.latest is None:
        unit.latest = unit.driver.asking(_LATEST)
    unit.driver.reserve(schema.resource, writes)
    unit.driver.reserve(schema.change, writes)


_LATEST = "SELECT last_updated FROM change ORDER BY seq DESC LIMIT 1"


def latest_change(unit: Unit) -> int:
    """When the last change of the store was made; 0 when there is none. Whoever knows it holds the lock."""
    rows = unit.latest() if unit.latest is not None else []
    return int(rows[0][0]) if rows else 0


def hold_parameters(unit: Unit) -> None:
    """Under the commit lock: another process may have changed what is indexed; then all of it is done again."""
    expected, unit.known, read, unit.state = unit.known, None, unit.state, None
    if expected is not None and read is not None and read() != expected:
        raise Conflict


def _index(head: Head | None) -> index.IndexRows:
    if head is None or not head.living:
        return _NO_ROWS
    return index.rows(bodies.parse(head.body))


def index_rows(unit: Unit, key: Key, resource: dict[str, Any] | None) -> index.IndexRows:
    """The search keys of a turn, made once: conditions look into them before they are written."""
    if resource is None:
        return _NO_ROWS
    known = unit.indexed.get(key)
    if known is None or known[0] is not resource:
        known = unit.indexed[key] = (resource, index.rows(resource))
    return known[1]


def _targets(indexed: dict[Key, index.IndexRows]) -> set[Key]:
    found = {(kind, name) for rows in indexed.values() for _, kind, name in rows.references}
    return found | {rows.patient for rows in indexed.values() if rows.patient}


def _number(unit: Unit, turned: list[Key], targets: set[Key]) -> list[Key]:
    """Gives every new resource its number; the keys of targets that are not there and become placeholders."""
    unit.load(targets)
    missing = [key for key in sorted(targets) if unit.heads[key] is None]
    for kind, name in missing:
        unit.heads[kind, name] = Head(0, kind, name, 0, unit.now, True, b"", "")
    new = [key for key in (*turned, *missing) if unit.stored.get(key) is None]
    if new:
        rid = unit.driver.numbers(schema.resource, len(new))
        for offset, key in enumerate(new):
            unit.heads[key] = _head(unit, key)._replace(rid=rid + offset)
    return missing


def _head(unit: Unit, key: Key) -> Head:
    head = unit.heads[key]
    assert head is not None
    return head


def _resource(unit: Unit, key: Key, found: index.IndexRows, rows: _Rows) -> list[Sequence[Any]]:
    """The current row and the versions it leaves behind; returns the update, if the row is there already."""
    patient = _head(unit, found.patient).rid if found.patient else None
    head = _head(unit, key)
    if patient is not None or found.clinical_date is not None or head.clinical_date is not None:
        head = head._replace(patient_rid=patient, clinical_date=found.clinical_date)
    unit.heads[key] = head
    stored = unit.stored.get(key)
    turns = unit.turns[key]
    if stored is not None and stored.version:
        # The method it was written with stands in `change`, where history reads it.
        rows.plus(
            "version",
            [(head.rid, stored.version, stored.last_updated, stored.deleted, "", stored.body)],
        )
    for turn in turns[:-1]:
        rows.plus("version", [(head.rid, turn.version, head.last_updated, turn.deleted, turn.method, turn.body)])
    if stored is None:
        rows.plus("resource", [head])
        return []
    return [(head.rid, stored.version, *head[3:])]


def _index_difference(unit: Unit, key: Key, new: index.IndexRows, rows: _Rows) -> None:
    old = _index(unit.stored.get(key))
    rid = _head(unit, key).rid
    for table, before, after in (
        ("sp_key", old.keys, new.keys),
        ("sp_string", old.strings, new.strings),
        ("sp_range", old.ranges, new.ranges),
    ):
        rows.plus(table, [(*row, rid) for row in (after - before if before else after)])
        if before:
            rows.minus(table, [(*row, rid) for row in before - after])
    if old.references != new.references:
        if old.references:
            unit.load((kind, name) for _, kind, name in old.references)
        plus, minus = new.references - old.references, old.references - new.references
        rows.plus("sp_reference", [(p, _head(unit, (kind, name)).rid, rid) for p, kind, name in plus])
        rows.minus("sp_reference", [(p, _head(unit, (kind, name)).rid, rid) for p, kind, name in minus])


def _statements(unit: Unit, rows: _Rows) -> None:
    for key, said in unit.said.items():
        stored = unit.said_stored.get(key, ())
        if said is stored:
            continue
        rid = _head(unit, key).rid
        rows.minus("statement", [(rid, one.weight, one.first, one.hash) for one in stored])
        rows.plus("statement", [_statement(rid, one, alone=len(said) == 1) for one in said])

    for key, points in unit.points.items():
        rid = _head(unit, key).rid
        rows.plus("statement_point", [(rid, *point) for point in points])


def _statement(rid: int, one: Said, *, alone: bool) -> tuple[Any, ...]:
    # What stands alone is the resource itself and need not be kept twice.
    plain = alone and not (one.deleted or one.whole or one.renamed)
    fragment = b"" if plain else bodies.pack(one)
    return (rid, one.weight, one.first, one.last, one.hash, one.message, fragment)


def _changes(unit: Unit, turned: list[Key], rows: _Rows) -> int:
    turns = [(key, turn) for key in turned for turn in unit.turns[key]]
    if not turns:
        return 0
    seq = unit.driver.numbers(schema.change, len(turns))
    for offset, (key, turn) in enumerate(turns):
        row = (seq + offset, _head(unit, key).rid, key[0], turn.version, unit.now, turn.method, turn.message)
        rows.plus("change", [row])
    return len(turns)


_KEYS = {
    "sp_key": ("param", "hash", "rid"),
    "sp_string": ("param", "value", "rid"),
    "sp_range": ("param", "low", "high", "rid"),
    "sp_reference": ("param", "target", "rid"),
    "statement": ("rid", "weight", "first", "hash"),
}


def _execute(driver: Driver, rows: _Rows, updates: list[Sequence[Any]]) -> None:
    for name, removed in rows.remove.items():
        driver.delete(schema.metadata.tables[name], _KEYS[name], removed)
    if updates:
        driver.update_all(schema.resource, ("rid", "version"), HEAD_COLUMNS[3:], updates)
    for name, added in rows.add.items():
        # Sorted rows fall into neighbouring pages of the clustered lists.
        driver.insert(schema.metadata.tables[name], sorted(map(tuple, added)) if name.startswith("sp_") else added)


def _worklist(unit: Unit) -> None:
    if not unit.worklist:
        return
    table, keys = schema.worklist, ("site", "table", "code")
    known = {tuple(row[:3]): row[3] for row in unit.driver.select(table, (*keys, "seen"), keys, sorted(unit.worklist))}
    new = [
        (*key, text, location, seen, message)
        for key, (text, location, seen, message) in sorted(unit.worklist.items())
        if key not in known
    ]
    again = [
        (*key, known[key] + seen, location, message)
        for key, (_, location, seen, message) in sorted(unit.worklist.items())
        if key in known
    ]
    if new:
        unit.driver.insert(table, new)
    if again:
        unit.driver.update(table, keys, ("seen", "location", "message"), again)


def _clean(unit: Unit) -> None:
    """What was written is now what is stored."""
    unit.stored = dict(unit.heads)
    unit.said_stored = dict(unit.said)
    for pending in (unit.turns, unit.points, unit.alias_rows, unit.journal, unit.worklist):
        pending.clear()
    unit.sealed()
