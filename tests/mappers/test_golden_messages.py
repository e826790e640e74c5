"""Whole messages a clinician can read: each folder of `golden/` has a `message.hl7` (one segment a line), the
`bundle.json` it becomes, and the `ledger.txt` that says where every value went. The messages of `every_field/` are
what no sender sends: all the fields that some rule reads, and the odd ones beside them.

To accept a change on purpose: `GOLDEN=write make test`, then read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from adapters.er7 import parse
from tests.mappers.sample import dangling, translate

FOLDERS = sorted(
    path.parent for name in ("golden", "every_field") for path in (Path(__file__).parent / name).glob("*/message.hl7")
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_the_message_becomes_its_bundle_and_its_ledger(folder: Path) -> None:
    text = (folder / "message.hl7").read_text(encoding="utf-8")
    message = parse(text.replace("\n", "\r")).message
    assert message is not None
    mapped = translate(message)
    bundle = json.dumps(mapped.bundle, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"
    lines = [f"{where}\t{line.outcome}\t{line.path}\t{line.rule}" for where, line in mapped.ledger.rows(message)]
    lines += [f"issue\t{issue.code}\t{issue.location}" for issue in mapped.issues]
    ledger = "\n".join(lines) + "\n"
    if os.environ.get("GOLDEN") == "write":
        (folder / "bundle.json").write_text(bundle, encoding="utf-8")
        (folder / "ledger.txt").write_text(ledger, encoding="utf-8")
    assert bundle == (folder / "bundle.json").read_text(encoding="utf-8")
    assert ledger == (folder / "ledger.txt").read_text(encoding="utf-8")
    assert mapped.ledger.unaccounted(message) == []
    assert dangling(mapped) == set()
