"""What resources refer to, read from their bodies: every literal reference, and attachments kept as a Binary.

Only what the caller may see is found; what is not there is passed over (FHIR R4 references.html#literal).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from fhir_server.rest.exchange import Call
from fhir_server.search import heavy
from fhir_server.search.reference import local
from fhir_server.store.body import parse
from fhir_server.store.schema import resource

Key = tuple[str, str]
_AT_ONCE = 400


@dataclass(frozen=True, slots=True)
class Reached:
    """One living resource; `body` is the stored bytes."""

    rid: int
    type: str
    id: str
    body: bytes

    @property
    def key(self) -> Key:
        return self.type, self.id


def references(body: bytes, base: str) -> dict[Key, None]:
    """The resources a body refers to, each once, in document order."""
    if b'"reference":' not in body and b'"Binary/' not in body:
        return {}
    found = dict.fromkeys(_literals(parse(body)))
    keys = (local(text.removeprefix(base + "/")) for text in found)
    return dict.fromkeys(key for key in keys if key is not None)


def _literals(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if not isinstance(child, str):
                yield from _literals(child)
            elif name == "reference" or (name == "url" and child.startswith("Binary/")):
                yield child
    elif isinstance(value, list):
        for item in value:
            yield from _literals(item)


def found(keys: Iterable[Key], connection: Connection, call: Call) -> list[Reached]:
    """The living resources of these keys that the caller may see, in the order of the keys."""
    by_type: dict[str, list[str]] = {}
    for kind, name in keys:
        by_type.setdefault(kind, []).append(name)
    rows: dict[Key, Reached] = {}
    for kind, names in by_type.items():
        for start in range(0, len(names), _AT_ONCE):
            rows |= {one.key: one for one in _rows(kind, names[start : start + _AT_ONCE], connection, call)}
    return [rows[key] for key in keys if key in rows]


def _rows(kind: str, names: Sequence[str], connection: Connection, call: Call) -> Iterator[Reached]:
    wanted = (
        resource.c.type == kind,
        resource.c.id.in_(names),
        resource.c.deleted.is_(False),
        resource.c.version > 0,
        call.caller.scope.predicate(resource),
    )
    for row in connection.execute(select(resource.c.rid, resource.c.id, resource.c.body).where(*wanted)):
        yield Reached(row.rid, kind, row.id, bytes(row.body))


def reached(
    start: Sequence[Reached], connection: Connection, call: Call, *, most: int, deep: frozenset[str] | None
) -> list[Reached] | None:
    """What the resources refer to, and what that refers to, and so on; None when it is more than `most`, or too heavy.

    References are followed further from resources of the types in `deep` only; None follows from all.
    """
    known = {one.key for one in start}
    whole, weight = list[Reached](), 0
    frontier = list(start)
    while frontier:
        wanted: dict[Key, None] = {}
        for one in frontier:
            wanted |= references(one.body, call.base)
        fresh = found([key for key in wanted if key not in known], connection, call)
        known |= wanted.keys()
        whole += fresh
        weight += sum(len(one.body) for one in fresh)
        if len(whole) > most or weight > heavy.MOST_BYTES:
            return None
        frontier = [one for one in fresh if deep is None or one.type in deep]
    return whole
