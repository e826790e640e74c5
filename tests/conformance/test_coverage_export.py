"""Our rows as FHIR ConceptMaps: every row is there, every map is valid, the same rows give the same bytes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.coverage.export import VENDORS, concept_maps, segment_map, write
from mappers.rows import maps, read
from profiles.validator.validate import validate

_MAPS = {one["id"]: one for one in concept_maps()}


def test_every_row_of_every_segment_map_is_a_target_of_its_field() -> None:
    rows = {
        row.id for found in (maps(), read(VENDORS.glob("*/segments/*.csv"))) for one in found.values() for row in one
    }
    told = [
        target["comment"].partition(";")[0]
        for one in _MAPS.values()
        if one["id"].startswith("segment-")
        for element in one["group"][0]["element"]
        for target in element["target"]
    ]
    assert len(told) == len(rows)
    assert set(told) == rows


def test_no_two_maps_have_one_id() -> None:
    assert len(_MAPS) == len(list(concept_maps()))
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", name) for name in _MAPS)


@pytest.mark.parametrize("name", ["segment-pid-to-patient", "segment-rxo-to-medicationrequest", "table-yesnoindicator"])
def test_a_map_names_itself_by_its_url(name: str) -> None:
    assert _MAPS[name]["url"].endswith(f"/ConceptMap/{name}")


def test_every_map_is_valid() -> None:
    assert [(name, issue.code) for name, one in _MAPS.items() for issue in validate(one) if issue.refuses] == []


def test_a_row_tells_its_condition_its_datatype_its_table_and_its_constant() -> None:
    found = segment_map("RXO[MedicationRequest]", maps()["RXO[MedicationRequest]"])
    elements = {one["code"]: one["target"] for one in found["group"][0]["element"]}
    low = elements["RXO-2"][0]
    assert low["code"] == "dosageInstruction[:].doseAndRate[0].doseRange.low.value"
    assert low["dependsOn"][0]["value"] == "IF RXO-3 VALUED"
    assert low["extension"][0]["extension"] == [{"url": "type", "valueCode": "NM[decimal]"}]
    assert elements["RXO"][0]["dependsOn"] == [{"property": "value", "value": "original-order"}]
    table = elements["RXO-9"][0]["extension"][0]["extension"][1]
    assert table["valueUrl"].endswith("/ConceptMap/table-allowsubstitution")


def test_every_table_that_a_row_names_is_a_map() -> None:
    urls = {one["url"] for one in _MAPS.values()}
    named = re.findall(r'"valueUrl": "([^"]+)"', json.dumps(list(_MAPS.values())))
    assert named
    assert set(named) <= urls


def test_the_export_is_written_byte_for_byte_the_same(tmp_path: Path) -> None:
    assert write(tmp_path / "a") == write(tmp_path / "b") == len(_MAPS)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
