"""Which resources meet search criteria *inside* the transaction: committed ones and those still in memory.

Called under the commit lock, so what it says holds until the commit: no other process writes meanwhile, and the jobs of
this one come one after the other. A condition on one key (`identifier=system|value`) is answered from one bulk read of
the lists of keys and the turns in memory; any other flushes the unit and asks the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import select

from fhir_server.search import key_lists
from fhir_server.search.matching import matching
from fhir_server.search.query import Condition, Criterion, Query
from fhir_server.security.scope import Scope
from fhir_server.store.driver import KeyProbe
from fhir_server.store.flush import flush, index_rows
from fhir_server.store.time_limit import TooSlow
from fhir_server.store.unit import Key, Unit

_ENOUGH = 2
"""One match, or more than one: a condition need not know how many more."""
_State = tuple[int, bytes]


@dataclass(slots=True)
class _Turned:
    """What a resource looked like after each of its turns, by version and content: a turn may have been taken back."""

    states: dict[_State, Set[tuple[int, int]]] = field(default_factory=dict)


class Matches:
    """The look-ups of one unit; it lives as long as the unit."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._stored: dict[KeyProbe, list[str]] = {}
        self._turned: dict[Key, _Turned] = {}
        self._holders: dict[tuple[str, int, int], dict[Key, None]] = {}
        self._seen: dict[str, int] = {}

    def foresee(self, asked: Iterable[tuple[Query, Scope]]) -> None:
        """Reads what the conditions of many jobs will need, at once."""
        probes = dict.fromkeys(probe for query, scope in asked for probe in _parts(query, scope))
        self._read([one for one in probes if one not in self._stored])
        self._unit.load((one.type, name) for one, names in self._stored.items() for name in names)

    def first(self, query: Query, scope: Scope) -> list[Key]:
        """No match, the one, or two of many."""
        found = [self._by_key(probe, scope) for probe in _parts(query, scope)]
        if [] in found:
            return []  # nothing has the key: what else is asked for does not matter
        only = found[0] if len(query.conditions) == len(found) == 1 else None
        return self.all(query, scope, _ENOUGH) if only is None else only

    def _by_key(self, probe: KeyProbe, scope: Scope) -> list[Key] | None:
        """The resources with the key, up to two; None when that cannot be told without the tables."""
        self._catch_up(probe.type)
        if probe not in self._stored:
            self._read([probe])
        stored = self._stored[probe]
        kept = [(probe.type, name) for name in stored if self._keys((probe.type, name)) is None]
        if len(kept) < len(stored) == _ENOUGH:  # there may be more behind those that were changed
            return None
        return kept + self._in_memory(probe, scope)

    def all(self, query: Query, scope: Scope, most: int) -> list[Key]:
        """Up to `most` matches of any criteria; what is in memory is written to the tables first."""
        if self._unit.turns:
            flush(self._unit)
        return search(self._unit, query, scope, most)

    def _read(self, probes: list[KeyProbe]) -> None:
        if not probes:
            return
        self._stored.update((one, []) for one in probes)
        for one, name in self._unit.driver.probe(probes, _ENOUGH):
            self._stored[one].append(name)

    def _catch_up(self, resource_type: str) -> None:
        log = self._unit.log.get(resource_type, [])
        for key, head, resource in log[self._seen.get(resource_type, 0) :]:
            keys = index_rows(self._unit, key, resource).keys
            self._turned.setdefault(key, _Turned()).states[head.version, head.content_hash] = keys
            for param, digest in keys:
                self._holders.setdefault((resource_type, param, digest), {})[key] = None
        self._seen[resource_type] = len(log)

    def _keys(self, key: Key) -> Set[tuple[int, int]] | None:
        """The search keys of a resource as this transaction left it; None when it did not touch it."""
        turned, head = self._turned.get(key), self._unit.heads.get(key)
        return None if turned is None or head is None else turned.states.get((head.version, head.content_hash))

    def _in_memory(self, probe: KeyProbe, scope: Scope) -> list[Key]:
        found = []
        for key in self._holders.get((probe.type, probe.param, probe.hash), ()):
            keys, head = self._keys(key), self._unit.heads.get(key)
            if keys and (probe.param, probe.hash) in keys and head and head.living and scope.allows(head.owner):
                found.append(key)
        return found


def matches(unit: Unit) -> Matches:
    """The look-ups of this unit."""
    found = unit.memo.get("matches")
    if found is None:
        found = unit.memo["matches"] = Matches(unit)
    assert isinstance(found, Matches)
    return found


def search(unit: Unit, query: Query, scope: Scope, most: int) -> list[Key]:
    """Up to `most` resources that the tables, as this transaction sees them, say meet the criteria.

    Raises TooSlow when the time of the job is over.
    """
    found = matching(query.type, query.conditions, scope)
    statement = select(found.table.c.id).select_from(found.source).where(*found.where).limit(most)
    left = unit.until - monotonic() if unit.until else 0
    if left < 0:
        raise TooSlow
    return [(query.type, row[0]) for row in unit.driver.query(statement, left)]


def probe_of(query: Query, scope: Scope) -> KeyProbe | None:
    """The one key the criteria ask for, when that is all they ask for."""
    return _key(query.type, query.conditions[0], scope) if len(query.conditions) == 1 else None


def _parts(query: Query, scope: Scope) -> list[KeyProbe]:
    """Those of the criteria that ask for one key: where nothing has it, the others need not be looked at."""
    return [found for one in query.conditions if (found := _key(query.type, one, scope)) is not None]


def _key(resource_type: str, criterion: Condition, scope: Scope) -> KeyProbe | None:
    if not isinstance(criterion, Criterion) or not criterion.parameter.sources:
        return None
    kind, modifier = criterion.parameter.kind, criterion.modifier
    if not (modifier == "" and kind in ("token", "uri")) and (kind, modifier) != ("token", "of-type"):
        return None
    params, keys = key_lists.key_params(criterion), key_lists.hashes(criterion)
    return KeyProbe(resource_type, params[0], keys[0], scope.owners) if len(params) == len(keys) == 1 else None
