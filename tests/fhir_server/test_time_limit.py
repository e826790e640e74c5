"""A read that works too long in the database is stopped, said to be so, and leaves nothing behind."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Select, func, literal, select, text

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.driver import open_driver
from fhir_server.store.time_limit import TooSlow
from tests.fhir_server.conftest import observation, patient, running
from tests.postgres_server import PostgresServer

SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
    " SELECT sum(i) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}

LONGER = {
    "sqlite": SLOW["sqlite"].replace("1000000000", "1500000"),
    "postgresql": "SELECT pg_sleep(0.4)",
}
"""What takes longer than the limit of these tests, and not for ever."""


@pytest.fixture
def limited(database: Database) -> Iterator[Database]:
    yield database.within(0.2)


def test_reader_is_stopped_and_the_next_one_is_not(limited: Database) -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow), limited.reading() as reader:
        reader.all(SLOW[limited.dialect])
    assert time.monotonic() - started < 5
    with limited.reading() as reader:
        assert reader.all("SELECT 1") == [(1,)]


def test_connection_is_stopped_and_goes_back_to_the_pool_without_a_limit(database: Database, limited: Database) -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow), limited.read() as connection:
        connection.execute(text(SLOW[limited.dialect]))
    assert time.monotonic() - started < 5
    with database.read() as connection:
        assert len(connection.execute(text(LONGER[database.dialect])).all()) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, GeneratorExit])
def test_whatever_ends_a_read_the_limit_ends_with_it(
    database: Database, limited: Database, error: type[BaseException]
) -> None:
    with pytest.raises(error), limited.read() as connection:
        connection.execute(text("SELECT 1"))
        raise error
    with database.read() as connection:
        assert len(connection.execute(text(LONGER[database.dialect])).all()) == 1
    with pytest.raises(TooSlow), limited.read() as connection:
        connection.execute(text(SLOW[limited.dialect]))


def test_other_errors_stay_what_they_are(limited: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|not exist|syntax") as raised, limited.read() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert not isinstance(raised.value, TooSlow)
    with pytest.raises(ZeroDivisionError), limited.reading():
        _ = 1 // 0


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with a limit of one second, and a store where a search can take longer."""
    url = f"sqlite:///{tmp_path_factory.mktemp('crowd')}/qiao.db"
    settings = Settings(
        database=url, cursor_key=Secret("k"), read_seconds=1, condition_seconds=1, referential_integrity=False
    )
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir", timeout=60) as client:
        entries = [patient(f"p{n}", name=[{"family": "x"}]) for n in range(20)]
        entries += [observation(f"o{n}", valueQuantity={"value": 5000 + n}) for n in range(3000)]
        for start in range(0, len(entries), 500):
            bundle = [
                {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
                for each in entries[start : start + 500]
            ]
            body = {"resourceType": "Bundle", "type": "transaction", "entry": bundle}
            assert client.post("/", json=body).status_code == 200
        yield client


COSTLY = {"status": "final", "value-quantity": ",".join(map(str, range(1900))), "_total": "accurate"}


def code(answer: httpx.Response) -> tuple[int, str, str]:
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["code"], issue["details"]["coding"][0]["code"]


def test_search_that_takes_too_long_is_refused_and_the_server_goes_on(crowded: httpx.Client) -> None:
    started = time.monotonic()
    answer = crowded.post("/Observation/_search", data=COSTLY)
    assert code(answer) == (400, "too-costly", "read-too-slow")
    assert time.monotonic() - started < 20
    assert crowded.get("/Observation?_summary=count").json()["total"] == 3000


def test_entry_that_takes_too_long_leaves_the_other_entries_alone(crowded: httpx.Client) -> None:
    query = "&".join(f"{name}={value}" for name, value in COSTLY.items())
    reads = [f"Observation?{query}", "Patient/p1"]
    entries = [{"request": {"method": "GET", "url": url}} for url in reads]
    answer = crowded.post("/", json={"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [entry["response"]["status"] for entry in answer.json()["entry"]] == ["400 Bad Request", "200 OK"]


def test_search_that_waits_too_long_for_postgresql_is_refused(postgres_server: PostgresServer) -> None:
    url = postgres_server.create("time_limit")
    settings = Settings(database=url, cursor_key=Secret("k"), read_seconds=1)
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as client:
        database = Database(url)
        assert client.put("/Patient/p", json=patient("p")).status_code == 201
        with database.engine.begin() as connection:
            connection.execute(text("LOCK TABLE resource IN ACCESS EXCLUSIVE MODE"))
            for path in ("/Patient?name=x", "/Patient/p/_history", "/Patient/p/$everything"):
                assert code(client.get(path)) == (400, "too-costly", "read-too-slow")
        assert client.get("/Patient?_id=p").json()["total"] == 1
        database.close()


# ------------------------------------------------------------------------------- conditions of writes


def condition(first: int) -> str:
    """Nothing has one of the values, so the whole list has to be looked through."""
    return "status=final&value-quantity=" + ",".join(map(str, range(first, first + 1900)))


CONDITIONS = [condition(100_000 + 10_000 * n) for n in range(8)]
WRITTEN = {"resourceType": "Observation", "status": "final", "code": {"text": "K"}}
REFERRING = {"resourceType": "Basic", "code": {"text": "K"}}


@pytest.mark.parametrize(
    "entries",
    [
        [
            {"resource": WRITTEN, "request": {"method": "POST", "url": "Observation", "ifNoneExist": c}}
            for c in CONDITIONS
        ],
        [
            {
                "resource": REFERRING | {"subject": {"reference": f"Observation?{c}"}},
                "request": {"method": "POST", "url": "Basic"},
            }
            for c in CONDITIONS
        ],
    ],
    ids=["create", "reference"],
)
def test_conditions_of_one_write_share_a_time_and_the_next_write_is_taken(
    crowded: httpx.Client, entries: list[dict[str, object]]
) -> None:
    started = time.monotonic()
    answer = crowded.post("/", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert code(answer) == (400, "too-costly", "condition-too-slow")
    assert answer.json()["issue"][0]["expression"][0].startswith("Bundle.entry[")
    assert time.monotonic() - started < 20
    assert crowded.get("/Basic?_summary=count").json()["total"] == 0
    assert crowded.put("/Patient/next", json=patient("next")).status_code in (200, 201)


ENDLESS = f"({SLOW['sqlite']})"
LONG = ENDLESS.replace("1000000000", "1000000")
QUESTIONS: dict[str, tuple[Select, Select]] = {
    "sqlite": (select(text("*")).select_from(text(ENDLESS)), select(text("*")).select_from(text(LONG))),
    "postgresql": (select(func.pg_sleep(60)), select(func.pg_sleep(0.4))),
}


def test_a_question_of_the_writer_is_stopped_and_its_transaction_goes_on(database: Database) -> None:
    driver = open_driver(database.driver(), database.dialect)
    driver.begin()
    driver.lock_commit_order()
    slow, quick = QUESTIONS[database.dialect]
    with pytest.raises(TooSlow):
        driver.query(slow, 0.2)
    assert len(driver.query(quick)) == 1
    assert len(driver.query(select(literal(1)), 0.2)) == 1
    assert len(driver.query(quick)) == 1
    driver.rollback()
    driver.close()


def test_conditions_that_wait_too_long_for_postgresql_are_refused(postgres_server: PostgresServer) -> None:
    url = postgres_server.create("condition_limit")
    settings = Settings(database=url, cursor_key=Secret("k"), condition_seconds=1)
    referring = REFERRING | {"subject": {"reference": "Patient?birthdate=1990"}}
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as client:
        assert client.put("/Patient/p", json=patient("p")).status_code == 201
        database = Database(url)
        with database.engine.begin() as connection:
            connection.execute(text("LOCK TABLE sp_range IN ACCESS EXCLUSIVE MODE"))
            for answer in (
                client.post("/Basic", json=REFERRING, headers={"if-none-exist": "created=2020"}),
                client.put("/Patient?birthdate=1990", json={"resourceType": "Patient"}),
                client.patch("/Patient?birthdate=1990", json=[{"op": "add", "path": "/active", "value": True}]),
                client.delete("/Patient?birthdate=1990"),
                client.post("/Basic", json=referring),
            ):
                assert code(answer) == (400, "too-costly", "condition-too-slow"), answer.request.method
            assert client.put("/Patient/q", json=patient("q")).status_code == 201, "others write on"
        assert client.get("/Basic?_summary=count").json()["total"] == 0
        assert client.get("/Patient?_summary=count").json()["total"] == 2
        database.close()
