"""Backup and restore: a store comes back whole, on the other database too, and a damaged file is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import archive, schema
from fhir_server.store.database import Database
from fhir_server.store.search_keys import renew
from fhir_server.store.write import Write, Written
from tests.postgres_server import PostgresServer

QIAO = Path(sys.executable).with_name("qiao")


def quiet(*_: object) -> None:
    """No progress."""


def write(database: Database, *resources: dict[str, Any]) -> None:
    intake = Intake(database)
    for resource in resources:
        done = intake.write([Write("PUT", resource["resourceType"], resource["id"], resource)], EVERYTHING).result()
        assert isinstance(done, tuple)
        assert isinstance(done[0], Written)
    intake.close()


PATIENT = {"resourceType": "Patient", "id": "a", "name": [{"family": "赵"}], "birthDate": "1960-01-01"}
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
    "subject": {"reference": "Patient/a"},
    "effectiveDateTime": "2026-11-21",
}


@pytest.fixture
def filled(database: Database) -> Database:
    write(database, PATIENT, PATIENT | {"gender": "male"}, OBSERVATION)
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A second, empty database of either kind."""
    if request.param == "sqlite":
        store = Database(f"sqlite:///{tmp_path}/other.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        store = Database(server.create("restored"))
    yield store
    store.close()
    if request.param == "postgresql":
        server.drop("restored")


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in schema.metadata.sorted_tables
        }


def test_a_backup_restores_every_table_on_either_database(filled: Database, other: Database, tmp_path: Path) -> None:
    manifest = archive.backup(filled, tmp_path / "b.zip", quiet)
    assert manifest.tables["resource"][0] == 2
    archive.restore(tmp_path / "b.zip", other, quiet)
    assert renew(other, quiet) == 2
    assert contents(other) == contents(filled)


def test_a_restored_store_takes_new_writes(filled: Database, other: Database, tmp_path: Path) -> None:
    archive.backup(filled, tmp_path / "b.zip", quiet)
    archive.restore(tmp_path / "b.zip", other, quiet)
    renew(other, quiet)
    write(other, PATIENT | {"id": "new"}, OBSERVATION | {"id": "again"})
    assert len(contents(other)["resource"]) == 4


def test_a_restore_into_a_store_that_is_there_is_refused(filled: Database, tmp_path: Path) -> None:
    archive.backup(filled, tmp_path / "b.zip", quiet)
    with pytest.raises(archive.ArchiveError, match="new database"):
        archive.restore(tmp_path / "b.zip", filled, quiet)


def test_a_changed_row_is_noticed_before_anything_is_written(filled: Database, tmp_path: Path) -> None:
    archive.backup(filled, tmp_path / "b.zip", quiet)
    with ZipFile(tmp_path / "b.zip") as whole, ZipFile(tmp_path / "bent.zip", "w") as bent:
        for name in whole.namelist():
            content = whole.read(name)
            bent.writestr(name, content.replace(b'"Patient"', b'"Persons"') if name == "resource.ndjson" else content)
    empty = Database(f"sqlite:///{tmp_path}/empty.db")
    with pytest.raises(archive.ArchiveError, match="resource"):
        archive.restore(tmp_path / "bent.zip", empty, quiet)
    with empty.engine.connect() as connection:
        assert not connection.dialect.has_table(connection, "resource")


def test_a_backup_is_readable_by_its_owner_only_and_never_half(filled: Database, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.backup(filled, tmp_path / "b.zip", stop)
    assert list(tmp_path.glob("b.zip*")) == []
    archive.backup(filled, tmp_path / "b.zip", quiet)
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0


def test_the_commands_say_what_they_did_as_json(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/qiao.db"
    store = Database(url)
    store.create()
    write(store, PATIENT)
    store.close()
    assert run("db", "upgrade", "--database", url)["reindexed"] == 0
    assert run("db", "stats", "--database", url)["resources"] == {"Patient": 1}
    assert run("db", "backup", f"{tmp_path}/b.zip", "--database", url)["rows"]["resource"] == 1
    assert run("db", "restore", f"{tmp_path}/b.zip", "--database", f"sqlite:///{tmp_path}/two.db")["reindexed"] == 1


def run(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([QIAO, *arguments, "--json"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
