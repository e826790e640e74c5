"""Makes `official/*.csv` again: `python -m conformance.coverage.extract official_map_summary.json`.

The summary is the CSV folder of HL7/v2-to-fhir read once into JSON, mapped rows only (code maps: all rows).
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from conformance.coverage.official import COLUMNS, FOLDER, KINDS

Rows = Mapping[str, list[dict[str, str]]]


def _fields(kind: str, row: Mapping[str, str]) -> dict[str, str]:
    said = {"condition": row.get("antlr", ""), "narrative": row.get("narrative", "") or row.get("fhirpath", "")}
    if kind == "codesystems":
        return said | {
            "id": row["code"],
            "v2type": row["system"],
            "target": row["target_code"],
            "vocabulary": row.get("target_system", ""),
        }
    return said | {
        "id": row.get("id", ""),
        "v2type": row.get("v2type", ""),
        "target": row["target"],
        "type": row.get("fhirtype", ""),
        "datatype": row.get("datatype_map", "") or row.get("segment_map", ""),
        "vocabulary": row.get("vocab_map", ""),
        "assignment": row.get("assignment", "") or row.get("references", ""),
    }


def _mapped(kind: str, maps: Rows) -> Iterator[dict[str, str]]:
    wanted = "target_code" if kind == "codesystems" else "target"
    for name, rows in maps.items():
        for row in rows:
            if row.get(wanted):
                yield {"map": name} | {key: " ".join(text.split()) for key, text in _fields(kind, row).items()}


def write(summary: Mapping[str, Any], folder: Path = FOLDER) -> None:
    """Writes the four files."""
    for kind in KINDS:
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(_mapped(kind, summary[kind]))


if __name__ == "__main__":
    write(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
