"""How a search is read: what few meet is found first and then sorted; where all conditions find many, rows are walked
in the order asked for until the page is full.

The lists are counted, no further than `FEW`: that costs less than either way taken in vain, and needs no statistics of
the database, which know nothing of the code that is asked for. Which way was taken is kept in the page's cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fhir_server.search import compile as sql
from fhir_server.search.compile import Wanted
from fhir_server.search.condition import Chain, Condition, Criterion, Every, Has, Not, Some, Together
from fhir_server.search.matching import Drive, flat, listed_rids, rank_of
from fhir_server.search.parameters import EVERY, types_of
from fhir_server.search.reference_lists import names_one_patient
from fhir_server.search.seen import Seen
from fhir_server.search.timed import lists_of
from fhir_server.search.walk import BY_UPDATED, drives, in_order

FEW = 2000
"""Entries of a list up to which they are all read and sorted."""
_SHORT = 15
"""The rank up to which a condition is short by nature: an identifier, an id, the entries of a List."""
Plan = tuple[str, int]
"""A drive, and which of the conditions comes first."""


def planned(wanted: Wanted, seen: Seen) -> tuple[Wanted, Plan]:
    """The same search with the way it is read."""
    several = tuple(flat(wanted.conditions))
    plan = _plan(wanted, several, seen)
    return as_planned(wanted, plan, seen), plan


def as_planned(wanted: Wanted, plan: Plan, seen: Seen) -> Wanted:
    """The search read in the way an earlier page was."""
    drive, first = Drive(plan[0]), plan[1]
    if drive is Drive.RANK:
        return wanted
    several = tuple(flat(wanted.conditions))
    ordered = (*several[first : first + 1], *several[:first], *several[first + 1 :])
    types = () if drive is Drive.FIRST else _types(wanted, seen)
    return replace(wanted, conditions=ordered, drive=drive, types=types)


def _plan(wanted: Wanted, several: Sequence[Condition], seen: Seen) -> Plan:
    ranked = sorted(range(len(several)), key=lambda place: rank_of(several[place]))
    if wanted.sort and not in_order(wanted.sort, wanted.type):
        return Drive.RANK.value, 0
    if not several:
        return (Drive.WALK if wanted.sort else Drive.RANK).value, 0
    if _short(several[ranked[0]]) or (not wanted.sort and len(several) == 1 and drives(several[0]) == 1):
        return Drive.RANK.value, 0
    for place in ranked:
        if _size(several[place], wanted, seen) <= FEW:
            if not wanted.sort and drives(several[place]) == BY_UPDATED:
                return Drive.WALK.value, place  # there is no list, but an index in this order
            return Drive.FIRST.value, place
    timed = [place for place in ranked if lists_of(several[place]) is not None]
    if timed and (wanted.sort or len(several) > 1):
        return Drive.WALK.value, timed[0]
    if wanted.sort:
        return Drive.WALK.value, 0
    best = min(ranked, key=lambda place: drives(several[place]) or 9)
    return Drive.WALK.value, best


def _short(condition: Condition) -> bool:
    return rank_of(condition) <= _SHORT or (isinstance(condition, Criterion) and names_one_patient(condition))


def _size(condition: Condition, wanted: Wanted, seen: Seen) -> int:
    """How many entries the list of a condition has, or more than FEW. What cannot be counted is taken as few."""
    match condition:
        case Every(several):
            return min((_size(each, wanted, seen) for each in several), default=FEW + 1)
        case Some(several):
            return sum(_size(each, wanted, seen) for each in several)
        case Not():
            return FEW + 1
        case Chain(_, targets):
            return sum(_size(inner, replace(wanted, type=kind), seen) for kind, inner in targets)
        case Has(parameter, inner):
            return _size(inner, replace(wanted, type=parameter.type), seen)
        case Criterion() | Together():
            return _counted(condition, wanted, seen)
        case _:
            return 0


def _counted(condition: Criterion | Together, wanted: Wanted, seen: Seen) -> int:
    if isinstance(condition, Criterion):
        if condition.modifier in ("not", "not-in", "differs"):
            return FEW + 1
        if _short(condition):
            return 0
    if listed_rids(condition, wanted.type) is None:
        return 0
    alone = Wanted(wanted.type, (condition,), wanted.scope, limit=FEW + 1)
    return int(seen.rows(sql.sized, alone)[0][1])


def _types(wanted: Wanted, seen: Seen) -> tuple[str, ...]:
    """Those a walk needs branches for: where every type is searched, those there is something of."""
    if wanted.type != EVERY:
        return types_of(wanted.type)
    return tuple(sorted(row[1] for row in seen.rows(sql.living_types, Wanted(EVERY, (), wanted.scope))))
