"""Every official row of a segment map that counts as implemented: a value sent in its field arrives at its target."""

from __future__ import annotations

import pytest

from conformance.coverage.claims import claims
from conformance.coverage.count import coverage, tally
from conformance.coverage.official import official
from tests.conformance.coverage_bench import case, problem

FLOOR = 710
"""Implemented core rows when this line was last touched: raise it with the number, never lower it."""
FLOORS = {"segments": 963, "messages": 372, "datatypes": 384, "codesystems": 2323}
"""The same of every kind."""
_CLAIMED = [row for row in official() if row.kind == "segments" and row.key in claims()]


@pytest.mark.parametrize("name", sorted({row.map for row in _CLAIMED}))
def test_the_value_of_every_implemented_row_arrives(name: str) -> None:
    failed = []
    for row in (row for row in _CLAIMED if row.map == name):
        problems = [problem(case(row, claim)) for claim in claims()[row.key]]
        if all(problems):
            failed.append(f"{row.key}: {problems[0]}")
    assert not failed, "\n\n".join(failed)


def test_the_number_of_implemented_core_rows_never_falls() -> None:
    core = tally(one for one in coverage() if one.row.core)
    assert core.total == 720
    assert core.implemented >= FLOOR


@pytest.mark.parametrize("kind", sorted(FLOORS))
def test_the_number_of_implemented_rows_of_a_kind_never_falls(kind: str) -> None:
    assert tally(one for one in coverage() if one.row.kind == kind).implemented >= FLOORS[kind]
