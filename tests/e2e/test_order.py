"""The day of the county, sent twice or shuffled, leaves what the day sent once in order leaves."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from adapters import replay
from adapters.replayed import Tally
from adapters.site import load
from examples.county.generate import day
from fhir_server.intake import Intake, system_clock
from fhir_server.store.database import Database
from tests.e2e import state


def run(database: Database, messages: Iterable[bytes]) -> Tally:
    intake = Intake(database)
    try:
        inputs = (replay.Input(raw, str(number)) for number, raw in enumerate(messages))
        return replay.run(inputs, load(), system_clock, intake=intake)
    finally:
        intake.close()


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> tuple[state.State, int]:
    """The state after the day once, in order, on SQLite; and how many versions were written."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('order')}/qiao.db")
    database.create()
    tally = run(database, [sent.raw for sent in day()])
    assert tally.crashed == []
    found = state.of(database), state.versions(database)
    database.close()
    return found


def test_the_day_leaves_the_same_on_both_databases(database: Database, in_order: tuple[state.State, int]) -> None:
    run(database, [sent.raw for sent in day()])
    assert state.difference(state.of(database), in_order[0]) == []


def test_sending_the_day_twice_changes_nothing(database: Database, in_order: tuple[state.State, int]) -> None:
    messages = [sent.raw for sent in day()]
    run(database, messages)
    again = run(database, messages)
    assert state.difference(state.of(database), in_order[0]) == []
    assert state.versions(database) == in_order[1]
    assert again.duplicates > 0.9 * len(messages)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_shuffled_day_leaves_the_same_resources_and_versions(
    seed: int, tmp_path: Path, in_order: tuple[state.State, int]
) -> None:
    database = Database(f"sqlite:///{tmp_path}/qiao.db")
    database.create()
    messages = [sent.raw for sent in day()]
    random.Random(seed).shuffle(messages)
    run(database, messages)
    assert state.difference(state.of(database), in_order[0]) == []
    assert state.versions(database) == in_order[1]
    database.close()
