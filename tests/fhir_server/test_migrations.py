"""Schema steps: every one goes up and down with data in the store, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from fhir_server.store import migrate
from fhir_server.store.database import FIRST, HEAD, Database, revision
from fhir_server.store.outdated import OutdatedStore
from fhir_server.store.schema import metadata
from fhir_server.store.search_keys import renew

RESOURCE = (
    "INSERT INTO resource (rid, type, id, version, last_updated, deleted, body, owner, content_hash)"
    " VALUES (:rid, 'Patient', :id, 1, :at, false, :body, 'TH01', :hash)"
)


@pytest.fixture
def old(bare_database_url: str) -> Database:
    """A store as the first release left it: its tables, data in them, and no revision."""
    store = Database(bare_database_url)
    migrate.upgrade(store, FIRST)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
        rows = [{"rid": n, "id": f"p{n}", "at": n, "body": b'{"resourceType":"Patient"}', "hash": b"h"} for n in (1, 2)]
        connection.execute(text(RESOURCE), rows)
        changes = [{"seq": n, "rid": n} for n in (1, 2)]
        connection.execute(text("INSERT INTO change VALUES (:seq, :rid, 'Patient', 1, 5, 'PUT', NULL)"), changes)
    return store


def test_the_last_step_is_the_head_that_a_start_expects() -> None:
    assert [name for name, _ in migrate.steps()][-1] == HEAD


def test_a_store_of_the_first_release_is_not_touched_by_a_start_but_refused(old: Database) -> None:
    with pytest.raises(OutdatedStore, match="qiao db upgrade"):
        old.create()


def test_an_upgrade_keeps_every_row_and_a_start_then_succeeds(old: Database) -> None:
    assert migrate.upgrade(old) == (FIRST, HEAD)
    with pytest.raises(OutdatedStore, match="search keys"):
        old.create()
    assert renew(old, lambda *_: None) == 2
    old.create()
    with old.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM resource")).scalar() == 2
        assert connection.execute(text("SELECT count(*) FROM change")).scalar() == 2
        counted = connection.execute(text("SELECT type, owner, living FROM type_count")).all()
        assert [tuple(row) for row in counted] == [("Patient", "TH01", 2)]


def test_every_step_goes_down_and_up_again_with_data(old: Database) -> None:
    migrate.upgrade(old)
    for name, _ in migrate.steps()[-2::-1]:
        migrate.downgrade(old, name)
    with old.engine.connect() as connection:
        assert revision(connection) == FIRST
        assert connection.execute(text("SELECT count(*) FROM resource")).scalar() == 2
    assert migrate.upgrade(old) == (FIRST, HEAD)


@pytest.mark.filterwarnings("ignore:.*ix_resource_dated")  # compared by name below
def test_steps_and_a_new_store_come_to_the_same_tables(bare_database_url: str) -> None:
    store = Database(bare_database_url)
    migrate.upgrade(store)
    with store.engine.connect() as connection:
        assert [_named(one) for one in compare_metadata(MigrationContext.configure(connection), metadata)] == []
        assert "ix_resource_dated" in _indexes(connection, "resource")
    store.close()


def test_everything_can_be_taken_away(bare_database_url: str) -> None:
    store = Database(bare_database_url)
    migrate.upgrade(store)
    migrate.downgrade(store, migrate.EMPTY)
    with store.engine.connect() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        assert revision(connection) == ""
    store.close()


def test_a_step_that_fails_leaves_nothing_behind(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with old.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE job (id integer)")  # in the way of the second step
    with pytest.raises(Exception, match="job"):
        migrate.upgrade(old)
    with old.engine.connect() as connection:
        assert revision(connection) == FIRST
        assert "ix_change_type" not in _indexes(connection, "change")


def _named(difference: object) -> str:
    return repr(difference)


def _indexes(connection: object, table: str) -> set[str]:
    sql = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = :table",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE tablename = :table",
    }
    found = connection.execute(text(sql[connection.dialect.name]), {"table": table})  # type: ignore[attr-defined]
    return {row[0] for row in found}
