"""Scripts and fixtures from files and folders; nothing from a network, nothing from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conformance.testscript.load import load
from conformance.testscript.script import Assertion, Operation
from profiles.xml_output import dump_xml
from tests.conformance.testscript_bench import asking, asserting, scripted


def _written(folder: Path, name: str, source: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(json.dumps(source), encoding="utf-8")
    return file


def _with_fixture(reference: str) -> dict[str, Any]:
    one = {"id": "f", "autocreate": False, "autodelete": False, "resource": {"reference": reference}}
    return scripted(asking("create", sourceId="f"), fixture=[one])


def test_a_folder_gives_its_scripts_in_order_and_passes_over_other_resources(tmp_path: Path) -> None:
    _written(tmp_path / "b", "2.json", scripted(asking(url="x")) | {"name": "Second"})
    _written(tmp_path / "a", "1.json", scripted(asking(url="x")) | {"name": "First"})
    _written(tmp_path, "patient.json", {"resourceType": "Patient"})
    (tmp_path / "notes.txt").write_text("TestScript")
    scripts, wrong = load([tmp_path])
    assert ([one.name for one in scripts], wrong) == (["First", "Second"], ())


def test_xml_and_json_give_the_same_script(tmp_path: Path) -> None:
    source = scripted(
        asking("search", resource="Patient", params="?a=b", requestHeader=[{"field": "X", "value": "y"}]),
        asserting(response="okay", label="l"),
        variable=[{"name": "v", "defaultValue": "d"}],
    )
    (tmp_path / "one.xml").write_bytes(dump_xml(source))
    first = load([_written(tmp_path, "one.json", source)])[0][0]
    second = load([tmp_path / "one.xml"])[0][0]
    assert (first.tests, first.variables) == (second.tests, second.variables)
    asked, asserted = first.tests[0].actions
    assert isinstance(asked, Operation) and asked.headers == (("X", "y"),)
    assert isinstance(asserted, Assertion) and asserted.given == ("response",)


@pytest.mark.parametrize(
    ("text", "why"), [("{", "JSON"), ('{"resourceType":"Patient"}', "not a TestScript"), ("<a", "XML")]
)
def test_a_file_that_cannot_be_read_is_said_with_its_reason(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "bad.json"
    file.write_text(text)
    scripts, wrong = load([file, tmp_path / "missing.json"])
    assert scripts == ()
    assert [one.file for one in wrong] == [file, tmp_path / "missing.json"]
    assert why in wrong[0].why and wrong[1].why == "No such file or directory"


def test_a_fixture_is_found_beside_the_script_or_above_it(tmp_path: Path) -> None:
    _written(tmp_path / "_reference", "p.json", {"resourceType": "Patient"})
    for reference in ("../_reference/p.json", "../_reference/p", "_reference/p.json"):
        _written(tmp_path / "scripts", "one.json", _with_fixture(reference))
        assert load([tmp_path])[0][0].fixtures[0].text == '{"resourceType": "Patient"}'


@pytest.mark.parametrize(
    ("reference", "why"),
    [
        ("../../secret.json", "outside"),
        ("/etc/hostname", "outside"),
        ("missing.json", "no file"),
        ("http://example.org/Patient/1", "never fetched"),
        ("#missing", "contains no resource"),
        ("", "names no resource"),
    ],
)
def test_a_fixture_that_is_not_there_or_not_ours_is_a_trouble_with_a_reason(
    tmp_path: Path, reference: str, why: str
) -> None:
    _written(tmp_path, "secret.json", {"resourceType": "Patient"})
    _written(tmp_path / "suite" / "scripts", "one.json", _with_fixture(reference))
    found = load([tmp_path / "suite"])[0][0].fixtures[0]
    assert (found.text, why in found.trouble) == ("", True), found.trouble
