"""Fixtures shared by all rooms: a database of each kind, both real."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.postgres_server import PostgresServer, postgres

if TYPE_CHECKING:
    from fhir_server.store.database import Database

SHARED = Path(__file__).parent.parent.parent / "shared"

LONGEST = (
    "test_order",
    "test_crash",
    "test_outbound_laws",
    "test_search_model",
    "test_scope_everywhere",
    "test_search_snapshot",
    "test_commands_messages",
    "test_demo",
    "test_search_walks",
    "test_outbound_round_trip",
)
"""Files that take a minute or so go first: at the end, the other workers would wait for them."""

# Collecting makes a million objects that stay: looking through them again and again is a third of its time.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()  # what is there now stays to the end; only what tests make is looked through
    gc.enable()


WORKER, WORKERS = os.environ.get("PYTEST_XDIST_WORKER", "gw0"), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Each worker begins a folder elsewhere: what one of them compiles on a fresh clone, the others find compiled."""
    report = yield
    if isinstance(collector, pytest.Dir) and report.passed:
        turn = int(WORKER.removeprefix("gw")) * len(report.result) // WORKERS
        report.result = [*report.result[turn:], *report.result[:turn]]
    return report


def _turn(item: pytest.Item) -> tuple[int, str]:
    stem = item.path.stem
    return LONGEST.index(stem) if stem in LONGEST else len(LONGEST), str(item.path)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)  # the same on every worker
    if unsteady := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(f"Other workers call these tests otherwise: {unsteady}")
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="the folder ../shared is not there")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _authorities_are_read_once() -> Iterator[None]:
    """Each HTTP client would read the 140 certificates of certifi: 20 ms of the 50 that a server takes to start."""
    from httpx._transports import default

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(default, "create_ssl_context", cache(default.create_ssl_context))
        yield


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="session")
def databases_of(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Databases]:
    """Where databases of a kind, `sqlite` or `postgresql`, come from; PostgreSQL starts when one is wanted."""

    @cache
    def of(kind: str) -> Databases:
        if kind == "sqlite":
            return SqliteDatabases(tmp_path_factory.mktemp("databases"))
        return PostgresDatabases(request.getfixturevalue("postgres_server"))

    return of


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, databases_of: Callable[[str], Databases]) -> Databases:
    """Where the stores of a module come from that its tests share, once on SQLite and once on PostgreSQL."""
    return databases_of(request.param)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, databases_of: Callable[[str], Databases]) -> Iterator[str]:
    """The URL of a store without resources, its tables made, once on SQLite and once on PostgreSQL."""
    databases = databases_of(request.param)
    yield from _lent(databases, databases.new())


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_database_url(request: pytest.FixtureRequest, databases_of: Callable[[str], Databases]) -> Iterator[str]:
    """The URL of a database without tables, once on SQLite and once on PostgreSQL."""
    databases = databases_of(request.param)
    yield from _lent(databases, databases.bare())


def _lent(databases: Databases, url: str) -> Iterator[str]:
    yield url
    databases.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A store, empty."""
    from fhir_server.store.database import Database

    opened = Database(database_url)
    opened.create()
    yield opened
    opened.close()
