"""Two processes' worth of writers on one database: no deadlock, nothing lost, the same state as one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from adapters import replay
from adapters.site import load
from examples.county.generate import day
from fhir_server.intake import Intake, system_clock
from fhir_server.store.database import Database
from tests.e2e import state


def run(url: str, messages: list[bytes]) -> int:
    database = Database(url)
    intake = Intake(database)
    inputs = (replay.Input(raw, str(number)) for number, raw in enumerate(messages))
    tally = replay.run(inputs, load(), system_clock, intake=intake)
    intake.close()
    database.close()
    assert tally.crashed == []
    return tally.messages


def test_two_writers_leave_what_one_leaves(database: Database, tmp_path: Path) -> None:
    messages = [sent.raw for sent in day()]
    url = database.url.render_as_string(hide_password=False)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(run, [url, url], [messages[::2], messages[1::2]]))
    assert sum(counts) == len(messages)
    alone = Database(f"sqlite:///{tmp_path}/alone.db")
    alone.create()
    run(str(alone.url), messages)
    assert state.difference(state.of(database), state.of(alone)) == []
    alone.close()
