"""Every official datatype row that counts as implemented: the component arrives where the claim says."""

from __future__ import annotations

import pytest

from conformance.coverage.claims import claims
from mappers.datatypes.registry import REGISTRY
from tests.conformance.coverage_bench import case, problem
from tests.conformance.coverage_datatypes import rows, verdict

_CLAIMED = [row for row in rows() if row.key in claims()]


@pytest.mark.parametrize("name", sorted({row.map for row in _CLAIMED}))
def test_every_component_of_an_implemented_row_arrives(name: str) -> None:
    failed = []
    for row in (row for row in _CLAIMED if row.map == name):
        for claim in claims()[row.key]:
            if claim.rule in REGISTRY:
                holds, _, why = verdict(row, claim.rule, claim.target)
            else:
                why = problem(case(row, claim))
                holds = not why
            if not holds:
                failed.append(f"{row.key} by {claim.rule}: {why}")
    assert not failed, "\n".join(failed)
