"""What a message becomes does not depend on what came before it: neither a value nor a word of the ledger passes from
one patient's message into another's.

Families of messages that are alike (`tests.mappers.neighbours`) are translated alone (`tests.mappers.alone`) and then
one after another in many orders, until all that can be remembered is. `QIAO_NEIGHBOURS=50` runs fifty seeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from random import Random

import pytest

from tests.mappers.alone import outcomes
from tests.mappers.neighbour_sources import Case
from tests.mappers.neighbours import families
from tests.mappers.told import difference, translate, world

SEEDS = range(int(os.environ.get("QIAO_NEIGHBOURS", "1")))
FAMILIES, SIZE, ROUNDS = 10, 5, 3


@pytest.mark.parametrize("seed", SEEDS)
def test_a_message_becomes_the_same_whatever_came_before(seed: int) -> None:
    every = families(seed, FAMILIES, SIZE)
    cases = list(dict.fromkeys(case for family in every for case in family))
    alone = dict(zip(cases, outcomes(cases), strict=True))
    there = world()
    before: list[Case] = []
    kept: dict[Case, Callable[[], str]] = {}
    for case in _orders(every, seed):
        tell = translate(case, there)
        _same(alone[case], tell, case, before)
        before.append(case)
        if tell is not None:
            kept.setdefault(case, tell)
    for case, tell in kept.items():
        _same(alone[case], tell, case, before)


def _orders(every: list[list[Case]], seed: int) -> Iterator[Case]:
    """Each family by itself, so that what is alike meets; then all in any order."""
    chance = Random(f"orders {seed}")
    for family in every:
        yield from (family[0], family[0])
        for _ in range(ROUNDS):
            yield from chance.sample(family, len(family))
    mixed = [case for family in every for case in family]
    yield from chance.sample(mixed, len(mixed))


def _same(alone: str | None, tell: Callable[[], str] | None, case: Case, before: list[Case]) -> None:
    now = tell() if tell is not None else None
    if alone != now:
        last = "\n".join(f"  {one.site}: {one.label}" for one in before[-6:])
        shown = difference(alone or "", now or "")
        pytest.fail(f"{case.site}: {case.label}\n{case.text!r}\nafter\n{last}\n{shown}")
