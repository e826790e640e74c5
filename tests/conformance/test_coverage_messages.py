"""Every official message row that counts as implemented: its segment map is at work in a message of that structure."""

from __future__ import annotations

import pytest

from conformance.coverage.claims import claims
from tests.conformance.coverage_messages import rows, works

_CLAIMED = [row for row in rows() if row.key in claims()]


@pytest.mark.parametrize("name", sorted({row.map for row in _CLAIMED}))
def test_the_segment_maps_of_a_message_are_at_work_in_it(name: str) -> None:
    assert [row.key for row in _CLAIMED if row.map == name and not works(row)] == []
