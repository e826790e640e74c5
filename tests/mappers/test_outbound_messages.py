"""Whole messages as they go out: `sent/` holds the text of each, of our golden messages and of one Bundle that nobody
sent by v2 (`sent/resources.json`). Every one of them fits the official structure of its type and version.

To accept a change on purpose: `GOLDEN=write make test`, then read the difference.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.er7 import parse
from adapters.grammar.grouping import group
from adapters.grammar.structures import structure_of
from mappers.outbound import Envelope, Receiver, Rendered, Unfit, focus_of, kinds, of_bundle, render, versions
from mappers.outbound.tree import order, structure
from tests.mappers.sample import SITE

HERE = Path(__file__).parent
SENT = HERE / "sent"
NATIVE = (
    *("ADT^A01", "ADT^A03", "ADT^A08", "ADT^A24", "ADT^A31", "ADT^A40", "ADT^A60", "ORM^O01", "OMG^O19", "OML^O21"),
    *("OMI^O23", "ORR^O02", "ORL^O22", "ORU^R01", "REF^I12", "RRI^I13", "MDM^T02", "MDM^T10", "MDM^T11", "SIU^S12"),
)
"""Types that the Bundle becomes, in three versions each."""


def bundle(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    return found


def typed(path: Path) -> str:
    """MSH-9 without its third component, of a `message.hl7`."""
    return "^".join(path.read_text(encoding="utf-8").split("|")[8].split("^")[:2])


CASES = [
    *((f"{path.parent.name}-{version}", path.parent / "bundle.json", typed(path), version)
      for path in sorted(HERE.glob("*/*/message.hl7"))
      for version in ("2.3.1", "2.5.1")
      if typed(path)[:3] in kinds()),
    *((f"{kind.replace('^', '_').lower()}-{version}", SENT / "resources.json", kind, version)
      for kind in NATIVE
      for version in ("2.4", "2.5.1", "2.6")),
]  # fmt: skip


def sent(path: Path, kind: str, version: str) -> Rendered | Unfit:
    pool = of_bundle(bundle(path))
    own = {} if path.name == "bundle.json" else {"sending": ("QIAO", "QH"), "receiving": ("HIS", "T"), "charset": "GBK"}
    envelope = Envelope(kind, "M1", "2026-03-01T10:00:00+08:00", **own)  # type: ignore[arg-type]
    code, _, event = kind.partition("^")
    return render(focus_of(code, event, pool), pool, Receiver(SITE, version), envelope)


@pytest.mark.parametrize(("name", "path", "kind", "version"), CASES, ids=[one[0] for one in CASES])
def test_the_resources_become_this_message(name: str, path: Path, kind: str, version: str) -> None:
    made = sent(path, kind, version)
    text = made.text.replace("\r", "\n") if isinstance(made, Rendered) else f"{made}\n"
    file = SENT / f"{name}.hl7"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "path", "kind", "version"), CASES, ids=[one[0] for one in CASES])
def test_the_message_fits_its_official_structure(name: str, path: Path, kind: str, version: str) -> None:
    made = sent(path, kind, version)
    if not isinstance(made, Rendered):
        return
    message = parse(made.text).message
    assert message is not None
    shape = structure_of(message)
    if shape is None or shape.version != version:
        return  # the version does not know the type
    position = 0
    for segment in message.segments[1:]:
        move = shape.move(position, segment.name)
        assert move is not None, segment.name
        assert move.in_order and not move.too_often, (segment.name, [one.name for one in message.segments])
        position = move.slot.place
    told = group(message)
    assert told is not None


def test_the_table_of_structures_says_what_the_official_grammar_says() -> None:
    from adapters.grammar.structures import _compiled, _events, _names

    for kind in (
        "ADT^A01",
        "ADT^A03",
        "ADT^A40",
        "ORM^O01",
        "OML^O21",
        "ORU^R01",
        "REF^I13",
        "RRI^I12",
        "MDM^T04",
        "SIU^S14",
    ):
        code, event = kind.split("^")
        name = _events().get((code, event), f"{code}_{event}")
        assert structure(kind) == name
        for version in versions():
            expected = ()
            if name in _names(version):
                expected = tuple(dict.fromkeys(slot.name for slot in _compiled(name, version).slots))
            assert order(kind, version) == expected, (kind, version)
