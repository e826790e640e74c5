"""The doctor finds what was planted, and nothing where all is well."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from adapters.site import SITES
from conformance import doctor
from conformance.commands.doctor import command
from conformance.doctor import ROOMS, Check, Settings, examine
from fhir_server.store.database import Database

CLOCK = 1_792_512_000.0


@pytest.fixture
def healthy(database_url: str) -> Settings:
    owners = {room: ["qiao-fhir"] for room in ROOMS}
    return Settings(database_url, SITES, {}, lambda: CLOCK, lambda: owners)


def findings(settings: Settings) -> list[Check]:
    """Without those about this machine: versions under test, and a test cluster that does not wait for the disk."""
    mine = ("packages", "durability")
    return [check for check in examine(settings) if check.state == "finding" and check.name not in mine]


def test_a_healthy_installation_has_no_findings(database: Database, healthy: Settings) -> None:
    assert findings(healthy) == []


def test_a_store_that_would_lose_commits_is_found(database: Database, healthy: Settings) -> None:
    durable = {check.what: check.state for check in examine(healthy) if check.name == "durability"}
    if database.dialect == "sqlite":
        assert durable == {"journal_mode = wal": "ok", "synchronous = 2": "ok"}
    else:
        assert durable["fsync = off"] == "finding"
        assert durable["full_page_writes = off"] == "finding"


def test_a_stranger_with_the_name_of_a_room_is_found(healthy: Settings) -> None:
    owners = {"adapters": ["qiao-fhir", "other-adapters"]}
    found = findings(replace(healthy, owners=lambda: owners))
    assert [check.name for check in found] == ["names"]
    assert "other-adapters" in found[0].what
    assert found[0].do


def test_a_wrong_site_file_is_found(healthy: Settings, tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites" / "county.toml").write_text("nonsense = [", encoding="utf-8")
    assert "sites" in {check.name for check in findings(replace(healthy, sites=tmp_path / "sites"))}


def test_a_port_in_use_is_found(healthy: Settings, listening: int) -> None:
    found = findings(replace(healthy, ports={"mllp-port": listening}))
    assert [check.name for check in found] == ["ports"]
    assert str(listening) in found[0].what


@pytest.fixture
def listening() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("seconds", [0.0, 5e9])
def test_an_impossible_clock_is_found(healthy: Settings, seconds: float) -> None:
    assert [check.name for check in findings(replace(healthy, clock=lambda: seconds))] == ["clock"]


def test_a_missing_table_is_found(database: Database, healthy: Settings) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE worklist")
    found = findings(healthy)
    assert [check.name for check in found] == ["schema"]
    assert "worklist" in found[0].what


def test_a_database_that_cannot_be_opened_is_found_without_its_password(healthy: Settings) -> None:
    url = "postgresql://somebody:geheim@127.0.0.1:1/none"
    found = findings(replace(healthy, database=url))
    assert [check.name for check in found] == ["database"]
    assert "geheim" not in str(found)


def test_a_store_to_come_is_no_finding_and_is_not_made(healthy: Settings, tmp_path: Path) -> None:
    assert findings(replace(healthy, database=f"sqlite:///{tmp_path}/new/qiao.db")) == []
    assert not (tmp_path / "new").exists()


def test_a_full_disk_is_found(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_DISK", 1 << 70)
    assert [check.name for check in findings(healthy)] == ["disk"]


def test_a_package_too_old_is_found() -> None:
    assert doctor._unsatisfied("sqlalchemy>=99") != ""
    assert doctor._unsatisfied("no-such-package>=1") == "no-such-package"
    assert doctor._unsatisfied("psycopg[binary]>=3.2,<4") == ""
    assert doctor._unsatisfied("sqlalchemy<2.2,>=2.0") == ""


def test_the_command_prints_one_json_object_and_exits_1_on_findings(tmp_path: Path, listening: int) -> None:
    app = typer.Typer()
    app.command()(command)
    options = ["--json", "--database", f"sqlite:///{tmp_path}/qiao.db", "--port", str(listening), "--mllp-port", "0"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["findings"] >= 1
    assert {"name": "ports", "state": "finding"}.items() <= next(
        c for c in found["checks"] if c["name"] == "ports"
    ).items()
