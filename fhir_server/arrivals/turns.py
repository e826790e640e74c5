"""The versions of a resource that messages state: folded, held against the definitions, written."""

from __future__ import annotations

from typing import Any

import profiles
from fhir_server.store import body as bodies
from fhir_server.store.body import digest
from fhir_server.store.fold import Said, fold
from fhir_server.store.unit import Key, Unit
from fhir_server.store.writer import Refusal
from profiles.issue import Issue
from profiles.json_output import dump


def as_it_stands(unit: Unit, key: Key) -> Said:
    """A resource written over REST before any message spoke of it, as the statement the others build on."""
    head = unit.head(key)
    assert head is not None
    body = bodies.content(head.body) if head.living else {"resourceType": key[0], "id": key[1]}
    return Said(0, head.last_updated, head.last_updated, digest(dump(body)), 0, body, whole=True)


def turns(unit: Unit, key: Key, count: int, owner: str, message: int) -> int:
    """As many versions as there are new statements, so that their number does not depend on the order of arrival."""
    if count <= 0:
        return 0
    body = fold(unit.hydrate(key))
    _hold(key, body)
    for _ in range(count):
        unit.turn(key, body, method="PUT", owner=owner, message=message)
    return count


def _hold(key: Key, body: dict[str, Any]) -> None:
    """Valid statements can make an invalid whole; then none of the message is taken."""
    wrong = profiles.refusals(body)
    if wrong:
        details = {"type": key[0], "expression": wrong[0].expression}
        raise Refusal((Issue("bundle-invalid", expression=wrong[0].expression, details=details),))
