"""The mapped rows of the official V2-to-FHIR map: the denominator of coverage.

Four kinds of maps, one CSV each in `official/`, made by `python -m conformance.coverage.extract`. A row counts when it
names a target. Its key is `MAP#ID:n`, the n-th mapped row of that id in its map (`PID[Patient]#PID-5:1`,
`CWE[Coding]#CWE.1:1`, `ADT_A01#ADT_A01.MSH:2`, `AdministrativeSex#F:1`).
Source: HL7 V2-to-FHIR IG 1.0.0 STU1, the CSV of its mappings (CC0 1.0).
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "official"
KINDS = ("segments", "messages", "datatypes", "codesystems")
CORE = frozenset(
    ["MSH", "PID", "PD1", "PV1", "PV2", "NK1", "ORC", "OBR", "OBX", "NTE", "SPM", "DG1", "AL1", "IN1", "TXA", "MRG"]
)
"""The segments whose 720 mapped rows are the core."""
COLUMNS = (
    "map",
    "id",
    "v2type",
    "condition",
    "narrative",
    "target",
    "type",
    "datatype",
    "vocabulary",
    "assignment",
)


class OfficialRow(NamedTuple):
    """One mapped row. `condition` is the computable one, `narrative` the prose; `datatype` names a datatype map (of a
    message row: its segment map), `vocabulary` a code map (of a code: its target system).
    """

    kind: str
    number: int
    map: str
    id: str
    v2type: str
    condition: str
    narrative: str
    target: str
    type: str
    datatype: str
    vocabulary: str
    assignment: str

    @property
    def key(self) -> str:
        return f"{self.map}#{self.id}:{self.number}"

    @property
    def segment(self) -> str:
        """The segment of a segment map, else the map itself."""
        return self.map.partition("[")[0]

    @property
    def core(self) -> bool:
        return self.kind == "segments" and self.segment in CORE


@cache
def official() -> tuple[OfficialRow, ...]:
    """Every mapped row, in the order of the official files."""
    found: list[OfficialRow] = []
    for kind in KINDS:
        seen: dict[tuple[str, str], int] = {}
        with (FOLDER / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, strict=True):
                place = (row["map"], row["id"])
                seen[place] = seen.get(place, 0) + 1
                found.append(OfficialRow(kind, seen[place], *(row[name] for name in COLUMNS)))
    return tuple(found)
