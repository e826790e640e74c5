"""The 40 dirty messages of county interfaces: each folder says in `why.md` what is wrong and what is done about it.

To accept a change on purpose: `python -m tests.dirty --update`, then read the difference.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dirty.story import CASES, case, tell

NUMBERS = range(1, 41)


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_the_case_is_answered_stored_and_accounted_for_as_written_down(folder: Path, tmp_path: Path) -> None:
    told = tell(case(folder), tmp_path)
    assert told.json() == (folder / "expected.json").read_text("utf-8")
    assert told.csv() == (folder / "ledger.csv").read_text("utf-8")


def test_every_case_has_its_number_and_its_reason_in_three_lines() -> None:
    assert [int(folder.name[:2]) for folder in CASES] == list(NUMBERS)
    for folder in CASES:
        lines = (folder / "why.md").read_text("utf-8").splitlines()
        assert len(lines) == 3 and all(line.strip() for line in lines), folder.name
