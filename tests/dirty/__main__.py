"""Writes `expected.json` and `ledger.csv` of the dirty messages anew: `python -m tests.dirty --update [folder …]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.dirty.story import CASES, case, tell


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["--update"]:
        print(__doc__, file=sys.stderr)
        return 2
    for folder in CASES:
        if arguments[1:] and folder.name not in arguments[1:] and folder.name[:2] not in arguments[1:]:
            continue
        with tempfile.TemporaryDirectory() as where:
            told = tell(case(folder), Path(where))
        (folder / "expected.json").write_text(told.json(), "utf-8")
        (folder / "ledger.csv").write_text(told.csv(), "utf-8")
        print(folder.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
