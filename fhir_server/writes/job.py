"""REST writes inside the transaction: version checks, identical bodies, deletes, references.

Source: FHIR R4 http.html (create, update, patch, delete, transaction).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from fhir_server.integrity import Integrity, held, literals, missing
from fhir_server.search.query import Query
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.body import digest
from fhir_server.store.flush import index_rows
from fhir_server.store.fold import Said
from fhir_server.store.unit import Key, Unit
from fhir_server.store.write import Refused, Write, Written
from fhir_server.store.writer import Refusal
from fhir_server.writes.plan import plan
from fhir_server.writes.step import Resource, Step, told
from profiles.issue import Issue
from profiles.json_output import dump

REST_WEIGHT = 100


class _Text(NamedTuple):
    """A resource as canonical bytes, and what it refers to."""

    resource: Resource
    text: bytes
    targets: set[Key]


@dataclass(slots=True)
class WriteJob:
    """All or nothing: the first refused write takes back those before it."""

    writes: tuple[Write, ...]
    scope: Scope
    integrity: Integrity = Integrity.CHECKED
    seconds: float = 0
    """How long its conditions may be looked up, while all other writes wait; 0: no limit."""
    _steps: tuple[Step, ...] | Refusal = ()
    _known: dict[int, _Text] = field(default_factory=dict)

    @property
    def turns(self) -> int:
        """How many versions are written, as a rule."""
        return len(self.writes)

    def touches(self) -> Iterable[Key]:
        for entry, write in enumerate(self.writes):
            yield write.type, write.id
            if write.resource is not None and self.integrity is Integrity.CHECKED and "id" in write.resource:
                yield from self._text(entry, write.resource).targets

    def asks(self, unit: Unit) -> Iterable[tuple[Query, Scope]]:
        """The criteria; and the search keys of what is written for certain are made while nobody waits for the lock."""
        for write in self.writes:
            if write.criteria is not None:
                yield write.criteria, self.scope
            elif write.resource is not None:
                index_rows(unit, (write.type, write.id), write.resource)
            for lookup in write.lookups:
                yield lookup.query, self.scope

    def prepare(self, unit: Unit) -> None:
        """Decides what each write is about; a refusal is kept until `apply`."""
        unit.until = monotonic() + self.seconds if self.seconds else 0
        try:
            self._steps = plan(unit, self.writes, self.scope)
        except Refusal as refusal:
            self._steps = refusal

    def apply(self, unit: Unit) -> tuple[Written, ...]:
        if isinstance(self._steps, Refusal):
            raise self._steps
        steps, written = list[Step](), list[Written]()
        for step in self._steps:
            if step.write.about is not None:
                if self._steps[step.write.about].found:
                    continue
                step = told(step, written[step.write.about])
            steps.append(step)
            written.append(self._carried_out(unit, step))
        if self.integrity is Integrity.CHECKED:
            self._check(unit, steps)
        return tuple(written)

    def _text(self, entry: int, resource: Resource) -> _Text:
        """Made once for each form of the resource."""
        known = self._known.get(entry)
        if known is None or known.resource is not resource:
            text = bodies.canonical(resource)
            known = self._known[entry] = _Text(resource, text, literals(resource["resourceType"], text))
        return known

    def _carried_out(self, unit: Unit, step: Step) -> Written:
        if step.write.method == "DELETE":
            return _deleted(unit, step)
        if step.resource is None:
            return _as_it_is(unit, step.keys[0])
        return _saved(unit, step, step.resource, self._text(step.entry, step.resource).text)

    def _check(self, unit: Unit, steps: Iterable[Step]) -> None:
        gone: dict[Key, str] = {}
        for step in steps:
            if step.resource is not None:
                targets = self._text(step.entry, step.resource).targets
                found = missing(unit, step.keys[0], step.resource, targets, self.scope) if targets else ()
                if found:
                    where = step.write.expression or step.write.type
                    issues = [
                        Issue("reference-missing", where + path.removeprefix(step.write.type), details={"type": kind})
                        for path, kind in found
                    ]
                    raise Refusal(Refused(tuple(issues), step.entry))
            elif step.write.method == "DELETE":
                gone.update((key, step.write.expression or step.write.type) for key in step.keys if unit.turns.get(key))
        if gone:
            _refuse_held(unit, gone, self.scope)


def _refuse_held(unit: Unit, gone: Mapping[Key, str], scope: Scope) -> None:
    issues = held(unit, gone, scope)
    if issues:
        raise Refusal(Refused(tuple(issues)))


def _deleted(unit: Unit, step: Step) -> Written:
    """The last of the resources deleted, and how many they were."""
    last, count = Written(step.write.type, step.write.id, 0, unit.now, b"", created=False, changed=False, count=0), 0
    for key in step.keys:
        head = unit.head(key)
        if head is None or not head.version:
            continue
        if not head.living:
            last = Written(*key, head.version, head.last_updated, b"", created=False, changed=False, count=0)
            continue
        _remember(unit, key, None)
        new, count = unit.turn(key, None, method="DELETE", owner=head.owner, message=None), count + 1
        last = Written(*key, new.version, new.last_updated, b"", created=False, changed=True, count=count)
    return last


def _as_it_is(unit: Unit, key: Key) -> Written:
    head = unit.head(key)
    assert head is not None
    return Written(*key, head.version, head.last_updated, head.body, created=False, changed=False)


def _saved(unit: Unit, step: Step, resource: Resource, text: bytes) -> Written:
    key, write = step.keys[0], step.write
    head = unit.head(key)
    living = head is not None and head.living
    if head is not None and living and digest(text) == head.content_hash:
        return _as_it_is(unit, key)
    _remember(unit, key, resource)
    new = unit.turn(key, resource, method=write.method, owner=write.owner, message=None, text=text)
    return Written(*key, new.version, new.last_updated, new.body, created=not living, changed=True)


def _remember(unit: Unit, key: Key, resource: Resource | None) -> None:
    """A resource that messages speak of keeps the REST change among its statements, so that later ones build on it."""
    said = unit.hydrate(key)
    if not said:
        return
    body = resource if resource is not None else {"resourceType": key[0], "id": key[1]}
    whole = Said(REST_WEIGHT, unit.now, unit.now, digest(dump(body) + b"%d" % unit.now), 0, body, whole=True)
    unit.put(unit.said, key, (*said, whole))
