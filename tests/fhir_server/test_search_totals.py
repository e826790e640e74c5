"""Totals: exact, from a counter or an index where one can give them, and honest where none can."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from fhir_server.search import totals
from fhir_server.security.scope import EVERYTHING, NOTHING, Scope
from fhir_server.store import schema
from tests.databases import Databases
from tests.fhir_server.conftest import Store, coded, filled_once, observation, opened, patient

A, B, BOTH = Scope(frozenset({"A"})), Scope(frozenset({"B"})), Scope(frozenset({"A", "B"}))


def fill(store: Store, count: int, owner: str, start: int = 0) -> None:
    store.put(
        *(
            observation(
                f"{owner}{number:03}",
                code=coded("c", "even" if number % 2 == 0 else "odd"),
                subject={"reference": "Patient/p"},
                effectiveDateTime=f"2026-01-{1 + number % 7:02}",
            )
            for number in range(start, start + count)
        ),
        owner=owner,
    )


@pytest.fixture(scope="module")
def two_houses(databases: Databases) -> Iterator[Store]:
    """Five of A and three of B, that tests only read."""

    def both(store: Store) -> None:
        fill(store, 5, "A")
        fill(store, 3, "B")

    with filled_once(databases, both) as url, opened(url) as store:
        yield store


@pytest.fixture(scope="module")
def thirty(databases: Databases) -> Iterator[Store]:
    """Thirty of A, that tests only read."""
    with filled_once(databases, lambda store: fill(store, 30, "A")) as url, opened(url) as store:
        yield store


def counters(store: Store) -> dict[tuple[str, str], int]:
    with store.database.read() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(select(schema.type_count))}


def test_the_counters_follow_every_kind_of_write(store: Store) -> None:
    fill(store, 5, "A")
    fill(store, 3, "B")
    assert counters(store) == {("Observation", "A"): 5, ("Observation", "B"): 3}
    fill(store, 5, "A")  # nothing new
    store.put(observation("A000", status="amended"), owner="A")
    assert counters(store)["Observation", "A"] == 5
    store.delete("Observation", "A000")
    store.delete("Observation", "A000")
    assert counters(store)["Observation", "A"] == 4
    store.put(observation("A000"), owner="A")
    assert counters(store) == {("Observation", "A"): 5, ("Observation", "B"): 3}


def test_what_is_only_referred_to_is_not_counted(store: Store) -> None:
    fill(store, 1, "A")
    assert store.page("Patient").total == 0
    assert ("Patient", "A") not in counters(store)
    store.put(patient("p"), owner="A")
    assert store.page("Patient").total == 1


@pytest.mark.parametrize(("scope", "total"), [(EVERYTHING, 8), (A, 5), (B, 3), (BOTH, 8), (NOTHING, 0)])
def test_the_total_of_a_type_is_that_of_the_scope(two_houses: Store, scope: Scope, total: int) -> None:
    store = two_houses
    assert store.page("Observation?_count=2", scope).total == total
    assert store.page("Observation?_summary=count", scope).total == total
    assert store.page("Observation?_count=0", scope).total == total
    assert store.page("*?_count=2", scope).total == total
    assert store.page("Observation,Patient?_count=2", scope).total == total


TOTALS = {
    "code=even": 15,
    "code=c|even": 15,
    "code=c|even,c|odd": 30,
    "patient=p": 30,
    "patient=Patient/p": 30,
    "patient=other": 0,
    "code=even&patient=p": 15,
    "code:not=even": 15,
    "date=2026-01-01": 5,
    "date=ge2026-01-01,lt2027-01-01": 30,
}


@pytest.mark.parametrize("asked", ["", "&_total=accurate", "&_total=estimate", "&_summary=count", "&_count=0"])
def test_a_total_is_the_number_of_matches_however_it_is_asked_for(thirty: Store, asked: str) -> None:
    store = thirty
    shaped = asked if "_count=0" in asked else f"&_count=4{asked}"
    for scope in (EVERYTHING, A):
        assert {query: store.page(f"Observation?{query}{shaped}", scope).total for query in TOTALS} == TOTALS
    assert {store.page(f"Observation?{query}{shaped}", NOTHING).total for query in TOTALS} == {0}


def test_a_deleted_resource_leaves_the_total(store: Store) -> None:
    fill(store, 10, "A")
    store.delete("Observation", "A000")
    for query in ("", "code=even", "patient=p"):
        whole = store.search(f"Observation?{query}&_count=100")
        assert "A000" not in whole
        assert store.page(f"Observation?{query}&_count=1").total == len(whole)


def test_none_asks_for_no_total(thirty: Store) -> None:
    assert thirty.page("Observation?_total=none&_count=2").total is None
    assert thirty.page("Observation?_total=none").total is None


def test_many_hits_are_counted_only_where_it_costs_little_or_when_asked_for(
    thirty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = thirty
    monkeypatch.setattr(totals, "HITS_MOST", 20)
    monkeypatch.setattr(totals, "INDEX_MOST", 25)
    both = "code=c|even,c|odd"
    assert store.page(f"Observation?{both}&_count=5").total is None
    assert store.page(f"Observation?{both}&_count=5&_total=accurate").total == 30
    assert store.page(f"Observation?{both}&_count=30").total == 30  # one page holds them all
    assert store.page("Observation?patient=p&_count=5").total is None
    assert store.page("Observation?patient=p&_count=5&_total=accurate").total == 30
    assert store.page("Observation?code=even&_count=5").total == 15
    assert store.page("Observation?_count=5").total == 30
