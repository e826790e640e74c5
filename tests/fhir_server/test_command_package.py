"""qiao package: install, list, show, remove; and what a server and `qiao validate` know afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from typer.testing import CliRunner

from fhir_server.commands.package import command
from fhir_server.commands.validate import command as validate
from profiles.registry import OWN
from tests.e2e.server import Server
from tests.profiles.profile_maker import profile

PROFILE = profile("coloured", "Patient", {"id": "Patient.maritalStatus", "path": "Patient.maritalStatus", "min": 1})
COLOUR = {
    "resourceType": "CodeSystem", "id": "colour", "url": "http://example.org/colour", "version": "1.0.0",
    "status": "active", "content": "complete", "concept": [{"code": "red", "display": "Red"}],
}  # fmt: skip
COLOURS = {
    "resourceType": "ValueSet", "id": "colours", "url": "http://example.org/colours", "status": "active",
    "compose": {"include": [{"system": "http://example.org/colour"}]},
}  # fmt: skip
PATIENT = {"resourceType": "Patient", "meta": {"profile": [PROFILE["url"]]}}
Ask = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "source" / "package"
    package.mkdir(parents=True)
    facts = {
        "name": "org.example.colours",
        "version": "1.2.0",
        "fhirVersions": ["4.0.1"],
        "dependencies": {"a.b": "1.0.0"},
    }
    for name, content in (("package", facts), ("p", PROFILE), ("c", COLOUR), ("v", COLOURS)):
        (package / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "patient.json").write_text(json.dumps(PATIENT), encoding="utf-8")
    return package.parent


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    return lambda *words: CliRunner().invoke(command, [*map(str, words), "--to", str(tmp_path / "qiao-data")])


@pytest.fixture
def check(tmp_path: Path) -> Iterator[Ask]:
    app = typer.Typer()
    app.command()(validate)
    yield lambda *words: CliRunner().invoke(app, [*map(str, words), "--data-folder", str(tmp_path / "qiao-data")])
    OWN.put(())


def test_a_package_is_installed_listed_shown_and_removed(ask: Ask, folder: Path) -> None:
    result = ask("install", folder, "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["installed"]["name"] == "org.example.colours"
    assert said["installed"]["counts"] == {"CodeSystem": 1, "StructureDefinition": 1, "ValueSet": 1}
    assert [one["details"]["coding"][0]["code"] for one in said["issue"]] == ["package-dependency"]
    assert "请一并安装" in json.dumps(said["issue"], ensure_ascii=False)
    listed = json.loads(ask("list", "--json").stdout)["packages"]
    assert [one["name"] for one in listed] == ["qiao.fhir.cmc", "org.example.colours"]
    shown = json.loads(ask("show", "org.example.colours#1.2.0", "--json").stdout)
    assert {one["url"] for one in shown["definitions"]} == {PROFILE["url"], COLOUR["url"], COLOURS["url"]}
    assert "StructureDefinition" in ask("show", "qiao.fhir.cmc").stdout
    assert ask("remove", "org.example.colours").exit_code == 0
    assert len(json.loads(ask("list", "--json").stdout)["packages"]) == 1


def test_exit_codes_say_what_kind_of_failure_it_is(ask: Ask, folder: Path, tmp_path: Path) -> None:
    assert ask("install", tmp_path / "absent.tgz").exit_code == 3
    (tmp_path / "broken.tgz").write_bytes(b"x")
    assert ask("install", tmp_path / "broken.tgz").exit_code == 3
    assert ask("install", folder).exit_code == 0
    again = ask("install", folder, "--json")
    assert again.exit_code == 1
    assert json.loads(again.stdout)["issue"][0]["details"]["coding"][0]["code"] == "package-there"
    assert ask("show", "none").exit_code == 1
    assert ask("install").exit_code == 2
    assert ask("nonsense").exit_code == 2


def test_several_versions_must_be_told_apart(ask: Ask, folder: Path) -> None:
    assert ask("install", folder).exit_code == 0
    facts = folder / "package" / "package.json"
    facts.write_text(facts.read_text(encoding="utf-8").replace("1.2.0", "1.3.0"), encoding="utf-8")
    assert ask("install", folder).exit_code == 0
    assert ask("show", "org.example.colours").exit_code == 2
    assert ask("show", "org.example.colours#1.3.0").exit_code == 0


def test_validate_knows_what_is_installed_and_says_what_to_do(
    ask: Ask, check: Ask, folder: Path, tmp_path: Path
) -> None:
    before = check(tmp_path / "patient.json", "--json")
    assert [one["details"]["coding"][0]["code"] for one in json.loads(before.stdout)["issue"]] == ["profile-missing"]
    ask("install", folder)
    after = json.loads(check(tmp_path / "patient.json", "--json").stdout)["issue"]
    assert [one["details"]["coding"][0]["code"] for one in after] == ["element-required"]
    assert ". Fix: Fill in maritalStatus" in after[0]["diagnostics"]
    (chinese,) = after[0]["_diagnostics"]["extension"]
    assert "处理：填写 maritalStatus" in chinese["extension"][1]["valueString"]
    assert "    fix: Fill in maritalStatus" in check(tmp_path / "patient.json").stdout
    assert "填写 maritalStatus" in check(tmp_path / "patient.json", "--html").stdout


def test_a_server_that_is_started_knows_what_is_installed(ask: Ask, folder: Path, tmp_path: Path) -> None:
    assert ask("install", folder).exit_code == 0
    server = Server(f"sqlite:///{tmp_path}/qiao.db", tmp_path)
    server.start()
    try:
        with httpx.Client(base_url=f"{server.base}/fhir", timeout=30) as client:
            judged = client.post("/Patient/$validate", json=PATIENT).json()
            assert [one["details"]["coding"][0]["code"] for one in judged["issue"]] == ["element-required"]
            assert client.post("/Patient", json=PATIENT).status_code == 422
            expanded = client.get("/ValueSet/$expand", params={"url": COLOURS["url"]}).json()
            assert [one["code"] for one in expanded["expansion"]["contains"]] == ["red"]
            looked = client.get("/CodeSystem/$lookup", params={"system": COLOUR["url"], "code": "red"}).json()
            assert {"name": "display", "valueString": "Red"} in looked["parameter"]
            coded = {"coding": [{"system": COLOUR["url"], "code": "green"}]}
            wrong = client.post("/Patient/$validate", json={**PATIENT, "maritalStatus": coded}).json()
            assert "coding-code-unknown" in json.dumps(wrong)
    finally:
        server.stop()
