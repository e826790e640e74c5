"""Translation elsewhere gives what translation here gives, survives a translator's death, and ends with the server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.listener import Peer
from adapters.pipeline import Prepared, prepare
from adapters.reception import Reception
from adapters.site import SITES, SiteBook, load
from adapters.translator import Failed
from adapters.translators import Translators
from examples.county.generate import day
from fhir_server.intake import Intake, system_clock
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal
from fhir_server.store.database import Database
from tests.e2e.server import Server

NOW = 1_792_600_000_000_000
PEER = Peer("127.0.0.1")


@pytest.fixture(scope="module")
def book() -> SiteBook:
    return load()


@pytest.fixture
def translators(book: SiteBook) -> Iterator[Translators]:
    opened = Translators(book, SITES, 1, "mllp")
    yield opened
    opened.close()


def test_elsewhere_gives_what_here_gives(book: SiteBook, translators: Translators) -> None:
    messages = [sent.raw for sent in day()][::7]
    waiting = [(raw, translators.submit(raw, NOW)) for raw in messages]
    for raw, pending in waiting:
        found = translators.result(pending, raw, NOW)
        assert isinstance(found, Prepared)
        assert found.arrival == prepare(raw, book, NOW, channel="mllp").arrival


def test_a_translator_that_dies_is_replaced_and_nothing_is_lost(
    book: SiteBook, translators: Translators, tmp_path: Path
) -> None:
    database = Database(f"sqlite:///{tmp_path}/qiao.db")
    database.create()
    intake = Intake(database)
    reception = Reception(book, intake, system_clock, translators=translators)
    messages = [sent.raw for sent in day() if sent.answer == "AA"][:60]

    async def send() -> list[bytes]:
        pending = [asyncio.ensure_future(reception.submit(raw, PEER)) for raw in messages]
        await asyncio.sleep(0.05)
        for pid in translators.pids:
            os.kill(pid, signal.SIGKILL)
        return list(await asyncio.wait_for(asyncio.gather(*pending), 60))

    answers = asyncio.run(send())
    reception.close()
    intake.close()
    assert [answer for answer in answers if b"MSA|AA|" not in answer] == []
    with database.read() as connection:
        assert len(list(journal.find(connection, EVERYTHING, journal.Wanted()))) == len(messages)
    database.close()


_MORTAL = """
import os, sys
sys.path[:] = {path!r}
from adapters import translator
real = translator.translate
translator.translate = lambda raw, *rest: os._exit(1) if raw == b"KILL" else real(raw, *rest)
translator.main({sites!r}, "mllp", {parent})
"""


def test_a_message_that_kills_each_of_its_translators_is_answered_for_and_the_others_are_translated(
    book: SiteBook,
) -> None:
    program = _MORTAL.format(path=sys.path, sites=str(SITES), parent=os.getpid())
    translators = Translators(book, SITES, 1, "mllp", command=(sys.executable, "-c", program))
    messages = [day()[0].raw, b"KILL", day()[1].raw]
    waiting = [(raw, translators.submit(raw, NOW)) for raw in messages]
    found = [translators.result(pending, raw, NOW) for raw, pending in waiting]
    translators.close()
    assert [type(one) for one in found] == [Prepared, Failed, Prepared]


_GARBLING = """
import os, pickle, sys
sys.path[:] = {path!r}
from adapters import translator
real = translator.write
def write(stream, value):
    raw = value[1].arrival.raw
    if b"|GARBLE" in raw:
        stream.write((5).to_bytes(8, "little") + b"hello")
        stream.flush()
        return
    if b"|OMIT" in raw and not os.path.exists({once!r}):
        open({once!r}, "w").close()
        return
    for _ in range(2 if b"|TWICE" in raw else 1):
        real(stream, value)
