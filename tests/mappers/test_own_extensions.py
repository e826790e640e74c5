"""Whatever extension of our canonical the mappers write is defined in the guide."""

from __future__ import annotations

import json
import re
from pathlib import Path

import mappers
from profiles.systems import CANONICAL_BASE

ROOM = Path(mappers.__file__).parent
PACKAGE = ROOM.parent / "profiles" / "package"
_WRITTEN = re.compile(r"(?:CANONICAL(?:_BASE)?\}|" + re.escape(CANONICAL_BASE) + r")/StructureDefinition/([a-z0-9-]+)")


def test_every_extension_of_ours_that_a_mapper_writes_is_defined_in_the_guide() -> None:
    defined = {
        json.loads(path.read_text(encoding="utf-8"))["id"] for path in PACKAGE.glob("StructureDefinition-*.json")
    }
    files = [*ROOM.rglob("*.py"), *ROOM.rglob("*.csv")]
    written = {name for path in files for name in _WRITTEN.findall(path.read_text(encoding="utf-8"))}
    assert "original-text" in written
    # A name that ends with a hyphen is the beginning of one that is put together.
    assert {name for name in written if not name.endswith("-")} <= defined
