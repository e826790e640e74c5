"""The transform validator: what was kept, what stands at its place, what is invalid, what leads nowhere."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from adapters.er7 import parse
from conformance.commands.check_transform import command
from conformance.transform.judgement import judge, plain
from conformance.transform.presence import Presence
from mappers import Message

TEXT = (
    "MSH|^~\\&|LIS|LAB|QIAO|C01|20260301080000+0800||ADT^A08|M17|P|2.5\r"
    "PID|1||100200^^^LAB^MR||ZHANGSAN^WEI||19900101|F|||||13900000000^PRN\r"
)
PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"system": "urn:oid:1.2.3", "value": "100200"}],
    "name": [{"family": "ZHANGSAN", "given": ["WEI"]}],
    "birthDate": "1990-01-01",
    "gender": "female",
    "telecom": [{"system": "phone", "use": "home", "value": "13900000000"}],
}


def message(text: str = TEXT) -> Message:
    read = parse(text).message
    assert read is not None
    return read


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"http://x/{one['resourceType']}/{one['id']}", "resource": one} for one in resources],
    }


def found(text: str, *resources: dict[str, Any]) -> dict[str, Any]:
    return plain(judge(message(text), bundle(*resources)))


@pytest.mark.parametrize(
    ("value", "stands", "form"),
    [
        ("6.50", "6.50", "verbatim"),
        ("6.5", "6.50", "number"),
        ("20260301", "2026-03-01", "time"),
        ("20260301083000+0800", "2026-03-01T00:30:00Z", "time"),
        ("202603010830", "2026-03-01T08:30:00+08:00", "time"),
        ("2026", "2026-03-01", "time"),
        ("0830", "08:30:00", "time"),
        ("2026/3/1 8:30", "2026-03-01T08:30:00+08:00", "time"),
        ("Street 5", "Long Street 5, Town", "within"),
        ("report text", "YSBsb25nIHJlcG9ydCB0ZXh0", "within"),
        ("20260302", "2026-03-01", ""),
        ("20260301083000+0800", "2026-03-01T08:30:00Z", ""),
        ("20260301083000+0800", "2026-03-01T08:30:00", "time"),
        ("x", "xyz", ""),
        ("6.51", 6.5, ""),
    ],
)
def test_a_value_is_found_in_the_forms_a_translation_may_give_it(value: str, stands: Any, form: str) -> None:
    assert Presence({"a": [stands]}).form(value) == form


def test_what_is_lost_is_named_by_its_location() -> None:
    whole = found(TEXT, PATIENT)
    without = found(TEXT, {name: child for name, child in PATIENT.items() if name != "telecom"})
    assert "PID-13.1" not in whole["retention"]["lost"]
    assert "PID-13.1" in without["retention"]["lost"]
    assert without["retention"]["share"] < whole["retention"]["share"] < 1


def test_a_code_that_the_map_made_of_a_value_counts_as_kept() -> None:
    forms = found(TEXT, PATIENT)["retention"]
    assert "PID-8" not in forms["lost"]
    assert "PID-13.2" not in forms["lost"]
    assert "PID-8" in found(TEXT, PATIENT | {"gender": "male"})["retention"]["lost"]


def test_set_ids_and_delimiters_are_not_asked_for() -> None:
    locations = {one.location for one in judge(message(), bundle(PATIENT)).values}
    assert locations.isdisjoint({"MSH-1", "MSH-2", "PID-1"})


def test_a_value_in_another_element_is_elsewhere_and_one_in_none_is_missing() -> None:
    moved = deepcopy(PATIENT) | {"name": [{"text": "x"}], "telecom": [{"value": "ZHANGSAN WEI"}]}
    told = {one["location"]: one["verdict"] for one in found(TEXT, moved)["map"]["findings"]}
    assert told["PID[1]-5"] == "elsewhere"
    assert told["PID[1]-13"] == "missing"
    assert "PID[1]-7" not in told


def test_a_row_whose_condition_does_not_hold_is_not_asked_for() -> None:
    keys = {one.key for one in judge(message(), bundle(PATIENT)).rows}
    assert any(key.startswith("PID[Patient]#PID-5") for key in keys)
    assert not any("#PID-30" in key for key in keys)


def test_an_invalid_resource_and_a_reference_to_nowhere_are_counted_once_each() -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "nonsense",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p"},
        "serviceProvider": {"reference": "Organization/gone"},
    }
    told = found(TEXT, PATIENT, encounter)
    assert (told["validity"]["resources"], told["validity"]["invalid"]) == (2, 1)
    assert (told["references"]["total"], told["references"]["dangling"]) == (2, 1)
    assert told["references"]["findings"] == [
        {"where": "entry[1] Encounter", "path": "Encounter.serviceProvider.reference"}
    ]
    assert not told["fine"]


def test_urns_contained_resources_and_other_servers_are_followed_as_far_as_they_go() -> None:
    one = {
        "resourceType": "Basic",
        "id": "b",
        "code": {"text": "x"},
        "contained": [{"resourceType": "Patient", "id": "in"}],
        "subject": {"reference": "#in"},
        "author": {"reference": "https://elsewhere.example/fhir/Practitioner/1"},
        "extension": [
            {"url": "urn:x", "valueReference": {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}}
        ],
    }
    assert [each["path"] for each in found(TEXT, one)["references"]["findings"]] == [
        "Basic.extension[0].valueReference.reference"
    ]


def test_no_value_of_the_message_stands_in_the_judgement() -> None:
    shown = json.dumps(found(TEXT, PATIENT | {"name": [{"text": "x"}]}))
    assert "ZHANGSAN" not in shown


def run(*words: Path | str) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_judges_a_pair_and_a_folder_of_pairs(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(TEXT, newline="")
    (tmp_path / "a.json").write_text(json.dumps(bundle(PATIENT)))
    (tmp_path / "b.hl7").write_text(TEXT, newline="")
    pair = run(tmp_path / "a.hl7", tmp_path / "a.json", "--json")
    both = run(tmp_path, tmp_path, "--json")
    assert pair.exit_code == both.exit_code == 1
    assert json.loads(pair.stdout)["map"]["rows"] == json.loads(both.stdout)["map"]["rows"] > 5
    assert json.loads(both.stdout)["pairs"] == 1
    shown = run(tmp_path / "a.hl7", tmp_path / "a.json", "--rows").stdout
    assert "retention" in shown
    assert "lost" in shown


def test_the_command_says_what_it_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_text(TEXT, newline="")
    (tmp_path / "a.json").write_text('{"resourceType":"Patient"}')
    assert run(tmp_path / "a.hl7", tmp_path / "none.json").exit_code == 3
    assert run(tmp_path, tmp_path / "a.json").exit_code == 2
    assert run(tmp_path / "a.hl7", tmp_path / "a.json").exit_code == 1
