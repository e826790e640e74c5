"""A running server on each database, and a store that tests can fill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import uvicorn

from fhir_server.app import create_app
from fhir_server.intake import Intake
from fhir_server.request_head import LimitedHead
from fhir_server.rest.exchange import Caller
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Page, run
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.write import Write
from tests.databases import Databases
from tests.ports import free_port

KEY = b"a key for tests"
NOW = 1_780_000_000_000_000


class Store:
    """A database with its intake: `put` writes, `search` gives `Type/id` of what a query finds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.intake = Intake(database)

    def put(self, *resources: dict[str, Any], owner: str = "") -> None:
        writes = [Write("PUT", r["resourceType"], r["id"], r, owner=owner) for r in resources]
        outcome = self.intake.write(writes, EVERYTHING).result(60)
        assert isinstance(outcome, tuple), outcome

    def delete(self, resource_type: str, name: str) -> None:
        assert isinstance(self.intake.write([Write("DELETE", resource_type, name)], EVERYTHING).result(60), tuple)

    def page(self, address: str, scope: Scope = EVERYTHING, cursor: str = "") -> Page:
        kind, _, text = address.partition("?")
        pairs = [*parse_qsl(text), *([("_cursor", cursor)] if cursor else [])]
        query = parse(kind, pairs, Surroundings(NOW, "http://qiao.test/fhir"))
        assert isinstance(query, Query), query
        with self.database.read() as connection:
            page = run(query, scope, connection, KEY)
        assert isinstance(page, Page), page
        return page

    def search(self, address: str, scope: Scope = EVERYTHING) -> list[str]:
        """The ids of all matches, page by page, in order."""
        found, cursor = [], ""
        while True:
            page = self.page(address, scope, cursor)
            found += [each.id for each in page.matches]
            if not page.next:
                return found
            cursor = page.next


@contextmanager
def opened(url: str) -> Iterator[Store]:
    """The store at a URL."""
    database = Database(url)
    database.create()
    found = Store(database)
    try:
        yield found
    finally:
        found.intake.close()
        database.close()


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    found = Store(database)
    yield found
    found.intake.close()


@pytest.fixture(scope="module")
def module_store(databases: Databases) -> Iterator[Store]:
    """One store for all tests of a module, once on each database; what a module fills it with, it only reads."""
    url = databases.new()
    with opened(url) as found:
        yield found
    databases.drop(url)


@contextmanager
def filled_once(databases: Databases, fill: Callable[[Store], None]) -> Iterator[str]:
    """The URL of a store that has been filled and closed; `copied` gives a test one of its own to change."""
    url = databases.new()
    with opened(url) as found:
        fill(found)
    yield url
    databases.drop(url)


@contextmanager
def copied(databases: Databases, url: str) -> Iterator[Store]:
    """A copy of a store that nobody has open."""
    mine = databases.copy(url)
    with opened(mine) as found:
        yield found
    databases.drop(mine)


@contextmanager
def running(settings: Settings, **options: Any) -> Iterator[str]:
    """A real server in a thread; gives its address."""
    port = free_port()
    app = create_app(settings, factories=options.pop("factories", ()), **options)
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, log_level="warning", lifespan="on", http=LimitedHead, proxy_headers=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(400):
        if server.started or not thread.is_alive():
            break
        time.sleep(0.01)
    assert server.started
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    """An HTTP client of a running server, its base the FHIR API."""
    with (
        running(Settings(database=database_url, cursor_key=Secret("k"))) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened,
    ):
        yield opened


@pytest.fixture(scope="module")
def module_client(databases: Databases) -> Iterator[httpx.Client]:
    """One server for all tests of a module that only read what the module filled it with, once on each database."""
    url = databases.new()
    with (
        running(Settings(database=url, cursor_key=Secret("k"))) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened,
    ):
        yield opened
    databases.drop(url)


@pytest.fixture(scope="module")
def sqlite_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """One server on SQLite for all tests of a module that leave nothing behind that matters to others."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/qiao.db"
    with (
        running(Settings(database=url, cursor_key=Secret("k"))) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened,
    ):
        yield opened


def by_header(headers: Any) -> Caller:
    """The caller of tests: header `x-owners` names the institutions he may see, `x-owner` his own."""
    owners = headers.get(b"x-owners")
    owner = headers.get(b"x-owner", b"").decode()
    if owners is None:
        return Caller(EVERYTHING, owner)
    return Caller(Scope(frozenset(filter(None, owners.decode().split(",")))), owner)


@pytest.fixture
def guarded(database_url: str) -> Iterator[httpx.Client]:
    """A client of a server that tells callers apart (see `by_header`)."""
    with (
        running(Settings(database=database_url, cursor_key=Secret("k")), identify=by_header) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened,
    ):
        yield opened


Make = Callable[..., dict[str, Any]]


def patient(key: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": key, **elements}


def observation(key: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": key, "status": "final", "code": {"text": "K"}, **elements}


def coded(system: str, *codes: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


def ids(bundle: dict[str, Any], mode: str = "match") -> Sequence[str]:
    entries = bundle.get("entry", [])
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in entries if e["search"]["mode"] == mode]
