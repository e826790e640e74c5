"""Conditional references (`Patient?identifier=…`), looked up in the state the job leaves behind.

Source: FHIR R4 http.html#trules, step 5: after the deletes, creates, updates and patches. One match, or nothing of the
job is done. A look-up by one key is answered from memory; any other is tried out: the job is written, asked, and taken
back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_server.search import index
from fhir_server.security.scope import Scope
from fhir_server.store.driver import KeyProbe
from fhir_server.store.flush import flush
from fhir_server.store.matches import matches, probe_of, search
from fhir_server.store.time_limit import TooSlow
from fhir_server.store.unit import Key, Unit
from fhir_server.store.write import Lookup, Refused
from fhir_server.store.writer import Refusal
from fhir_server.writes.step import Step
from profiles.issue import Issue

_Holders = Mapping[tuple[str, int, int], Sequence[Key]]
_MOST = 2


def looked_up(unit: Unit, steps: Sequence[Step], scope: Scope) -> dict[str, str]:
    """From the address drawn for each conditional reference to that of the resource it means; raises Refusal."""
    wanted = [(step, lookup) for step in steps for lookup in step.write.lookups]
    if not wanted:
        return {}
    try:
        found = _found(unit, steps, [lookup for _, lookup in wanted], scope)
    except TooSlow:
        step, lookup = wanted[0]
        raise Refusal(Refused((Issue("condition-too-slow", lookup.expression),), step.entry)) from None
    addresses = {}
    for step, lookup in wanted:
        keys = found[lookup.address]
        if len(keys) != 1:
            code = "reference-ambiguous" if keys else "reference-unmatched"
            issue = Issue(code, lookup.expression, details={"type": lookup.query.type})
            raise Refusal(Refused((issue,), step.entry))
        addresses[lookup.address] = f"{keys[0][0]}/{keys[0][1]}"
    return addresses


def _found(unit: Unit, steps: Sequence[Step], lookups: Sequence[Lookup], scope: Scope) -> dict[str, Sequence[Key]]:
    own = {key for step in steps if not step.found for key in step.keys}
    holders = _holders(unit, steps, {lookup.query.type for lookup in lookups}, scope)
    found: dict[str, Sequence[Key]] = {}
    hard: list[Lookup] = []
    for lookup in lookups:
        probe = probe_of(lookup.query, scope)
        keys = None if probe is None else _by_key(unit, lookup, probe, own, holders, scope)
        if keys is None:
            hard.append(lookup)
        else:
            found[lookup.address] = keys
    return found | (_tried(unit, steps, hard, scope) if hard else {})


def _by_key(
    unit: Unit, lookup: Lookup, probe: KeyProbe, own: set[Key], holders: _Holders, scope: Scope
) -> Sequence[Key] | None:
    """The matches before the job, without those it changes, and those it makes; None when that does not tell."""
    before = matches(unit).first(lookup.query, scope)
    kept = [key for key in before if key not in own]
    if len(kept) < len(before) == _MOST:
        return None
    return (*kept, *holders.get((probe.type, probe.param, probe.hash), ()))


def _holders(unit: Unit, steps: Sequence[Step], types: set[str], scope: Scope) -> _Holders:
    """Which resources of the job will have a search key."""
    found: dict[tuple[str, int, int], list[Key]] = {}
    for step in steps:
        if step.resource is None or step.write.type not in types:
            continue
        head = unit.head(step.keys[0])
        if scope.allows(head.owner if head and head.version else step.write.owner):
            for param, digest in index.rows(step.resource).keys:
                found.setdefault((step.write.type, param, digest), []).append(step.keys[0])
    return found


def _tried(unit: Unit, steps: Sequence[Step], lookups: Sequence[Lookup], scope: Scope) -> dict[str, Sequence[Key]]:
    """Writes the job, looks, and takes it back."""
    if unit.turns:
        flush(unit)
    unit.driver.savepoint()
    trial = Unit(unit.driver, unit.now)
    trial.until = unit.until
    for step in steps:
        _turned(trial, step)
    flush(trial)
    try:
        return {each.address: search(trial, each.query, scope, _MOST) for each in lookups}
    finally:  # also when the time was over: the transaction goes on
        unit.driver.back_to_savepoint()


def _turned(trial: Unit, step: Step) -> None:
    for key in step.keys:
        if step.resource is not None:
            trial.turn(key, step.resource, method=step.write.method, owner=step.write.owner, message=None)
        elif step.write.method == "DELETE" and (head := trial.head(key)) is not None and head.living:
            trial.turn(key, None, method="DELETE", owner="", message=None)
