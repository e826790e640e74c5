"""REST writes inside the transaction: version checks, identical bodies, deletes.

Source: FHIR R4 http.html (create, update, delete, transaction).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.body import digest
from fhir_server.store.fold import Said
from fhir_server.store.unit import Head, Key, Unit
from fhir_server.store.write import Refused, Write, Written
from fhir_server.store.writer import Refusal
from profiles.issue import Issue
from profiles.json_output import dump

REST_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class WriteJob:
    """All or nothing: the first refused write takes back those before it."""

    writes: tuple[Write, ...]
    scope: Scope

    def touches(self) -> Iterable[Key]:
        return [(write.type, write.id) for write in self.writes]

    def prepare(self, unit: Unit) -> None:
        """Nothing beyond the keys."""

    def apply(self, unit: Unit) -> tuple[Written, ...]:
        return tuple(self._one(unit, entry, write) for entry, write in enumerate(self.writes))

    def _one(self, unit: Unit, entry: int, write: Write) -> Written:
        key = (write.type, write.id)
        head = unit.head(key)
        # What the caller may not see is not there for him, but its id is taken all the same.
        if head is not None and head.version and not self.scope.allows(head.owner):
            raise _refusal("not-found", write, entry)
        if write.if_match is not None and (head is None or head.version != write.if_match):
            raise _refusal("version-conflict", write, entry)
        if write.method == "DELETE":
            return _delete(unit, key, head)
        if write.method == "POST" and head is not None and head.version:
            raise _refusal("version-conflict", write, entry)
        return _save(unit, key, head, write)


def _refusal(code: str, write: Write, entry: int) -> Refusal:
    return Refusal(Refused((Issue(code, expression=write.expression or write.type),), entry))


def _delete(unit: Unit, key: Key, head: Head | None) -> Written:
    if head is None or not head.living:
        version = head.version if head else 0
        return Written(*key, version, head.last_updated if head else unit.now, b"", created=False, changed=False)
    _remember(unit, key, None)
    new = unit.turn(key, None, method="DELETE", owner=head.owner, message=None)
    return Written(*key, new.version, new.last_updated, b"", created=False, changed=True)


def _save(unit: Unit, key: Key, head: Head | None, write: Write) -> Written:
    assert write.resource is not None
    resource = write.resource
    if resource.get("id") != write.id:
        resource = resource | {"id": write.id}
    living = head is not None and head.living
    if head is not None and living and digest(bodies.canonical(resource)) == head.content_hash:
        return Written(*key, head.version, head.last_updated, head.body, created=False, changed=False)
    _remember(unit, key, resource)
    new = unit.turn(key, resource, method=write.method, owner=write.owner, message=None)
    return Written(*key, new.version, new.last_updated, new.body, created=not living, changed=True)


def _remember(unit: Unit, key: Key, resource: dict[str, object] | None) -> None:
    """A resource that messages speak of keeps the REST change among its statements, so that later ones build on it."""
    said = unit.hydrate(key)
    if not said:
        return
    body = resource if resource is not None else {"resourceType": key[0], "id": key[1]}
    whole = Said(REST_WEIGHT, unit.now, unit.now, digest(dump(body) + b"%d" % unit.now), 0, body, whole=True)
    unit.put(unit.said, key, (*said, whole))
