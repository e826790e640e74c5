"""The server is killed at random moments of a day; what was not acknowledged is sent again; nothing is lost or double.

QIAO_KILLS sets how often (6 by default; `make crash` kills 50 times on each database).
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from examples.county.generate import day
from tests.conftest import PostgresServer
from tests.e2e import state
from tests.e2e.server import Server

KILLS = int(os.environ.get("QIAO_KILLS", "6"))


@cache
def sent() -> tuple[bytes, ...]:
    """As much of the day as so many kills disturb: a server that lives for a second takes some fifty messages."""
    return tuple(one.raw for one in day())[: 60 * KILLS]


def _exchange(port: int, messages: Sequence[bytes], answered: set[int], order: list[int]) -> None:
    """Sends one message after the other on one connection, until the connection dies."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            connection.settimeout(20)
            for number in order:
                connection.sendall(b"\x0b" + messages[number] + b"\x1c\r")
                received = b""
                while not received.endswith(b"\x1c\r"):
                    block = connection.recv(65536)
                    if not block:
                        return
                    received += block
                answered.add(number)
    except OSError:
        return


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> state.State:
    """What the day leaves when nobody disturbs it."""
    from adapters import replay
    from adapters.site import load
    from fhir_server.intake import Intake, system_clock
    from fhir_server.store.database import Database

    store = Database(f"sqlite:///{tmp_path_factory.mktemp('crash')}/reference.db")
    store.create()
    intake = Intake(store)
    inputs = (replay.Input(raw, str(number)) for number, raw in enumerate(sent()))
    replay.run(inputs, load(), system_clock, intake=intake)
    intake.close()
    found = state.of(store)
    store.close()
    return found


def _survive(url: str, folder: Path, kills: int) -> state.State:
    """What the store holds in the end."""
    from fhir_server.store.database import Database

    messages = sent()
    chance = random.Random(20261021)
    server = Server(url, folder)
    answered: set[int] = set()
    for _ in range(kills):
        server.start()
        waiting = [number for number in range(len(messages)) if number not in answered]
        if len(waiting) < 20:
            # The day is through: begin again with messages that were answered; they are duplicates now.
            waiting = list(range(len(messages)))
        sender = threading.Thread(target=_exchange, args=(server.mllp_port, messages, answered, waiting))
        sender.start()
        time.sleep(chance.uniform(0.05, 1.2))
        server.kill()
        sender.join(30)
    server.start()
    _exchange(server.mllp_port, messages, answered, [n for n in range(len(messages)) if n not in answered])
    assert len(answered) == len(messages)
    server.stop()
    store = Database(url)
    found = state.of(store)
    store.close()
    return found


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killing_the_server_loses_nothing_and_doubles_nothing_on_sqlite(tmp_path: Path, reference: state.State) -> None:
    found = _survive(f"sqlite:///{tmp_path}/qiao.db", tmp_path, KILLS)
    assert state.difference(found, reference) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killing_the_server_loses_nothing_and_doubles_nothing_on_postgresql(
    tmp_path: Path, postgres_server: PostgresServer, reference: state.State
) -> None:
    url = postgres_server.create("crash")
    try:
        assert state.difference(_survive(url, tmp_path, KILLS), reference) == []
    finally:
        postgres_server.drop("crash")
