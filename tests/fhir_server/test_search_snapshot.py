"""Pages while others write: every resource that matched at the first page and still matches comes exactly once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from fhir_server.search import moved
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Page, run
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import EVERYTHING, Scope
from tests.databases import Databases
from tests.fhir_server.conftest import KEY, NOW, Store, coded, copied, filled_once, observation, patient

Change = Callable[[Store, random.Random, int], None]


def drawn(draw: random.Random, key: str) -> dict[str, Any]:
    day = f"2026-0{draw.randint(1, 9)}-{draw.randint(10, 28)}"
    return observation(
        key,
        code=coded("c", "x"),
        subject={"reference": "Patient/p"},
        effectiveDateTime=day,
        valueQuantity={"value": draw.randint(0, 9)},
        method={"text": f"{draw.random()}"},
    )


def fill(store: Store, count: int = 40) -> None:
    draw = random.Random(1)
    store.put(patient("p"))
    for number in range(count):
        store.put(drawn(draw, f"o{number:02}"))


@pytest.fixture(scope="module")
def forty(databases: Databases) -> Iterator[str]:
    """The URL of a store that `fill` has filled."""
    with filled_once(databases, fill) as url:
        yield url


@pytest.fixture
def filled(databases: Databases, forty: str) -> Iterator[Store]:
    """Forty observations of a patient, each of a commit of its own, to be changed."""
    with copied(databases, forty) as store:
        yield store


def updated(store: Store, draw: random.Random, turn: int) -> None:
    """Some of the rows get another date and another value: before, behind and on the page at hand."""
    store.put(*(drawn(draw, f"o{number:02}") for number in draw.sample(range(40), 7)))


def deleted_and_made_again(store: Store, draw: random.Random, turn: int) -> None:
    for number in draw.sample(range(40), 3):
        store.delete("Observation", f"o{number:02}")
        store.put(drawn(draw, f"o{number:02}"))


def created(store: Store, draw: random.Random, turn: int) -> None:
    store.put(*(drawn(draw, f"n{turn}-{number}") for number in range(5)))


def walked(store: Store, address: str, between: Change, scope: Scope = EVERYTHING) -> list[str]:
    draw, seen, turn = random.Random(7), list[str](), 0
    page = store.page(address, scope)
    while True:
        seen += [each.id for each in page.matches]
        if not page.next:
            return seen
        between(store, draw, turn)
        turn += 1
        page = store.page(address, scope, page.next)


SORTS = (
    *("date", "-date", "_lastUpdated", "-_lastUpdated", "value-quantity", "-value-quantity,date"),
    *("_id", "-_id", "-date,_id"),
)


@pytest.mark.parametrize("between", [updated, deleted_and_made_again, created], ids=lambda change: change.__name__)
@pytest.mark.parametrize(
    "address",
    [
        *(f"Observation?_sort={sort}&_count=6" for sort in SORTS),
        "Observation?_count=6",
        "Observation?code=x&_count=6",
        "Observation?patient=p&_sort=-date&_count=6",
        "Observation?code=x&_sort=-_lastUpdated&_count=6",
        "Observation,Patient?_sort=_lastUpdated&_count=6",
    ],
)
def test_what_matched_and_still_matches_comes_exactly_once(filled: Store, address: str, between: Change) -> None:
    expected = filled.search(address)
    assert walked(filled, address, between) == expected


@pytest.mark.parametrize("sort", ["name", "-name", "family,-birthdate", "-_lastUpdated,name"])
def test_people_who_are_renamed_come_exactly_once(store: Store, sort: str) -> None:
    names = ("张三", "李四", "王五", "Ann", "ann", "Zoë")

    def renamed(store: Store, draw: random.Random, _turn: int) -> None:
        for number in draw.sample(range(24), 6):
            name = [{"text": draw.choice(names), "family": draw.choice(names)}] if draw.random() < 0.8 else []
            elements = {"name": name} if name else {}
            store.put(patient(f"p{number:02}", birthDate=f"19{draw.randint(10, 99)}", **elements))

    for _ in range(6):
        renamed(store, random.Random(_), 0)
    address = f"Patient?_sort={sort}&_count=4"
    expected = store.search(address)
    assert len(expected) > 12
    assert walked(store, address, renamed) == expected


def test_the_order_is_that_of_the_first_page_and_the_content_that_of_now(store: Store) -> None:
    fill(store, 12)
    address = "Observation?_sort=date&_count=4"
    expected = store.search(address)
    first = store.page(address)
    last = expected[-1]
    store.put(observation(last, code=coded("c", "x"), effectiveDateTime="1999-01-01", status="amended"))
    second = store.page(address, EVERYTHING, first.next)
    third = store.page(address, EVERYTHING, second.next)
    assert [each.id for page in (first, second, third) for each in page.matches] == expected
    assert (third.matches[-1].version, b'"amended"' in third.matches[-1].body) == (2, True)


def test_what_was_deleted_or_no_longer_matches_is_gone_and_nothing_else(store: Store) -> None:
    fill(store, 20)
    address = "Observation?code=x&_sort=-date&_count=5"
    expected = store.search(address)
    first = store.page(address)
    deleted, recoded = expected[7], expected[12]
    store.delete("Observation", deleted)
    store.put(observation(recoded, code=coded("c", "y"), effectiveDateTime="2026-05-05"))
    seen, page = [each.id for each in first.matches], first
    while page.next:
        page = store.page(address, EVERYTHING, page.next)
        seen += [each.id for each in page.matches]
    assert seen == [name for name in expected if name not in (deleted, recoded)]


@pytest.mark.parametrize("between", [updated, created], ids=lambda change: change.__name__)
@pytest.mark.parametrize("sort", ["date", "-date", "-_lastUpdated", "_id", "-value-quantity,date", ""])
def test_the_way_back_is_the_way_there(filled: Store, sort: str, between: Change) -> None:
    address = f"Observation?_count=9{'&_sort=' + sort if sort else ''}"
    pages = [filled.page(address)]
    while pages[-1].next:
        pages.append(filled.page(address, EVERYTHING, pages[-1].next))
    assert pages[0].previous == ""
    draw, page = random.Random(3), pages[-1]
    for earlier in reversed(pages[:-1]):
        between(filled, draw, len(pages))
        page = filled.page(address, EVERYTHING, page.previous)
        assert [each.id for each in page.matches] == [each.id for each in earlier.matches]
        assert page.total == 40
    assert page.previous == ""
    there = filled.page(address, EVERYTHING, page.next)
    assert [each.id for each in there.matches] == [each.id for each in pages[1].matches]


def test_a_link_expires_when_too_much_has_changed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moved, "MOVED_MOST", 3)
    fill(store, 20)
    address = "Observation?_sort=date&_count=5"
    first = store.page(address)
    store.put(*(drawn(random.Random(5), f"o{number:02}") for number in range(4)))
    query = parse("Observation", [("_sort", "date"), ("_count", "5"), ("_cursor", first.next)], Surroundings(NOW, ""))
    assert isinstance(query, Query)
    with store.database.read() as connection:
        outcome = run(query, EVERYTHING, connection, KEY)
    assert not isinstance(outcome, Page)
    assert [issue.code for issue in outcome] == ["search-expired"]


def test_pages_of_one_institution_are_not_moved_by_another(store: Store) -> None:
    draw = random.Random(2)
    for number in range(20):
        store.put(drawn(draw, f"o{number:02}"), owner="A" if number % 2 else "B")
    mine = Scope(frozenset({"A"}))
    address = "Observation?_sort=-_lastUpdated&_count=3"
    expected = store.search(address, mine)

    def rewritten(store: Store, draw: random.Random, _turn: int) -> None:
        for number in draw.sample(range(20), 6):
            store.put(drawn(draw, f"o{number:02}"))

    assert walked(store, address, rewritten, mine) == expected
    assert len(expected) == 10


def test_an_answer_speaks_of_one_state_while_others_write(store: Store) -> None:
    """Page, total and includes are several statements; each commit adds a patient with an observation."""
    stopping, address = threading.Event(), "Observation?_sort=-_lastUpdated&_count=2&_total=accurate"

    def write() -> None:
        for number in range(400):
            subject = {"reference": f"Patient/p{number}"}
            store.put(patient(f"p{number}"), observation(f"o{number}", subject=subject))
            if stopping.is_set():
                return

    query = parse("Observation", parse_qsl(f"{address.partition('?')[2]}&_include=*"), Surroundings(NOW, ""))
    assert isinstance(query, Query)
    writer, totals = threading.Thread(target=write), list[int]()
    writer.start()
    try:
        while len(set(totals)) < 25 and writer.is_alive():  # without it nothing would ever change
            with store.database.reading() as reader:
                page = run(query, EVERYTHING, reader, KEY)
            assert isinstance(page, Page)
            totals.append(page.total or 0)
            newest = [f"o{number}" for number in range(totals[-1] - 1, max(-1, totals[-1] - 3), -1)]
            assert [each.id for each in page.matches] == newest
            assert sorted(each.id for each in page.included) == sorted(name.replace("o", "p") for name in newest)
    finally:
        stopping.set()
        writer.join()
    assert totals == sorted(totals)
    assert len(set(totals)) > 5