translator.write = write
translator.main({sites!r}, "mllp", {parent})
"""


@pytest.mark.parametrize(("trouble", "end"), [(b"GARBLE", Failed), (b"TWICE", Prepared), (b"OMIT", Prepared)])
def test_no_message_is_given_the_answer_of_another_one(
    book: SiteBook, tmp_path: Path, trouble: bytes, end: type
) -> None:
    once = str(tmp_path / "once")
    program = _GARBLING.format(path=sys.path, sites=str(SITES), parent=os.getpid(), once=once)
    translators = Translators(book, SITES, 1, "mllp", command=(sys.executable, "-c", program))
    before, after, last = (sent.raw for sent in day()[:3])
    messages = [before, before.replace(b"\rPID|", b"\rPID|%b" % trouble), after, last]
    waiting = [(raw, translators.submit(raw, NOW)) for raw in messages]
    found = [translators.result(pending, raw, NOW) for raw, pending in waiting]
    translators.close()
    assert [type(one) for one in found] == [Prepared, end, Prepared, Prepared]
    assert [one.arrival.raw for one in found if isinstance(one, Prepared)] == [
        raw for raw, one in zip(messages, found, strict=True) if isinstance(one, Prepared)
    ]


_IDLE = """
import os, sys, time
sys.path[:] = {path!r}
from adapters import translator
real = translator.translate
translator.translate = lambda raw, *rest: time.sleep(600) if raw == b"HANG" else real(raw, *rest)
translator.main({sites!r}, "mllp", {parent})
"""


def test_a_message_that_is_never_done_is_answered_for_and_the_others_are_translated(book: SiteBook) -> None:
    program = _IDLE.format(path=sys.path, sites=str(SITES), parent=os.getpid())
    translators = Translators(book, SITES, 1, "mllp", command=(sys.executable, "-c", program), longest=60)
    first = day()[3].raw
    assert isinstance(translators.result(translators.submit(first, NOW), first, NOW), Prepared)
    translators._processes[0]._longest = 1.0  # it has started; its successor has the time to
    messages = [b"HANG", day()[0].raw, day()[1].raw]
    waiting = [(raw, translators.submit(raw, NOW)) for raw in messages]
    found = [translators.result(pending, raw, NOW) for raw, pending in waiting]
    assert [type(one) for one in found] == [Failed, Prepared, Prepared]
    assert found[0] == Failed("TimeoutError", "translators")
    raw = day()[2].raw
    again = translators.result(translators.submit(raw, NOW), raw, NOW)
    assert isinstance(again, Prepared) and again.arrival.raw == raw
    translators.close()


def test_a_translator_whose_output_is_no_answer_at_all_is_noticed_at_once(book: SiteBook) -> None:
    program = "import sys; print('a library greets its user', flush=True); sys.stdin.buffer.read()"
    translators = Translators(book, SITES, 1, "mllp", command=(sys.executable, "-c", program))
    raw = day()[0].raw
    began = time.monotonic()
    found = translators.result(translators.submit(raw, NOW), raw, NOW)
    translators.close()
    assert found == Failed("Died", "translators")
    assert time.monotonic() - began < 4


def test_answers_come_in_any_order_that_is_asked_for(book: SiteBook) -> None:
    translators = Translators(book, SITES, 2, "mllp")
    messages = [sent.raw for sent in day()][:20]
    waiting = [(raw, translators.submit(raw, NOW)) for raw in messages]
    for raw, pending in reversed(waiting):
        found = translators.result(pending, raw, NOW)
        assert isinstance(found, Prepared)
        assert found.arrival.raw == raw
    translators.close()


def test_a_message_greater_than_a_pipe_holds_goes_through(book: SiteBook, translators: Translators) -> None:
    raw = day()[0].raw + b"\rNTE|1||" + b"x" * 3_000_000
    pending = [translators.submit(raw, NOW) for _ in range(3)]
    for one in pending:
        found = translators.result(one, raw, NOW)
        assert isinstance(found, Prepared)
        assert found.arrival.raw == raw


def test_translators_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    server = Server(f"sqlite:///{tmp_path}/qiao.db", tmp_path)
    server.start()
    deadline = time.monotonic() + 10
    children: set[int] = set()
    while not children and time.monotonic() < deadline:
        children = {pid for pid in _children(server.pid) if _is_translator(pid)}
        time.sleep(0.05)
    assert children
    time.sleep(1)  # the initializer asks to die with its parent
    server.kill()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in children if _alive(pid)] == []


def _children(parent: int) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.add(int(path.parent.name))
    return found


def _is_translator(pid: int) -> bool:
    try:
        return b"adapters.translator" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
