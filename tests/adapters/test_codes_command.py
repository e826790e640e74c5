"""The work list of unmapped codes: a Task each, seen, mapped and replayed, on a real store."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from adapters import pipeline
from adapters.commands.codes import app
from adapters.pipeline import Door
from adapters.site import SITES, load
from fhir_server.intake import Intake, system_clock
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.database import Database
from profiles import validate

PERSON = "PID|1||P1^^^^MR||测试||19900101|F"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "sites"
    shutil.copytree(SITES, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/codes.db")
    opened.create()
    yield opened
    opened.close()


def visit(control: str, kind: str, hospital_service: str = "") -> bytes:
    """From the county HIS; PV1-2 `kind` refuses when nobody knows it, PV1-10 only waits."""
    head = f"MSH|^~\\&|HIS|QHRY|||20261121080000||ADT^A04|{control}|P|2.4\r"
    visited = f"PV1|1|{kind}||||||||{hospital_service}|||||||||V{control}"
    return f"{head}EVN|A04|20261121080000\r{PERSON}\r{visited}\r".encode()


def take(store: Database, county: Path, *messages: bytes) -> list[str]:
    """The verdicts of messages that came over MLLP."""
    intake = Intake(store)
    try:
        door = Door(load(county), intake, system_clock)
        return [pipeline.handle(raw, door).verdict for raw in messages]
    finally:
        intake.close()


def tasks(store: Database) -> list[dict[str, Any]]:
    with store.read() as connection:
        rows = connection.execute(select(schema.resource.c.body).where(schema.resource.c.type == "Task"))
        found = [bodies.parse(bytes(row[0])) for row in rows]
    return [one for one in found if one["code"]["coding"][0]["code"] == "unmapped-code"]


def said(task: dict[str, Any]) -> dict[str, str]:
    return {one["type"]["text"]: one["valueString"] for one in task["input"]}


def run(store: Database, county: Path | None, *arguments: str) -> tuple[int, Any]:
    folder = ["--sites", str(county)] if county is not None else []
    done = CliRunner().invoke(app, [*arguments, "--database", store.url, *folder, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else done.output


# -- Tasks -----------------------------------------------------------------------------------------------------------


def test_an_unmapped_code_is_one_task_of_its_institution(database: Database) -> None:
    assert take(database, SITES, visit("1", "家庭", "X9"), visit("2", "家庭")) == ["AE", "AE"]
    found = {said(one)["code"]: one for one in tasks(database)}
    task = found["家庭"]
    assert said(task) | {"table": ""} == {
        "site": "county-his",
        "table": "",
        "code": "家庭",
        "location": "PV1-2",
    }
    assert task["owner"]["identifier"]["value"] == "county-hospital"
    assert (task["status"], task["meta"]["versionId"]) == ("requested", "1")
    assert "focus" not in task and "for" not in task
    assert not [issue for issue in validate(task) if issue.refuses]


def test_a_code_met_again_costs_no_version(store: Database) -> None:
    take(store, SITES, *(visit(str(number), "家庭") for number in range(5)))
    (task,) = tasks(store)
    assert task["meta"]["versionId"] == "1"


def test_a_number_of_a_person_is_no_code_and_gets_no_task(store: Database) -> None:
    take(store, SITES, visit("1", "999999199001010016"))
    assert tasks(store) == []


def test_the_task_is_open_again_when_the_code_comes_back(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"))
    assert run(store, county, "map", "county-his", TABLE, "家庭", "AMB")[0] == 0
    assert tasks(store)[0]["status"] == "completed"
    take(store, SITES, visit("2", "家庭"))
    assert tasks(store)[0]["status"] == "requested"


TABLE = "PatientClass[EncounterClass]"

# -- list, map, requeue ----------------------------------------------------------------------------------------------


def test_list_shows_what_waits_and_ends_with_1(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"), visit("2", "家庭"), visit("3", "夜诊"))
    code, result = run(store, county, "list", "--site", "county-his")
    assert (code, result["waiting"]) == (1, 2)
    assert [(one["code"], one["seen"], one["target"]) for one in result["codes"]] == [("家庭", 2, ""), ("夜诊", 1, "")]
    assert run(store, county, "list", "--site", "county-lis") == (0, {"waiting": 0, "codes": []})


def test_mapping_a_code_replays_the_messages_that_waited_for_it(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"), visit("2", "夜诊"), visit("3", "家庭"))
    code, result = run(store, county, "map", "county-his", TABLE, "家庭", "AMB", "--text", "家庭病床")
    assert code == 0
    assert (result["messages"], result["AA"], result["completed"]) == (2, 2, 1)
    last = (county / "county-his" / "codes.csv").read_text("utf-8").splitlines()[-1]
    assert last == f"{TABLE},家庭,AMB,家庭病床"
    with store.read() as connection:
        again = connection.execute(
            select(schema.journal.c.original, schema.journal.c.verdict).where(schema.journal.c.endpoint == "replay")
        ).all()
    assert sorted(again) == [(1, "AA"), (3, "AA")]
    assert {said(one)["code"]: one["status"] for one in tasks(store)} == {"家庭": "completed", "夜诊": "requested"}
    assert [one["code"] for one in run(store, county, "list")[1]["codes"]] == ["夜诊"]


def test_without_requeue_the_messages_wait_until_they_are_requeued(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"))
    code, result = run(store, county, "map", "county-his", TABLE, "家庭", "AMB", "--no-requeue")
    assert (code, result.get("messages")) == (0, None)
    take(store, county, visit("2", "夜诊"))
    rows = county / "county-his" / "codes.csv"
    rows.write_text(rows.read_text("utf-8") + f"{TABLE},夜诊,EMER,\n", "utf-8")
    code, result = run(store, county, "requeue", "--site", "county-his")
    assert (code, result["messages"], result["completed"]) == (0, 1, 1)


def test_requeue_does_not_replay_what_is_done(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"))
    run(store, county, "map", "county-his", TABLE, "家庭", "AMB")
    take(store, SITES, visit("2", "家庭"))
    code, result = run(store, county, "requeue")
    assert (code, result["messages"]) == (0, 1)
    with store.read() as connection:
        count = connection.execute(
            select(func.count()).select_from(schema.journal).where(schema.journal.c.original == 1)
        ).scalar()
    assert count == 1


def test_a_wrong_target_is_refused_with_the_valid_ones_and_nothing_is_written(store: Database, county: Path) -> None:
    take(store, county, visit("1", "家庭"))
    before = (county / "county-his" / "codes.csv").read_bytes()
    code, told = run(store, county, "map", "county-his", TABLE, "家庭", "HOME")
    assert code == 2
    assert "'HOME' is no code" in told and "AMB" in told
    assert (county / "county-his" / "codes.csv").read_bytes() == before


def test_a_code_that_is_mapped_already_is_refused_and_the_file_stays(store: Database, county: Path) -> None:
    run(store, county, "map", "county-his", TABLE, "家庭", "AMB", "--no-requeue")
    before = (county / "county-his" / "codes.csv").read_bytes()
    code, told = run(store, county, "map", "county-his", TABLE, "家庭", "IMP")
    assert code == 2 and "stands already" in told
    assert (county / "county-his" / "codes.csv").read_bytes() == before


@pytest.mark.parametrize(("arguments", "told"), [(("nobody",), "no site"), (("unregistered",), "no site")])
def test_only_sites_that_exist_are_written(store: Database, county: Path, arguments: tuple[str], told: str) -> None:
    code, said_ = run(store, county, "map", *arguments, TABLE, "家庭", "AMB")
    assert code == 2 and told in said_


def test_the_sites_of_the_package_are_never_written(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QIAO_SITES", raising=False)
    code, told = run(store, None, "map", "county-his", TABLE, "家庭", "AMB")
    assert code == 2 and "--sites" in told
