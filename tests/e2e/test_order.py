"""The day of the county, sent twice, shuffled or by two writers, leaves what the day sent once in order leaves."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapters import replay
from adapters.replayed import Tally
from adapters.site import load
from examples.county.generate import day
from fhir_server.intake import Intake, system_clock
from fhir_server.store.database import Database
from profiles import refusals
from profiles.systems import CANONICAL_BASE
from tests.databases import Databases
from tests.e2e import state


def run(database: Database, messages: Iterable[bytes]) -> Tally:
    intake = Intake(database)
    try:
        inputs = (replay.Input(raw, str(number)) for number, raw in enumerate(messages))
        return replay.run(inputs, load(), system_clock, intake=intake)
    finally:
        intake.close()


GUIDE = f"{CANONICAL_BASE}/StructureDefinition/"
Left = tuple[state.State, int]
"""The state of a store, and how many versions were written."""


def left(url: str) -> Left:
    database = Database(url)
    found = state.of(database), state.versions(database)
    database.close()
    return found


@pytest.fixture(scope="module")
def day_once(databases_of: Callable[[str], Databases]) -> Callable[[str], str]:
    """The URL of a store after the day once, in order, by the kind of database."""

    @cache
    def once(kind: str) -> str:
        url = databases_of(kind).new()
        database = Database(url)
        tally = run(database, [sent.raw for sent in day()])
        database.close()
        assert tally.crashed == []
        return url

    return once


@pytest.fixture(scope="module")
def in_order(day_once: Callable[[str], str]) -> Left:
    return left(day_once("sqlite"))


def test_the_day_leaves_the_same_on_both_databases(day_once: Callable[[str], str], in_order: Left) -> None:
    assert state.difference(left(day_once("postgresql"))[0], in_order[0]) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_sending_the_day_twice_changes_nothing(
    kind: str, day_once: Callable[[str], str], databases_of: Callable[[str], Databases], in_order: Left
) -> None:
    messages = [sent.raw for sent in day()]
    url = databases_of(kind).copy(day_once(kind))
    database = Database(url)
    again = run(database, messages)
    database.close()
    found = left(url)
    assert state.difference(found[0], in_order[0]) == []
    assert found[1] == in_order[1]
    assert again.duplicates > 0.9 * len(messages)


def test_two_writers_leave_what_one_leaves(database_url: str, in_order: Left) -> None:
    """Two processes' worth of writers on one database: no deadlock, nothing lost."""
    messages = [sent.raw for sent in day()]

    def write(half: list[bytes]) -> Tally:
        database = Database(database_url)
        tally = run(database, half)
        database.close()
        return tally

    with ThreadPoolExecutor(2) as pool:
        tallies = list(pool.map(write, [messages[::2], messages[1::2]]))
    assert [tally.crashed for tally in tallies] == [[], []]
    assert sum(tally.messages for tally in tallies) == len(messages)
    assert state.difference(left(database_url)[0], in_order[0]) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shuffled_day_leaves_the_same_resources_and_versions(seed: int, tmp_path: Path, in_order: Left) -> None:
    database = Database(f"sqlite:///{tmp_path}/qiao.db")
    database.create()
    messages = [sent.raw for sent in day()]
    random.Random(seed).shuffle(messages)
    run(database, messages)
    assert state.difference(state.of(database), in_order[0]) == []
    assert state.versions(database) == in_order[1]
    database.close()


def declares(body: dict[str, Any]) -> bool:
    return any(url.startswith(GUIDE) for url in body["meta"].get("profile", ()))


def test_all_that_the_day_leaves_declares_a_profile_of_the_guide_and_satisfies_it(in_order: Left) -> None:
    bodies = [body for _, body in in_order[0].values() if body]
    declared = [body for body in bodies if declares(body)]
    (nameless,) = [body for body in bodies if not declares(body)]
    assert (nameless["resourceType"], "identifier" in nameless) == ("DiagnosticReport", False), "it was sent unnumbered"
    assert {body["resourceType"]: found for body in declared if (found := refusals(body))} == {}
    written = {(body["resourceType"], url) for body in declared for url in body["meta"]["profile"]}
    reviews = {("Task", f"{GUIDE}cmc-{name}") for name in ("identity-review", "unmapped-code")}
    assert reviews < written, "what the server writes by itself is looked at as well"
