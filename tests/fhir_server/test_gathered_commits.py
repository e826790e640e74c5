"""When a commit waits for messages that are being translated, and when it does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fhir_server.arrivals.arrival import Arrival
from fhir_server.intake import Intake, system_clock
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import writer
from fhir_server.store.database import Database
from fhir_server.store.write import Write

LONG = 20.0
"""Seconds of patience: a test that has to wait for its end fails by its time-out."""


@pytest.fixture
def intake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Intake]:
    monkeypatch.setattr(writer, "PATIENCE", LONG)
    database = Database(f"sqlite:///{tmp_path}/q.db")
    database.create()
    door = Intake(database)
    yield door
    door.close()
    database.close()


def commits(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs each commit had."""
    sizes: list[int] = []
    settle = writer.Writer._settle

    def counted(self: writer.Writer, batch: list[writer._Waiting]) -> None:
        sizes.append(len(batch))
        settle(self, batch)

    monkeypatch.setattr(writer.Writer, "_settle", counted)
    return sizes


def message(number: int) -> Arrival:
    return Arrival("test", str(number).encode(), str(number).encode() * 32, "AR", "unreadable", owner="h01")


def test_a_commit_waits_for_messages_that_are_being_made(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = commits(intake, monkeypatch)
    intake.awaits(lambda: 1)
    waiting = []
    for number in range(writer.GATHERED):
        assert not any(one.done() for one in waiting)
        waiting.append(intake.accept(message(number), lambda receipt: b""))
        time.sleep(0.02)  # the writer takes what there is before the next one comes
    for one in waiting:
        one.result(LONG / 2)
    assert sizes == [writer.GATHERED]


def test_a_message_alone_is_not_kept_waiting(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = commits(intake, monkeypatch)
    intake.awaits(lambda: 0)
    for number in range(2):
        intake.accept(message(number), lambda receipt: b"").result(LONG / 2)
    assert sizes == [1, 1]


def test_a_write_of_the_rest_api_waits_for_no_message(intake: Intake) -> None:
    intake.awaits(lambda: 1)
    begun = system_clock()
    first = intake.accept(message(1), lambda receipt: b"")
    write = Write("PUT", "Patient", "a", {"resourceType": "Patient", "id": "a"})
    intake.write((write,), EVERYTHING).result(LONG / 2)
    first.result(LONG / 2)
    assert system_clock() - begun < LONG / 2 * 1_000_000


def test_patience_has_an_end(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.05)
    intake.awaits(lambda: 1)
    intake.accept(message(1), lambda receipt: b"").result(LONG / 2)
