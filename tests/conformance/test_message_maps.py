"""The table of the messages that HL7 has no map for: every row of it is what happens, and it is exported."""

from __future__ import annotations

import pytest

from adapters.er7 import parse
from adapters.grammar.structures import structure_of
from conformance.coverage.export import concept_maps
from tests.conformance.message_walk import places, rows, seen

EVENTS = sorted({(row["event"], row["map"]) for row in rows()})


@pytest.mark.parametrize(("event", "structure"), EVENTS, ids=[structure for _, structure in EVENTS])
def test_every_row_of_a_message_is_what_becomes_of_its_segment(event: str, structure: str) -> None:
    told = {(row["id"], row["datatype"]) for row in rows() if row["map"] == structure}
    assert told - seen(event, structure) == set()


def test_every_row_stands_once_and_names_a_place_of_its_structure() -> None:
    keys = [(row["id"], row["datatype"]) for row in rows()]
    assert len(keys) == len(set(keys))
    for event, name in EVENTS:
        there: set[str] = set()
        for version in ("2.5.1", "2.8"):
            message = parse(f"MSH|^~\\&|||||||{event}^{name}|1|P|{version}\r").message
            assert message is not None
            structure = structure_of(message)
            assert structure is not None
            there |= places(structure)
        assert {row["id"] for row in rows() if row["map"] == name} <= there


@pytest.mark.parametrize(
    "name",
    ["ADT_A03", "ADT_A39", "OMG_O19", "OMI_O23", "OUL_R21", "OUL_R22", "OUL_R24", "REF_I12", "RRI_I12", "RDE_O11"],
)
def test_each_message_of_ours_is_a_concept_map(name: str) -> None:
    wanted = f"message-{name.lower().replace('_', '-')}-to-bundle"
    found = next(one for one in concept_maps() if one["id"] == wanted)
    told = {element["code"] for element in found["group"][0]["element"]}
    assert told == {row["id"] for row in rows() if row["map"] == name}


@pytest.mark.parametrize("name", ["segment-z01-to-organization", "segment-z02-to-practitioner"])
def test_the_segments_of_vendors_are_concept_maps(name: str) -> None:
    assert name in {one["id"] for one in concept_maps()}
