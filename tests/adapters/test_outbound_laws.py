"""The laws of delivery on both databases, with a receiver in a process of its own that misbehaves.

Once acknowledged is never sent again, nothing is lost, and the messages of a patient keep their order: behind answers
that are late, wrong, half or missing, over a killed server, and with two servers on one database.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters import mllp
from adapters.outbound.ledger import Delivery, deliveries
from adapters.sender import read_answer
from adapters.site import SITES
from fhir_server.store.database import Database
from tests.adapters.test_outbound_delivery import FAST, result

ROOT = Path(__file__).parent.parent.parent


class Got(NamedTuple):
    """One message as the receiver got it."""

    number: str
    patient: str
    connection: str


class Receiver:
    """The process of `tests.adapters.misbehaving`."""

    def __init__(self, folder: Path, plan: str = "") -> None:
        self._log, port = folder / "got.log", folder / "port"
        command = [sys.executable, "-m", "tests.adapters.misbehaving", str(port), str(self._log), plan]
        self._process = subprocess.Popen(command, cwd=ROOT)
        until(port.exists)
        self.port = int(port.read_text())

    @property
    def got(self) -> list[Got]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [Got(*line.split(" ")) for line in lines]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Serving:
    """A `qiao serve` in a process of its own."""

    def __init__(self, url: str, sites: Path, folder: Path) -> None:
        environment = {**os.environ, "QIAO_SITES": str(sites), "QIAO_TRANSLATORS": "0", "QIAO_MLLP_PORT": "0"}
        command = [sys.executable, "-m", "adapters.cli", "serve", "--port", "0", "--json", "--database", url]
        with (folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
            )
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.mllp = int(told["mllp"]["port"] if isinstance(told.get("mllp"), dict) else told["mllp_port"])

    def takes(self, *texts: str) -> None:
        """Messages arrive, each after the answer to the one before."""
        with socket.create_connection(("127.0.0.1", self.mllp)) as sender:
            framer = mllp.Framer()
            for text in texts:
                sender.sendall(mllp.encode(text.replace("\n", "\r").encode()))
                answers: list[bytes] = []
                while not answers:
                    answers = [one.data for one in framer.feed(sender.recv(65536)) if isinstance(one, mllp.Frame)]
                assert read_answer(answers[0]).verdict == "AA"

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        self.process.send_signal(how)
        self.process.wait(30)
        if self.process.stdout is not None:
            self.process.stdout.close()


class Place:
    """A database, the sites, a receiver, and the servers that run on them."""

    def __init__(self, url: str, folder: Path, plan: str = "", more: str = "", pace: str = FAST) -> None:
        self.url, self.folder = url, folder
        self.receiver = Receiver(folder, plan)
        self.sites = folder / "sites"
        shutil.copytree(SITES, self.sites)
        toml = self.sites / "township-a-his" / "site.toml"
        section = f'\n[outbound]\nhost = "127.0.0.1"\nport = {self.receiver.port}\nmessages = ["ORU^R01"]\n'
        toml.write_text(f'{toml.read_text("utf-8")}{section}sees = ["*"]\n{pace}{more}', "utf-8")
        self.database = Database(url)
        self.servers: list[Serving] = []

    def serve(self) -> Serving:
        started = Serving(self.url, self.sites, self.folder)
        self.servers.append(started)
        until(self._led)
        return started

    def _led(self) -> bool:
        """Whether a server has taken the lead, so that the log is looked at from here on."""
        from sqlalchemy import select

        from fhir_server.store.schema import job

        with self.database.read() as connection:
            return connection.execute(select(job.c.id).where(job.c.id == "outbound")).first() is not None

    def all(self) -> list[Delivery]:
        with self.database.read() as connection:
            return list(reversed(deliveries(connection, most=1000)))

    def done(self) -> set[str]:
        return {one.control_id for one in self.all() if one.state == "done"}

    def close(self) -> None:
        for one in self.servers:
            if one.process.poll() is None:
                one.kill()
        self.receiver.close()
        self.database.close()


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@contextlib.contextmanager
def places(url: str, folder: Path) -> Iterator[Callable[..., Place]]:
    made: list[Place] = []

    def make(plan: str = "", more: str = "", pace: str = FAST) -> Place:
        made.append(Place(url, folder, plan, more, pace))
        return made[-1]

    try:
        yield make
    finally:
        for one in made:
            one.close()


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Places on both databases."""
    with places(database_url, tmp_path) as make:
        yield make


