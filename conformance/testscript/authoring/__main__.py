"""Writes the scripts as JSON files, one a script, below `conformance/testscript/scripts/<theme>/`."""

from __future__ import annotations

from conformance.testscript.authoring.collection import files
from conformance.testscript.builtin import FOLDER


def main() -> None:
    """Files that no script makes any more are removed."""
    made = files()
    for path in FOLDER.glob("*/*.json"):
        if path.relative_to(FOLDER).as_posix() not in made:
            path.unlink()
    for name, data in made.items():
        target = FOLDER / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


if __name__ == "__main__":
    main()
