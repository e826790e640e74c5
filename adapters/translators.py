"""Translation in processes of its own, so that a second core works while the first one writes.

Pure work in, plain values out: what crosses between the processes is the bytes of a message and its arrival. The order
of messages is kept by whoever awaits the results. A translator that dies is replaced, and what it held is tried again;
a message that kills its second one too is ours to answer for. Translators end with their server, even a killed one.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import traceback
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from adapters import pipeline
from adapters.pipeline import Prepared
from adapters.site import SiteBook, load
from fhir_server.arrival import Arrival
from mappers.message import Delimiters, Message


@dataclass(frozen=True, slots=True)
class Translated:
    """What comes back: the arrival, and of the message the header, which is all an acknowledgement reads."""

    arrival: Arrival
    header: str
    delimiters: Delimiters | None


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of ours in a translator: its class and where, never its text."""

    error: str
    where: str


class Translators:
    """`count` processes; `submit` hands a message over, `result` gives it prepared, or what went wrong."""

    def __init__(self, book: SiteBook, sites: Path, count: int, channel: str) -> None:
        self._book = book
        self._sites = sites
        self._count = count
        self._channel = channel
        self._pool = self._open()

    def _open(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self._count, context, _begin, (str(self._sites), os.getpid()))
        for _ in range(self._count):
            pool.submit(int)  # starts a process now, not with the first message
        return pool

    def submit(self, raw: bytes, now: int) -> Future[Translated | Failed]:
        try:
            return self._pool.submit(_translate, raw, now, self._channel)
        except BrokenExecutor as broken:
            failed: Future[Translated | Failed] = Future()
            failed.set_exception(broken)
            return failed

    def result(self, pending: Future[Translated | Failed], raw: bytes, now: int) -> Prepared | Failed:
        """Awaits; tries again when the process died with it. Called by one thread only."""
        try:
            found = pending.result()
        except BrokenExecutor:
            try:
                found = self._again(raw, now)
            except BrokenExecutor as broken:
                self._pool = self._open()
                return Failed(type(broken).__name__, "translators")
        if isinstance(found, Failed):
            return found
        endpoint = self._book.by_code(found.arrival.site) or self._book.default
        message = Message([found.header], found.delimiters) if found.delimiters else None
        return Prepared(found.arrival, endpoint, "", message, None)

    def _again(self, raw: bytes, now: int) -> Translated | Failed:
        """All that a process held when it died shares one successor: each new one costs a second to start. What dies
        there too, perhaps by another message, gets one of its own."""
        try:
            return self.submit(raw, now).result()
        except BrokenExecutor:
            self._pool = self._open()
            return self.submit(raw, now).result()

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(self._pool._processes)

    def close(self) -> None:
        self._pool.shutdown()


_book: SiteBook | None = None


def _begin(sites: str, parent: int) -> None:
    """In the new process: loads the sites, leaves signals to the server, and dies with it."""
    global _book
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    if os.getppid() != parent:
        os._exit(0)  # the server was gone before we asked
    _book = load(Path(sites))


def _die_with_parent() -> None:
    """Linux: prctl(PR_SET_PDEATHSIG, SIGKILL); elsewhere the closed queue ends the process a little later."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):
        return


def _translate(raw: bytes, now: int, channel: str) -> Translated | Failed:
    assert _book is not None
    try:
        prepared = pipeline.prepare(raw, _book, now, channel=channel)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return Failed(type(error).__name__, where)
    message = prepared.message
    if message is None:
        return Translated(prepared.arrival, "", None)
    return Translated(prepared.arrival, message.msh.text, message.delimiters)