@pytest.fixture
def small_place(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Places on SQLite: what an answer means does not depend on the database."""
    with places(f"sqlite:///{tmp_path}/qiao.db", tmp_path) as make:
        yield make


@pytest.fixture
def shared_place(postgres_server, tmp_path: Path) -> Iterator[Place]:  # type: ignore[no-untyped-def]
    name = f"laws_{os.getpid()}_{time.monotonic_ns()}"
    found = Place(postgres_server.create(name), tmp_path, pace="connections = 4\nack_seconds = 20\n")
    yield found
    found.close()
    postgres_server.drop(name)


def results(count: int, patients: int = 3) -> list[str]:
    return [result(str(n), patient=f"P{n % patients}") for n in range(1, count + 1)]


def in_order(got: list[Got]) -> bool:
    """Whether no patient's message came after a later one of the same patient; repetitions apart."""
    for patient in {one.patient for one in got}:
        numbers = [int(one.number[1:].partition("-")[0]) for one in got if one.patient == patient]
        if numbers != sorted(numbers):
            return False
    return True


def test_whatever_the_receiver_does_each_message_arrives_in_order_until_it_is_answered(
    place: Callable[..., Place],
) -> None:
    plan = "late:0.7,wrong,AA,half,half-close,close,garbage,nameless,silent,AR,CR,AA,CA"
    found = place(plan)
    found.serve().takes(*results(12))
    until(lambda: len(found.done()) == 12)
    got = found.receiver.got
    assert in_order(got)
    assert {one.number for one in got} == found.done()
    # A connection that the peer had closed meanwhile is opened anew within one attempt.
    assert all(sum(told.number == one.control_id for told in got) >= one.attempts for one in found.all())
    # A connection on which no answer, half of one or another one's came is never used again.
    told = [one.connection for one in got]
    assert len(set(told)) >= 8


def test_an_error_of_either_mode_is_a_dead_letter_and_the_next_message_goes_on(
    small_place: Callable[..., Place],
) -> None:
    found = small_place("AE,CE,AA")
    found.serve().takes(*results(3, patients=1))
    until(lambda: len(found.done()) == 1)
    assert [(one.state, one.verdict, one.attempts) for one in found.all()] == [
        ("dead", "AE", 1),
        ("dead", "CE", 1),
        ("done", "AA", 1),
    ]


def test_in_enhanced_mode_the_answer_of_the_application_counts(small_place: Callable[..., Place]) -> None:
    found = small_place("CA+AA,CA+AE,CA,CA+AA", 'acknowledge = "enhanced"\n')
    found.serve().takes(*results(4, patients=1))
    until(lambda: len(found.all()) == 4 and all(one.state != "waiting" for one in found.all()))
    assert [(one.state, one.verdict, one.attempts) for one in found.all()] == [
        ("done", "AA", 1),
        ("dead", "AE", 1),
        ("done", "CA", 1),
        ("done", "AA", 1),
    ]
    assert all(b"|AL|AL|" in one.payload.split(b"\r")[0] for one in found.all())


def test_over_a_killed_server_nothing_is_lost_and_nothing_acknowledged_comes_twice(
    place: Callable[..., Place],
) -> None:
    found = place(",".join(["late:0.05"] * 200), pace="ack_seconds = 20\n")
    server = found.serve()
    server.takes(*results(12))
    until(lambda: len(found.done()) >= 3)
    server.kill()
    acknowledged, before = found.done(), len(found.receiver.got)
    assert len(acknowledged) < 12
    found.serve()
    until(lambda: len(found.done()) == 12)
    again = {one.number for one in found.receiver.got[before:]}
    assert not again & acknowledged
    assert {one.number for one in found.receiver.got} == found.done()
    assert in_order(found.receiver.got)


def test_two_servers_on_one_database_deliver_each_message_once(shared_place: Place) -> None:
    first, second = shared_place.serve(), shared_place.serve()
    for number, text in enumerate(results(20, patients=4)):
        (first if number % 2 else second).takes(text)
    until(lambda: len(shared_place.done()) == 20)
    time.sleep(1.2)  # both have looked again
    got = shared_place.receiver.got
    assert len(got) == 20
    assert {one.number for one in got} == shared_place.done()
    assert in_order(got)


def test_when_the_server_that_delivers_is_killed_the_other_one_goes_on(shared_place: Place) -> None:
    first, second = shared_place.serve(), shared_place.serve()
    first.takes(*results(4))
    until(lambda: len(shared_place.done()) == 4)
    first.kill()  # it came first, so that it leads
    second.takes(*[result(str(n), patient=f"P{n % 3}") for n in range(5, 9)])
    until(lambda: len(shared_place.done()) == 8)
    assert len(shared_place.receiver.got) == 8
