"""`qiao diff`: old and new rules over the same messages; a final report that would change is marked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from adapters import pipeline
from adapters.commands.diff import command
from adapters.comparison import Side, differences
from adapters.pipeline import Door
from adapters.site import SITES, load
from fhir_server.intake import Intake, system_clock
from fhir_server.store.database import Database

app = typer.Typer()
app.command()(command)
COUNTY = "county-lis/codes.csv"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """The shipped sites twice: before and after."""
    ignored = shutil.ignore_patterns("__pycache__", "*.py")
    return shutil.copytree(SITES, tmp_path / "a", ignore=ignored), shutil.copytree(
        SITES, tmp_path / "b", ignore=ignored
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/diff.db")
    opened.create()
    yield opened
    opened.close()


def report(control: str = "1", status: str = "F", flag: str = "奇") -> bytes:
    lines = (
        f"MSH|^~\\&|LIS|JYZX|||20261121090000||ORU^R01|{control}|P|2.5.1",
        "PID|1||P1^^^QHRY^MR||张三丰||19900101|F",
        f"OBR|1||R{control}^LIS|K^血钾|||20261121080000||||||||||||||||||{status}",
        f"OBX|1|NM|K^血钾||4.1|mmol/L||{flag}|||{status}|||20261121080000",
    )
    return ("\r".join(lines) + "\r").encode()


def add(folder: Path, row: str) -> None:
    path = folder / COUNTY
    path.write_text(path.read_text("utf-8").rstrip("\n") + f"\n{row}\n", "utf-8")


def run(*arguments: str) -> tuple[int, Any]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else done.output


def files(tmp_path: Path, *messages: bytes) -> str:
    folder = tmp_path / "messages"
    folder.mkdir(exist_ok=True)
    for number, raw in enumerate(messages):
        (folder / f"{number}.hl7").write_bytes(raw)
    return str(folder)


def keep(store: Database, *messages: bytes) -> None:
    intake = Intake(store)
    try:
        door = Door(load(), intake, system_clock)
        assert [pipeline.handle(raw, door).verdict for raw in messages] == ["AA"] * len(messages)
    finally:
        intake.close()


def test_equal_rules_say_the_same(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    old, new = folders
    code, result = run(files(tmp_path, report()), "--old", str(old), "--new", str(new))
    assert (code, result["messages"], result["changed"], result["elements"]) == (0, 1, 0, {})


def test_a_changed_final_result_is_marked_and_ends_with_1(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    old, new = folders
    add(new, "abnormal-flag,奇,H,偏高")
    code, result = run(files(tmp_path, report()), "--old", str(old), "--new", str(new))
    assert (code, result["changed"], result["final_reports_changed_by"]) == (1, 1, 1)
    assert any("Observation.interpretation" in place for place in result["final_elements"])
    assert "OBX[Observation]#OBX-8" in result["rules"]
    assert result["findings"] == {"-flag-unknown": 1, "-code-unmapped": 1}
    assert result["samples"][0]["final"] is True


def test_a_changed_preliminary_result_is_shown_and_not_marked(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    old, new = folders
    add(new, "abnormal-flag,奇,H,偏高")
    code, result = run(files(tmp_path, report(status="P")), "--old", str(old), "--new", str(new))
    assert (code, result["changed"], result["final_reports_changed_by"]) == (0, 1, 0)


def test_a_final_report_that_the_new_rules_refuse_is_marked(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    old, new = folders
    path = new / "county-lis" / "site.toml"
    path.write_text(path.read_text("utf-8") + '\n[findings]\nflag-unknown = "error"\n', "utf-8")
    code, result = run(files(tmp_path, report()), "--old", str(old), "--new", str(new))
    assert (code, result["verdicts"]) == (1, {"AA→AE": 1})
    assert result["final_elements"]["removed DiagnosticReport"] == 1


def test_samples_show_no_values_of_patients_unless_asked(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    old, new = folders
    add(new, "abnormal-flag,奇,H,偏高")
    path = new / "county-lis" / "site.toml"
    path.write_text(path.read_text("utf-8").replace('untyped = "mrn"', 'untyped = "visit-card"'), "utf-8")
    source = files(tmp_path, report().replace(b"QHRY^MR", b"QHRY"))
    shown = json.dumps(run(source, "--old", str(old), "--new", str(new))[1], ensure_ascii=False)
    asked = json.dumps(run(source, "--old", str(old), "--new", str(new), "--unmask")[1], ensure_ascii=False)
    assert "张三丰" not in shown and "P1" not in shown
    assert "偏高" in asked or "奇" in asked


def test_the_journal_is_compared_under_two_folders(store: Database, folders: tuple[Path, Path]) -> None:
    keep(store, report("1"), report("2", flag=""))
    old, new = folders
    add(new, "abnormal-flag,奇,H,偏高")
    code, result = run("--from-journal", "--database", store.url, "--old", str(old), "--new", str(new))
    assert (code, result["messages"], result["changed"]) == (1, 2, 1)
    assert {one["message"] for one in result["samples"]} == {"journal:1"}


def test_what_the_store_holds_equals_todays_rules_when_they_are_the_same(
    store: Database, folders: tuple[Path, Path]
) -> None:
    keep(store, report("1"), report("2"), report("3", flag=""))
    code, result = run("--from-journal", "--database", store.url, "--new", str(folders[1]))
    assert (code, result["changed"], result["not_comparable"]) == (0, 0, 0), result


def test_what_the_store_holds_is_compared_with_the_rules_to_come(store: Database, folders: tuple[Path, Path]) -> None:
    keep(store, report("1"), report("2", flag=""))
    add(folders[1], "abnormal-flag,奇,H,偏高")
    code, result = run("--from-journal", "--database", store.url, "--new", str(folders[1]))
    assert (code, result["changed"], result["final_reports_changed_by"]) == (1, 1, 1)
    assert any("Observation.interpretation" in place for place in result["final_elements"])


@pytest.mark.parametrize("arguments", [(), ("--from-journal", "x.hl7"), ("x.hl7",)])
def test_what_cannot_be_compared_is_a_mistake_of_use(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_an_item_that_only_moved_is_no_change_of_content() -> None:
    old = Side("AA", {("Patient", "1"): {"resourceType": "Patient", "name": [{"text": "a"}, {"text": "b"}]}})
    new = Side("AA", {("Patient", "1"): {"resourceType": "Patient", "name": [{"text": "b"}, {"text": "c"}]}})
    (found,) = differences(old, new)
    assert (found.kind, found.path, found.place, found.old, found.new) == (
        "changed",
        "name[0].text",
        "Patient.name.text",
        "a",
        "c",
    )
