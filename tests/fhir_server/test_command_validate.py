"""qiao validate: JSON and XML, profiles and packages, and what it says with which exit code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from fhir_server.commands.validate import command
from tests.profiles.profile_maker import profile

PATIENT = '<Patient xmlns="http://hl7.org/fhir">\n  <active value="true"/>\n  <gender value="x"/>\n</Patient>'
NAMED = profile("named", "Patient", {"id": "Patient.name", "min": 1})

Ask = Callable[..., Any]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    (tmp_path / "patient.json").write_text('{\n "resourceType": "Patient",\n "active": true\n}', encoding="utf-8")
    (tmp_path / "patient.xml").write_text(PATIENT, encoding="utf-8")
    (tmp_path / "named.json").write_text(json.dumps(NAMED), encoding="utf-8")
    app = typer.Typer()
    app.command()(command)
    return lambda *words: CliRunner().invoke(app, [str(tmp_path / w) if "." in w[-5:] else w for w in words])


def outcome(result: Any) -> list[dict[str, Any]]:
    return list(json.loads(result.stdout)["issue"])


def test_a_valid_file_ends_with_0(ask: Ask) -> None:
    assert ask("patient.json").exit_code == 0


def test_xml_has_line_and_column(ask: Ask) -> None:
    result = ask("patient.xml", "--json")
    assert result.exit_code == 1
    (issue,) = outcome(result)
    assert (issue["expression"], issue["location"]) == (["Patient.gender"], ["line 3, column 3"])


def test_a_profile_is_given_as_a_file_or_by_its_url_from_a_package(ask: Ask) -> None:
    assert ask("patient.json", "--profile", "named.json").exit_code == 1
    result = ask("patient.json", "--profile", NAMED["url"], "--package", "named.json", "--json")
    (issue,) = outcome(result)
    assert issue["details"]["coding"][0]["code"] == "element-required"
    assert issue["location"] == ["line 1, column 1"]


def test_an_unknown_profile_refuses(ask: Ask) -> None:
    assert ask("patient.json", "--profile", "http://example.org/none").exit_code == 1


def test_several_files_are_one_list(ask: Ask) -> None:
    files = json.loads(ask("patient.json", "patient.xml", "--json").stdout)["files"]
    assert [Path(one["file"]).name for one in files] == ["patient.json", "patient.xml"]
    assert files[0]["issue"][0]["severity"] == "information"


def test_a_page_stands_by_itself(ask: Ask) -> None:
    result = ask("patient.xml", "--html")
    assert result.exit_code == 1
    assert result.stdout.startswith("<!doctype html>")
    assert "Patient.gender" in result.stdout
    assert "<script" not in result.stdout
    assert "src=" not in result.stdout


def test_a_second_opinion_is_given(ask: Ask) -> None:
    assert "fhir.resources (structure only) agrees on 1 of 1" in ask("patient.json", "--cross-check").stderr


def test_unknown_extensions_refuse_unless_any_may_stand(ask: Ask, tmp_path: Path) -> None:
    extension = {"url": "http://hospital.cn/x", "valueString": "x"}
    resource = {"resourceType": "Patient", "extension": [extension]}
    (tmp_path / "extended.json").write_text(json.dumps(resource), encoding="utf-8")
    assert ask("extended.json").exit_code == 1
    assert ask("extended.json", "--extensions", "any").exit_code == 0
    assert ask("extended.json", "--extensions", "some").exit_code == 2


def test_a_file_that_cannot_be_read_ends_with_3_and_one_of_two_with_4(ask: Ask) -> None:
    assert ask("absent.json").exit_code == 3
    assert ask("absent.json", "patient.json").exit_code == 4


def test_a_package_that_cannot_be_read_ends_with_3(ask: Ask) -> None:
    assert ask("patient.json", "--package", "absent.tgz").exit_code == 3
