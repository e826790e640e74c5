"""The test scripts that come with Qiao: where they lie, and their themes.

Law: they are written from the specification, each with data and identifiers of its own, and clean up after themselves;
`conformance/testscript/authoring` is their source, the JSON files are made from it.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "scripts"


def files() -> tuple[Path, ...]:
    """Every script, by theme and name."""
    return tuple(sorted(FOLDER.glob("*/*.json")))
