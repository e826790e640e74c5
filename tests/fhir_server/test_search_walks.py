"""Searches that walk: the same answers as by lists, and plans that read no more than a page needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from fhir_server.search import plan
from fhir_server.search.query import Query, parse
from fhir_server.search.run import run
from fhir_server.search.timed import timed
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store import schema
from fhir_server.store.reading import Reader
from tests.databases import Databases
from tests.fhir_server import test_search_model as model
from tests.fhir_server.conftest import KEY, NOW, Store, coded, copied, filled_once, observation, opened, patient

filled = model.filled
test_any_search_finds_what_looking_at_every_resource_finds = (
    model.test_any_search_finds_what_looking_at_every_resource_finds
)
test_every_prefix_with_every_value_finds_what_looking_at_every_resource_finds = (
    model.test_every_prefix_with_every_value_finds_what_looking_at_every_resource_finds
)


@pytest.fixture(autouse=True, scope="module")
def many() -> Iterator[None]:
    """Everything that finds something at all is taken for much."""
    before, plan.FEW = plan.FEW, 0
    yield
    plan.FEW = before


def county() -> list[dict[str, Any]]:
    """Dates of every form, and codes that several have."""
    dates: tuple[dict[str, Any], ...] = (
        {"effectiveDateTime": "2026-01-02T08:00:00+08:00"},
        {"effectiveDateTime": "2026-01"},
        {"effectivePeriod": {"start": "2025-12-01", "end": "2026-02-01"}},
        {"effectivePeriod": {"end": "2026-01-03"}},
        {"effectivePeriod": {"start": "2026-01-03"}},
        {"effectiveTiming": {"event": ["2026-01-01", "2026-01-09"]}},
        {},
    )
    people = [patient(f"p{n}", name=[{"text": f"王{n}", "family": "王"}], gender="female") for n in range(4)]
    return [
        *people,
        *(
            observation(
                f"o{n:02}",
                code=coded("c", "even" if n % 2 == 0 else "odd"),
                subject={"reference": f"Patient/p{n % 4}"},
                **dates[n % len(dates)],
            )
            for n in range(42)
        ),
    ]


ADDRESSES = (
    "Observation?code=even&_sort=-date",
    "Observation?code=c|even&_sort=date",
    "Observation?code=even&date=ge2026-01-02",
    "Observation?code=even&date=2026-01&_sort=date",
    "Observation?code=even&date=le2026-01-02&_sort=-date",
    "Observation?code=even,odd&_sort=date",
    "Observation?date=ge2026-01-02",
    "Observation?date=ap2026-01",
    "Observation?status=final&_sort=-date",
    "Observation?patient.gender=female&_sort=-date",
    "Observation?patient.name=王",
    "Observation?_lastUpdated=gt2020",
    "Patient?name=王",
    "Patient?_has:Observation:patient:code=even",
    "Observation,Patient?_sort=-_lastUpdated",
    "*?_sort=_lastUpdated",
)


@pytest.fixture(scope="module")
def of_one_house(databases: Databases) -> Iterator[str]:
    """The URL of a store with the county."""
    with filled_once(databases, lambda store: store.put(*county())) as url:
        yield url


@pytest.fixture(scope="module")
def listed_and_walked(databases: Databases, of_one_house: str) -> Iterator[Store]:
    with copied(databases, of_one_house) as store:
        yield store


@pytest.fixture
def changing(databases: Databases, of_one_house: str) -> Iterator[Store]:
    with copied(databases, of_one_house) as store:
        yield store


@pytest.fixture(scope="module")
def of_two_houses(databases: Databases) -> Iterator[Store]:
    """A has the people and every other observation, B the rest."""

    def fill(store: Store) -> None:
        resources = county()
        store.put(*resources[:4], owner="A")
        store.put(*resources[4::2], owner="A")
        store.put(*resources[5::2], owner="B")

    with filled_once(databases, fill) as url, opened(url) as store:
        yield store


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_walk_gives_what_lists_give_page_by_page(
    listed_and_walked: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = listed_and_walked
    joint = "&" if "?" in address else "?"
    walked = store.search(f"{address}{joint}_count=3")
    with monkeypatch.context() as patched:
        patched.setattr(plan, "FEW", 2000)
        listed = store.search(f"{address}{joint}_count=100")
    assert len(walked) == len(set(walked))
    assert set(walked) == set(listed) != set()
    if "_sort" in address and "_lastUpdated" not in address:
        with store.database.read() as connection:
            columns = schema.resource.c
            dates = {row[0]: row[1] for row in connection.execute(select(columns.id, columns.clinical_date))}
        assert [dates[one] for one in walked] == [dates[one] for one in listed]


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_changes_between_two_pages_of_a_walk_is_seen_once(changing: Store, address: str) -> None:
    first = changing.page(f"{address}&_count=3")
    whole = set(changing.search(f"{address}&_count=100"))
    changing.put(*({**one, "language": "zh"} for one in county()))
    found, cursor = [one.id for one in first.matches], first.next
    while cursor:
        page = changing.page(f"{address}&_count=3", cursor=cursor)
        found, cursor = [*found, *(one.id for one in page.matches)], page.next
    assert len(found) == len(set(found))
    assert set(found) == whole


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_walk_sees_what_the_scope_sees(of_two_houses: Store, address: str) -> None:
    resources, search = county(), of_two_houses.search
    seen = {r["id"] for r in (*resources[:4], *resources[4::2])}
    assert set(search(f"{address}&_count=5", Scope(frozenset({"A"})))) <= seen
    assert search(f"{address}&_count=5", Scope(frozenset())) == []
    assert len(search(f"{address}&_count=5", Scope(frozenset({"A", "B"})))) == len(search(address))


def test_the_lists_of_codes_by_date_stand_for_types_with_one_plain_code() -> None:
    assert timed("Observation") is not None
    assert timed("DiagnosticReport") is not None
    assert timed("Patient") is None
    assert timed("Condition,Observation") is None


# ------------------------------------------------------------------------------------------- plans

FULL = ("Seq Scan on resource", "Seq Scan on sp_", "Hash", "Merge Join", "SCAN resource", "SCAN sp_", "SCAN link")


class _Watched:
    """A reader that keeps the plan of each statement it runs."""

    def __init__(self, reader: Reader, plans: list[str]) -> None:
        self._reader, self._plans = reader, plans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def all(self, sql: str, parameters: Any = ()) -> list[Any]:
        how = "EXPLAIN QUERY PLAN " if self._reader.dialect == "sqlite" else "EXPLAIN "
        rows = self._reader.all(how + sql, parameters)
        self._plans.append("\n".join(str(row[-1]) for row in rows))
        return self._reader.all(sql, parameters)


@pytest.fixture(scope="module")
def big(module_store: Store) -> Store:
    """Enough rows for the planner to have a choice."""
    for part in range(4):
        module_store.put(
            *(
                observation(
                    f"b{part}-{n}",
                    code=coded("c", "even" if n % 2 == 0 else "odd"),
                    subject={"reference": f"Patient/p{n % 40}"},
                    effectiveDateTime=f"2026-01-{1 + n % 28:02}T08:00:00+08:00",
                )
                for n in range(500)
            )
        )
    module_store.put(*(patient(f"p{n}", name=[{"family": "王"}], gender="female") for n in range(400)))
    with module_store.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")
    return module_store


@pytest.mark.parametrize("address", [*ADDRESSES, "Observation?patient=p1&_sort=-date", "Patient?name=王&gender=female"])
def test_no_plan_of_a_page_reads_a_whole_list(big: Store, address: str) -> None:
    kind, _, text = address.partition("?")
    query = parse(kind, parse_qsl(text), Surroundings(NOW, "http://qiao.test/fhir"))
    assert isinstance(query, Query)
    plans: list[str] = []
    with big.database.reading() as reader:
        run(query, EVERYTHING, _Watched(reader, plans), KEY)  # type: ignore[arg-type]
    assert plans
    for each in plans:
        assert [line for line in each.splitlines() if any(part in line for part in FULL)] == [], each
