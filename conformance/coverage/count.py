"""Coverage: each official row is implemented, deferred with a reason, or missing.

Implemented wins over deferred: a wildcard deferral of a map speaks only of the rows that nobody realises.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from conformance.coverage.claims import Deferral, claims, deferrals
from conformance.coverage.official import OfficialRow, official

State = Literal["implemented", "deferred", "missing"]


class Covered(NamedTuple):
    """One official row and what became of it: `rules` of an implemented one, `reason` of a deferred one."""

    row: OfficialRow
    state: State
    rules: tuple[str, ...]
    reason: Deferral


class Tally(NamedTuple):
    implemented: int
    deferred: int
    missing: int
    total: int


def coverage() -> tuple[Covered, ...]:
    """Every mapped row of the official map with its state, in official order."""
    claimed, deferred = claims(), deferrals()
    found: list[Covered] = []
    for row in official():
        rules = tuple(dict.fromkeys(claim.rule for claim in claimed.get(row.key, ())))
        reason = deferred.get(row.key)
        state: State = "implemented" if rules else "deferred" if reason else "missing"
        found.append(Covered(row, state, rules, (not rules and reason) or Deferral("", "")))
    return tuple(found)


def tally(found: Iterable[Covered]) -> Tally:
    """The numbers."""
    states = [one.state for one in found]
    return Tally(states.count("implemented"), states.count("deferred"), states.count("missing"), len(states))
