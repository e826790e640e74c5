"""Fixtures shared by all rooms: a database of each kind, both real."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.postgres_server import PostgresServer, postgres

if TYPE_CHECKING:
    from fhir_server.store.database import Database

SHARED = Path(__file__).parent.parent.parent / "shared"
_names = (f"test_{os.getpid()}_{number}" for number in itertools.count())


LONGEST = ("test_state_machine", "test_outbound_laws", "test_testscript_builtin", "test_crash", "test_search_model")
"""Files that take a minute or so go first: at the end, the other workers would wait for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="the folder ../shared is not there")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/qiao.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = next(_names)
    yield server.create(name)
    server.drop(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A store with its tables made."""
    from fhir_server.store.database import Database

    opened = Database(database_url)
    opened.create()
    yield opened
    opened.close()
