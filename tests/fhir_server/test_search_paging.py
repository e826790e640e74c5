"""Pages: every row once, stable while others write, links that nobody can forge."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest

from fhir_server.search.cursor import Cursor, open_sealed, seal
from fhir_server.search.query import Query
from fhir_server.security.scope import EVERYTHING, Scope
from tests.fhir_server.conftest import Store, coded, observation, patient


def fill(store: Store, count: int, start: int = 0) -> None:
    store.put(
        *(
            observation(
                f"o{number:03}",
                code=coded("c", "even" if number % 2 == 0 else "odd"),
                effectiveDateTime=f"2026-01-{1 + number % 7:02}",
                subject={"reference": "Patient/p"},
            )
            for number in range(start, start + count)
        )
    )


@pytest.fixture(scope="module")
def forty(module_store: Store) -> Store:
    """A store that tests only read."""
    module_store.put(patient("p"))
    fill(module_store, 40)
    return module_store


ADDRESSES = (
    "Observation?_count=7",
    "Observation?code=even&_count=7",
    "Observation?_sort=date&_count=7",
    "Observation?_sort=-date&_count=7",
    "Observation?_sort=-date,_id&_count=7",
    "Observation?patient=p&_sort=-date&_count=7",
    "Observation?code=even,odd&_count=7",
    "Observation?date=ge2026-01-02&_count=7",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_row_comes_once_and_in_order(forty: Store, address: str) -> None:
    found = forty.search(address)
    assert len(found) == len(set(found)) == forty.page(address).total
    assert found == forty.search(address.replace("_count=7", "_count=100"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_pages_show_nothing_that_was_created_meanwhile_and_lose_nothing(store: Store, address: str) -> None:
    store.put(patient("p"))
    fill(store, 30)
    expected = store.search(address)
    page = store.page(address)
    found = [each.id for each in page.matches]
    created = 30
    while page.next:
        fill(store, 5, created)
        created += 5
        page = store.page(address, EVERYTHING, page.next)
        found += [each.id for each in page.matches]
    assert found == expected


def test_the_total_of_a_later_page_is_that_of_the_first(store: Store) -> None:
    fill(store, 30)
    first = store.page("Observation?_count=10")
    fill(store, 30, 30)
    assert store.page("Observation?_count=10", EVERYTHING, first.next).total == first.total == 30


QUERY = Query("Patient", pairs=(("name", "x"),))
CURSOR = Cursor(5, (7, "张"), 9, 30)


def test_a_cursor_comes_back_as_it_was() -> None:
    sealed = seal(CURSOR, QUERY, EVERYTHING, b"k")
    assert open_sealed(replace(QUERY, cursor=sealed), EVERYTHING, b"k") == CURSOR


def test_a_cursor_does_not_show_what_it_holds() -> None:
    sealed = seal(CURSOR, QUERY, EVERYTHING, b"k")
    raw = urlsafe_b64decode(sealed + "==")
    assert "张".encode() not in raw
    assert raw[16:] != urlsafe_b64decode(seal(CURSOR, QUERY, EVERYTHING, b"other") + "==")[16:]
    assert seal(replace(CURSOR, seq=6), QUERY, EVERYTHING, b"k")[22:] != sealed[22:]


def test_a_cursor_opens_for_its_own_query_scope_and_key_only() -> None:
    sealed = seal(CURSOR, QUERY, Scope(frozenset({"A"})), b"k")
    mine = replace(QUERY, cursor=sealed)
    assert open_sealed(mine, Scope(frozenset({"A"})), b"k") == CURSOR
    assert open_sealed(mine, EVERYTHING, b"k") is None
    assert open_sealed(mine, Scope(frozenset({"A", "B"})), b"k") is None
    assert open_sealed(mine, Scope(frozenset({"A"})), b"other") is None
    assert open_sealed(replace(mine, pairs=(("name", "y"),)), Scope(frozenset({"A"})), b"k") is None
    assert open_sealed(replace(mine, type="Person"), Scope(frozenset({"A"})), b"k") is None


@pytest.mark.parametrize("position", range(0, 40, 7))
def test_a_cursor_with_one_character_changed_does_not_open(position: int) -> None:
    sealed = seal(CURSOR, QUERY, EVERYTHING, b"k")
    other = "A" if sealed[position] != "A" else "B"
    forged = sealed[:position] + other + sealed[position + 1 :]
    assert open_sealed(replace(QUERY, cursor=forged), EVERYTHING, b"k") is None


@pytest.mark.parametrize("text", ["", "x", "====", "%%%", "张", "A" * 10_000, "AAAA" * 10])
def test_what_is_no_cursor_does_not_open(text: str) -> None:
    assert open_sealed(replace(QUERY, cursor=text), EVERYTHING, b"k") is None
