"""Every datatype by example: `datatypes.jsonl` holds what a sender writes, and what becomes of each part of it.

A line is one field: `type` (of the registry), `text`, perhaps `table` (the row's vocabulary) and `message` (other than
ADT^A01); then its `value`, the `places` of its components (path, or the reason it is left out), the `made` resources
beside it and the `issues`. To accept a change on purpose: `GOLDEN=write pytest` on this file, then read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from mappers.datatypes.registry import REGISTRY
from mappers.draft import Draft
from mappers.site import Context
from mappers.use import Use
from tests.every_row import for_each
from tests.mappers.sample import SITE, message

Json = dict[str, Any]
FILE = Path(__file__).with_name("datatypes.jsonl")
EXAMPLES: list[Json] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
_GIVEN = ("type", "text", "table", "message", "segments")


def outcome(example: Json) -> Json:
    """The example with all that becomes of it."""
    segments = [*example.get("segments", ()), f"ZZZ|{example['text']}"]
    read = message(example.get("message", "ADT^A01"), *segments)
    draft = Draft(read, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    segment = read.first("ZZZ")
    assert segment is not None
    use = Use(draft, segment.values(1)[0], "rule", example.get("table", ""))
    found = REGISTRY[example["type"]](segment.values(1)[0], use)
    if found is not None:
        use.settle("X/1#x")
    lines = draft.ledger.lines.items()
    made = [draft.sheets[key].body for key in draft.sheets]
    seen = {
        **{name: example[name] for name in _GIVEN if name in example},
        "value": found,
        "places": {read.locate(leaf): [f"{one.outcome} {one.path}" for one in all_] for leaf, all_ in lines},
        "rules": sorted({one.rule for _, all_ in lines for one in all_ if one.rule != "rule"}),
        "made": made,
        "issues": [f"{issue.code} {issue.location}" for issue in draft.issues],
        "unmapped": list(draft._unmapped.values()),
    }
    told: Json = json.loads(json.dumps({name: one for name, one in seen.items() if one not in ([], {})}, default=str))
    return told


def test_every_datatype_has_an_example() -> None:
    assert {example["type"] for example in EXAMPLES} == set(REGISTRY)


@for_each(EXAMPLES, lambda example: f"{example['type']} {example['text']}")
def test_a_field_becomes_its_value_and_every_part_has_its_place(example: Json) -> None:
    assert outcome(example) == example


def test_the_file_is_written_as_it_is_read() -> None:
    text = "".join(json.dumps(outcome(one), ensure_ascii=False) + "\n" for one in EXAMPLES)
    if os.environ.get("GOLDEN") == "write":
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")
