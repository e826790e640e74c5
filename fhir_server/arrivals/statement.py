"""What a message states about one resource joins what others stated about it (`store.fold`)."""

from __future__ import annotations

from fhir_server.arrivals.arrival import Stated
from fhir_server.arrivals.renaming import with_merges
from fhir_server.arrivals.turns import as_it_stands, turns
from fhir_server.store import body as bodies
from fhir_server.store.body import digest
from fhir_server.store.fold import Said, add
from fhir_server.store.unit import Key, Unit
from profiles.json_output import dump

_TIMELESS = frozenset({"Organization", "Location", "Practitioner", "PractitionerRole", "Device"})
"""Mentioned by every message. When is not kept, or every message would rewrite them: the fuller statement counts as the
later one, so that `0001` alone never takes the name from `0001^Name`."""


def state(unit: Unit, stated: Stated, event_time: int, message: int, replayed: frozenset[int]) -> int:
    """Adds one statement; the number of new versions (none when it says nothing new).

    What the same message stated under older rules (`replayed`) gives way: a replay corrects, it does not argue.
    """
    resource = stated.resource
    key = (resource["resourceType"], resource["id"])
    head = unit.head(key)
    text = bodies.canonical(resource)
    mark = digest(text + dump(list(stated.deleted)) if stated.deleted else text)
    at = len(text) if key[0] in _TIMELESS or not stated.owner else event_time
    new = Said(stated.weight, at, at, mark, message, resource, stated.deleted)
    known = unit.statements(key)
    if head is not None and head.version and not known:
        known = (as_it_stands(unit, key),)
    if any(one.message in replayed and one.hash != new.hash for one in known):
        return _restate(unit, key, new, replayed, stated.owner)
    added = add(known, new, lambda run: unit.points_of(key, run))
    said = added.said
    if head is not None and head.version and len(said) == len(known):
        if said != known or added.within:
            unit.put(unit.said, key, said)
            _remember(unit, key, new, added.within)
        return 0
    said = with_merges(unit, key, said, resource)
    unit.put(unit.said, key, said)
    _remember(unit, key, new, added.within)
    if len(said) == 1:
        unit.turn(key, resource, method="PUT", owner=stated.owner, message=message, text=text)
        return 1
    return turns(unit, key, len(said) - (len(known) if head and head.version else 0), stated.owner, message)


def _restate(unit: Unit, key: Key, new: Said, replayed: frozenset[int], owner: str) -> int:
    kept = tuple(one for one in unit.hydrate(key) if one.message not in replayed or one.renamed)
    unit.put(unit.said, key, add(kept, new, lambda run: unit.points_of(key, run)).said)
    return turns(unit, key, 1, owner, new.message)


def _remember(unit: Unit, key: Key, new: Said, within: tuple[int, ...]) -> None:
    """Keeps the event times that now lie inside a run."""
    if within:
        rows = tuple((new.weight, new.hash, time, new.message) for time in within)
        unit.put(unit.points, key, (*unit.points.get(key, ()), *rows))
