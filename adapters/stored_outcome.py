"""What the store holds of one message: the statements it made under the rules of then, and its verdict.

Read from the statements of the resources that the message wrote, and of those it states now. A statement that many
messages made alike is kept once, under the first of them: when it is equal to the one of now, nothing changed; when it
is not, and nothing of this message is kept, that resource cannot be compared and is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from adapters.comparison import Key, Side
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.body import digest
from fhir_server.store.fold import Said
from fhir_server.store.journal import Entry


def stored(connection: Connection, entry: Entry, now: Side) -> tuple[Side, Side, int]:
    """(stored side, the side of now as far as it can be compared, how many resources cannot be)."""
    numbers = _versions(connection, entry.id)
    keys = {rid: key for key, rid in _rids(connection, now.resources).items()} | _written(connection, numbers)
    found: dict[Key, dict[str, Any]] = {}
    unsure: set[Key] = set()
    for rid, key in keys.items():
        body, known = _statement(connection, rid, numbers, now.resources.get(key))
        if body is not None:
            found[key] = body
        elif known:
            unsure.add(key)
    findings = tuple(issue["code"] for issue in entry.issues)
    kept = {key: one for key, one in now.resources.items() if key not in unsure}
    return Side(entry.verdict, found, findings), Side(now.verdict, kept, now.findings, now.rules), len(unsure)


def _versions(connection: Connection, number: int) -> list[int]:
    """The message and its replays, the last first."""
    table = schema.journal
    query = (
        select(table.c.id).where(table.c.original == number, table.c.endpoint == "replay").order_by(table.c.id.desc())
    )
    return [*(row[0] for row in connection.execute(query)), number]


def _rids(connection: Connection, wanted: Iterable[Key]) -> dict[Key, int]:
    table = schema.resource
    found: dict[Key, int] = {}
    for kind, name in wanted:
        row = connection.execute(select(table.c.rid).where(table.c.type == kind, table.c.id == name)).first()
        if row is not None:
            found[kind, name] = row[0]
    return found


def _written(connection: Connection, numbers: list[int]) -> dict[int, Key]:
    """The resources that the message gave a version, by rid; Tasks of the work list are none of its statements."""
    change, resource = schema.change, schema.resource
    query = (
        select(resource.c.rid, resource.c.type, resource.c.id)
        .join(change, change.c.rid == resource.c.rid)
        .where(change.c.message.in_(numbers))
        .distinct()
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _statement(
    connection: Connection, rid: int, numbers: list[int], now: dict[str, Any] | None
) -> tuple[dict[str, Any] | None, bool]:
    """What the message stated of the resource, and whether anything is stated of it at all."""
    table = schema.statement
    query = select(table.c.weight, table.c.first, table.c.last, table.c.hash, table.c.message, table.c.fragment).where(
        table.c.rid == rid
    )
    rows = connection.execute(query).all()
    if now is not None and any(bytes(row.hash) == digest(bodies.canonical(now)) for row in rows):
        return now, True
    for number in numbers:
        for row in rows:
            if row.message == number:
                one = Said(row.weight, row.first, row.last, bytes(row.hash), row.message)
                said = bodies.unpack(one, bytes(row.fragment))
                if said.renamed is None:
                    return said.body or _body(connection, rid), True
    return None, bool(rows)


def _body(connection: Connection, rid: int) -> dict[str, Any]:
    """The only statement of a resource is kept as the resource itself."""
    row = connection.execute(select(schema.resource.c.body).where(schema.resource.c.rid == rid)).one()
    return bodies.content(bytes(row[0]))
