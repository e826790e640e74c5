"""Translation in processes of its own, so that a second core works while the first one writes.

What crosses between the processes is the bytes of a message and its arrival, over plain pipes, in order: no process,
thread or lock stands between but the thread that feeds. The order of messages is kept by whoever asks for the results.
A translator that dies, or whose answers cannot be read or are out of step, is ended and replaced; what it held is tried
again in its successor, and once more alone; a message that kills that one too is ours to answer for, and so is one that
is not done in two minutes: nobody behind it waits for ever.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from queue import SimpleQueue

from adapters.pipeline import Prepared
from adapters.site import SiteBook
from adapters.translator import Failed, Translated, read, write
from mappers.message import Message

_PIPE = 1 << 20
"""Bytes of answers a translator may be ahead (Linux; elsewhere what the system gives)."""
_F_SETPIPE_SZ = 1031
_CLOSE_SECONDS = 5.0
_LONGEST = 120.0
"""Seconds that one message may take: of 16 MiB it takes a quarter of that."""
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; from adapters.translator import main; main({sites!r}, {channel!r}, {parent})"
)


class Pending:
    """A message with a translator. `number` is its place among the questions; `found` stands when its answer was
    read."""

    __slots__ = ("found", "number", "process")

    def __init__(self, process: _Process, number: int) -> None:
        self.process = process
        self.number = number
        self.found: Translated | Failed | None = None


class Died(Exception):
    """The translator ended before it answered, or said what is no answer."""


class Translators:
    """`count` processes; `submit` hands a message over, `result` gives it prepared, or what went wrong."""

    def __init__(
        self,
        book: SiteBook,
        sites: Path,
        count: int,
        channel: str,
        *,
        command: Sequence[str] | None = None,
        longest: float = _LONGEST,
    ) -> None:
        self._book = book
        self._command = command or _command(sites, channel)
        self._longest = longest
        self._processes = [self._process() for _ in range(count)]

    def _process(self) -> _Process:
        return _Process(self._command, self._longest)

    def submit(self, raw: bytes, now: int) -> Pending:
        """Never blocks. Whoever has the least to do gets it."""
        return min(self._processes, key=lambda process: process.load).ask(raw, now)

    def result(self, pending: Pending, raw: bytes, now: int) -> Prepared | Failed:
        """Awaits; tries again when the process died with it. Called by one thread only."""
        try:
            found = self._found(pending, raw, now)
        except Died:
            return Failed("Died", "translators")
        if isinstance(found, Failed):
            return found
        endpoint = self._book.by_code(found.arrival.site) or self._book.default
        message = Message([found.header], found.delimiters) if found.delimiters else None
        return Prepared(found.arrival, endpoint, "", message, None)

    def _found(self, pending: Pending, raw: bytes, now: int) -> Translated | Failed:
        try:
            return pending.process.answer(pending)
        except Died:
            pending = self._successor(pending.process).ask(raw, now)
        try:
            return pending.process.answer(pending)
        except Died:
            self._successor(pending.process)
        # Twice it died; perhaps by another message that came before this one.
        alone = self._process()
        try:
            return alone.answer(alone.ask(raw, now))
        finally:
            alone.close()

    def _successor(self, dead: _Process) -> _Process:
        """All that a process held when it died shares one: each new one costs half a second to start."""
        if dead in self._processes:
            self._processes[self._processes.index(dead)] = self._process()
        return min(self._processes, key=lambda process: process.load)

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(process.pid for process in self._processes)

    def close(self) -> None:
        for process in self._processes:
            process.close()


class _Process:
    """One translator: a queue that a thread feeds it from, and those that wait for its answers, in order."""

    def __init__(self, command: Sequence[str], longest: float) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._questions, self._output = self._process.stdin, self._process.stdout
        # Without a buffer, so that whether the pipe is readable says whether an answer has begun.
        self._answers = FileIO(self._output.fileno(), "rb", closefd=False)
        self._begun = selectors.DefaultSelector()
        self._begun.register(self._answers, selectors.EVENT_READ)
        self._longest = longest
        _widen(self._answers.fileno())
        self._queue: SimpleQueue[tuple[int, bytes, int] | None] = SimpleQueue()
        self._waiting: deque[Pending] = deque()
        self._asked = 0
        self._order = threading.Lock()
        self._feeder = threading.Thread(target=self._feed, name="qiao-translator", daemon=True)
        self._feeder.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def load(self) -> int:
        return len(self._waiting)

    def ask(self, raw: bytes, now: int) -> Pending:
        with self._order:  # a retry comes from another thread than what is new
            self._asked += 1
            pending = Pending(self, self._asked)
            self._waiting.append(pending)
            self._queue.put((pending.number, raw, now))
        return pending

    def answer(self, pending: Pending) -> Translated | Failed:
        """Reads up to the answer. Raises Died; what had been answered before is not lost by that."""
        while pending.found is None:
            found = self._next(self._waiting[0].number)
            self._waiting.popleft().found = found
        return pending.found

    def _next(self, wanted: int) -> Translated | Failed:
        """The answer to that question. Raises Died."""
        try:
            if not self._begun.select(self._longest):
                self._end()
                return Failed("TimeoutError", "translators")
            number, found = read(self._answers)
            if number != wanted:
                raise ValueError
        except Exception:
            # Of what comes behind it nobody knows whose answer it is: the wrong patient's, at worst.
            self._end()
            raise Died from None
        answer: Translated | Failed = found
        return answer

    def _end(self) -> None:
        """At once: nobody reads its answers any more, so that it might never come to an end by itself."""
        self._process.kill()
        self.close()

    def close(self) -> None:
        """Lets it end what it is at; one that does not is killed."""
        self._queue.put(None)
        self._feeder.join(_CLOSE_SECONDS)
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._begun.close()
        self._answers.close()
        self._output.close()

    def _feed(self) -> None:
        """A process that died shows where its answers end, so nothing is said here."""
        try:
            with contextlib.suppress(OSError, ValueError):
                while (question := self._queue.get()) is not None:
                    write(self._questions, question)
        finally:
            with contextlib.suppress(OSError):
                self._questions.close()


def _command(sites: Path, channel: str) -> tuple[str, ...]:
    program = _PROGRAM.format(path=sys.path, sites=str(sites), channel=channel, parent=os.getpid())
    return (sys.executable, "-c", program)


def _widen(pipe: int) -> None:
    with contextlib.suppress(ImportError, OSError):
        import fcntl

        fcntl.fcntl(pipe, _F_SETPIPE_SZ, _PIPE)
