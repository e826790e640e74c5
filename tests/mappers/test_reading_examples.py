"""Every kind of OBX-5 by example: `readings.jsonl` holds OBX-2, OBX-5 and OBX-6 and the value that is read from them.

To accept a change on purpose: `GOLDEN=write pytest` on this file, then read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mappers import dtm
from mappers.datatypes.observation_value import Beside, read
from mappers.datatypes.units import Unit
from mappers.message import Delimiters, Segment, Value
from tests.every_row import for_each

FILE = Path(__file__).with_name("readings.jsonl")
EXAMPLES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def outcome(example: dict[str, Any]) -> dict[str, Any]:
    """The example with what is read; empty parts are left out."""
    segment = Segment("OBX", "OBX|1", 0, 1, Delimiters())
    unit = Unit(example["unit"], example["unit"]) if example.get("unit") else None
    beside = Beside(unit, bool(example.get("ranged")), lambda text: dtm.dateTime(text, "+08:00"))
    reading = read(example["kind"], Value(segment, 5, 1, example["text"]), beside)  # type: ignore[arg-type]
    given = {name: example[name] for name in ("kind", "text", "unit", "ranged") if name in example}
    seen = {name: one for name, one in reading._asdict().items() if one != ""}
    told: dict[str, Any] = json.loads(json.dumps({**given, **seen}, default=str))
    return told


@for_each(EXAMPLES, lambda example: f"{example['kind']} {example['text']}")
def test_a_value_is_read_as_what_it_is_and_never_as_more(example: dict[str, Any]) -> None:
    assert outcome(example) == example


def test_the_readings_are_written_as_they_are_read() -> None:
    text = "".join(json.dumps(outcome(one), ensure_ascii=False) + "\n" for one in EXAMPLES)
    if os.environ.get("GOLDEN") == "write":
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")
