"""What each write of a job is about: its criteria become the one resource they match, its patch the next resource.

Everything is decided before anything is changed, under the commit lock, on the state before the job; conditional
references are the exception: they are looked up in the state the job leaves behind (FHIR R4 http.html#trules, step 5).
Source: http.html#ccreate, #cond-update, #cdelete, #patch, #concurrency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import profiles
from fhir_server.rest.identity import ANY_VERSION
from fhir_server.rest.links import linked
from fhir_server.security.scope import Scope
from fhir_server.store import body as bodies
from fhir_server.store.matches import matches
from fhir_server.store.time_limit import TooSlow
from fhir_server.store.unit import Head, Key, Unit
from fhir_server.store.write import Refused, Write
from fhir_server.store.writer import Refusal
from fhir_server.writes.lookup import looked_up
from fhir_server.writes.step import Resource, Step
from profiles.issue import Issue


def plan(unit: Unit, writes: Sequence[Write], scope: Scope) -> tuple[Step, ...]:
    """The steps, with all links resolved; raises Refusal."""
    targets = [_target(unit, entry, write, scope) for entry, write in enumerate(writes)]
    unit.load(key for target in targets for key in target.keys)
    steps = [_step(unit, entry, write, targets[entry], scope) for entry, write in enumerate(writes)]
    if len(steps) == 1 and writes[0].criteria is None and not writes[0].lookups:
        return tuple(steps)
    _refuse_overlaps(steps)
    addresses = _renamed(steps) | looked_up(unit, steps, scope)
    return tuple(_linked(step, addresses) for step in steps) if addresses else tuple(steps)


def refusal(code: str, write: Write, entry: int, **details: str) -> Refusal:
    return Refusal(Refused((Issue(code, write.expression or write.type, details=details),), entry))


# ------------------------------------------------------------------------------------- conditions


class _Target(NamedTuple):
    """The resources a write is about; `matched` when its criteria found them."""

    keys: tuple[Key, ...]
    matched: bool


def _target(unit: Unit, entry: int, write: Write, scope: Scope) -> _Target:
    key = (write.type, write.id)
    if write.criteria is None:
        return _Target((key,), matched=False)
    look = matches(unit)
    try:
        found = look.all(write.criteria, scope, write.most + 1) if write.most > 1 else look.first(write.criteria, scope)
    except TooSlow:
        raise refusal("condition-too-slow", write, entry) from None
    if len(found) > write.most:
        raise refusal("multiple-matches", write, entry)
    if found or write.method == "DELETE":
        return _Target(tuple(found), matched=True)
    if write.method == "PATCH":
        raise refusal("not-found", write, entry)
    return _Target((key,), matched=False)


def _step(unit: Unit, entry: int, write: Write, target: _Target, scope: Scope) -> Step:
    for key in target.keys:
        head = unit.head(key)
        if head is not None and head.version and not scope.allows(head.owner):
            # What the caller may not see is not there for him, but its id is taken all the same.
            if write.if_match is not None:
                raise refusal("version-conflict", write, entry)
            if write.method == "DELETE":
                return Step(write, entry, ())
            raise refusal("id-taken" if write.criteria else "not-found", write, entry)
        _refuse_version(head, write, entry)
    if not target.keys and write.if_match is not None:
        raise refusal("version-conflict", write, entry)
    if write.method == "DELETE" or (write.method == "POST" and target.matched):
        return Step(write, entry, target.keys)
    key = target.keys[0]
    if write.method == "PATCH":
        return Step(write, entry, target.keys, _patched(unit, entry, write, key))
    return Step(write, entry, target.keys, _replacing(unit, entry, write, key, matched=target.matched))


def _refuse_version(head: Head | None, write: Write, entry: int) -> None:
    if write.if_match is not None and not _as_seen(head, write.if_match):
        raise refusal("version-conflict", write, entry)
    if write.only_new and head is not None and head.living:
        raise refusal("exists-already", write, entry)


def _as_seen(head: Head | None, version: int) -> bool:
    if head is None:
        return False
    return head.living if version == ANY_VERSION else head.version == version


def _replacing(unit: Unit, entry: int, write: Write, key: Key, *, matched: bool) -> Resource:
    """The resource of a create or an update under the id it is stored by (http.html#cond-update)."""
    assert write.resource is not None
    given, head = write.resource.get("id"), unit.head(key)
    if matched and given not in (None, key[1]):
        raise refusal("id-mismatch", write, entry)
    if not matched and head is not None:
        if write.method == "POST" and head.version:
            raise refusal("version-conflict", write, entry)
        if write.criteria is not None and head.living:
            raise refusal("id-taken", write, entry)
    return write.resource if given == key[1] else write.resource | {"id": key[1]}


def _patched(unit: Unit, entry: int, write: Write, key: Key) -> Resource:
    assert write.edit is not None
    head = unit.head(key)
    if head is None or not head.version:
        raise refusal("not-found", write, entry)
    if head.deleted:
        raise refusal("gone", write, entry)
    edited = write.edit(bodies.parse(head.body))
    if isinstance(edited, tuple):
        raise Refusal(Refused(tuple(_placed(issue, write) for issue in edited), entry))
    _refuse_protected(head, edited, write, entry)
    issues = () if profiles.accepts(edited) else profiles.validate(edited)
    if any(issue.refuses for issue in issues):
        raise Refusal(Refused(tuple(_placed(issue, write) for issue in issues), entry))
    return edited


def _refuse_protected(head: Head, edited: Resource, write: Write, entry: int) -> None:
    """What the server manages stays: an identity that changes would be another resource."""
    for name, value in (("resourceType", head.type), ("id", head.id)):
        if edited.get(name) != value:
            raise refusal("patch-protected", write, entry, name=name)
    meta = edited.get("meta", {})
    managed = (("versionId", str(head.version)), ("lastUpdated", bodies.instant(head.last_updated)))
    for name, value in managed if isinstance(meta, dict) else ():
        if meta.get(name, value) != value:
            raise refusal("patch-protected", write, entry, name=f"meta.{name}")


def _placed(issue: Issue, write: Write) -> Issue:
    """The location inside the request."""
    if not write.expression or issue.expression.startswith(write.expression):
        return issue
    expression = write.expression + issue.expression.removeprefix(write.type)
    return Issue(issue.code, expression, issue.location, issue.details)


# ---------------------------------------------------------------------------------------- overlaps


def _refuse_overlaps(steps: Sequence[Step]) -> None:
    """Two entries about one resource fail the whole (http.html#trules); creates that found theirs may share it."""
    first: dict[Key, Step] = {}
    for step in steps:
        for key in step.keys:
            other = first.setdefault(key, step)
            if other is not step and not (other.found and step.found):
                both = (other.write.expression, step.write.expression)
                issues = tuple(Issue("bundle-duplicate", expression) for expression in both)
                raise Refusal(Refused(issues, step.entry))


# ------------------------------------------------------------------------------------------- links


def _renamed(steps: Iterable[Step]) -> dict[str, str]:
    """From the address drawn for an entry to that of the resource its condition matched."""
    return {
        f"{step.write.type}/{step.write.id}": f"{step.write.type}/{step.keys[0][1]}"
        for step in steps
        if step.write.criteria is not None and step.write.method != "DELETE" and step.keys[0][1] != step.write.id
    }


def _linked(step: Step, addresses: Mapping[str, str]) -> Step:
    if step.resource is None:
        return step
    return Step(step.write, step.entry, step.keys, linked(step.resource, addresses))
