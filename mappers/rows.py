"""The rows of the segment maps: facts, one CSV a map, checked when they are loaded.

Columns: `id` (unique, `PID[Patient]#PID-5`, a suffix `.b` for a further row of the same field), `when` (see
`condition`), `source` (`PID-5`, `PID-5.1`, or empty: always), `target` (see `path`), `datatype` (a name of the datatype
registry), `vocabulary` (a code table), `value` (a constant: plain text, or JSON after `=`), `origin`: the official row
or rows (`official PID[Patient]#PID-5:1`, n-th mapped row of that id; several as `:1,2`), or `qiao: reason`, or both
(`official …; qiao: what we mend`); in the layers of a site `site: reason`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "tables" / "segments"
_SOURCE = re.compile(r"\A([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+))?\Z")
_ORIGIN = re.compile(r"\A(official \S.*|(?:qiao|site): \S.*)\Z")


class Row(NamedTuple):
    id: str
    when: str
    source: str
    target: str
    datatype: str
    vocabulary: str
    value: str
    origin: str

    @property
    def map(self) -> str:
        return self.id.partition("#")[0]

    @property
    def field(self) -> tuple[int, int]:
        """Field and component (0: the whole field); (0, 0) for a row without a source."""
        match = _SOURCE.match(self.source)
        return (int(match[2]), int(match[3] or 0)) if match else (0, 0)


class RowError(ValueError):
    """A row of a table is not well formed."""


@cache
def maps() -> dict[str, tuple[Row, ...]]:
    """All rows by map id, in the order of their file."""
    return read(sorted(FOLDER.glob("*.csv")))


def read(paths: Iterable[Path]) -> dict[str, tuple[Row, ...]]:
    """The rows of these files by map id. `RowError` names the file and the row that is not well formed."""
    found: dict[str, list[Row]] = {}
    seen: set[str] = set()
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if tuple(reader.fieldnames or ()) != Row._fields:
                raise RowError(f"{path.name}: the columns must be {', '.join(Row._fields)}")
            for fields in reader:
                row = Row(**{name: (text or "").strip() for name, text in fields.items()})
                _check(row, seen, path.name)
                found.setdefault(row.map, []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def _check(row: Row, seen: set[str], file: str) -> None:
    if "#" not in row.id or row.id in seen:
        raise RowError(f"{file}: the id {row.id!r} is missing its map or stands twice")
    if row.source and not _SOURCE.match(row.source):
        raise RowError(f"{file}: {row.id}: cannot read the source {row.source!r}")
    if not row.target or not _ORIGIN.match(row.origin):
        raise RowError(f"{file}: {row.id}: target and origin are required")
    if bool(row.datatype) == bool(row.value):
        raise RowError(f"{file}: {row.id}: give a datatype or a constant value")
    seen.add(row.id)
