"""One process that translates: messages in on its standard input, what they say out on its standard output, in order.

Pure work in, plain values out; an answer carries the number of its question, so that none is taken for another's. It
leaves signals to its server and ends with it: when its input ends, and on Linux at once when the server is killed.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from adapters import pipeline
from adapters.collector import Collector
from adapters.site import SiteBook, load
from fhir_server.arrivals.arrival import Arrival
from mappers.message import Delimiters

_SIZE = 8
_MOST = 1 << 32
"""Bytes no value has: a length beyond it is no length, but something else that got into the pipe."""


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


def write(stream: IO[bytes], value: object) -> None:
    """One value, its length before it."""
    packed = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    stream.write(len(packed).to_bytes(_SIZE, "little") + packed)
    stream.flush()


def read(stream: IO[bytes]) -> Any:
    """The next value. Raises EOFError when the other process closed its end, or broke off; any other exception when
    what stands there is no value: nothing behind it can be trusted."""
    size = int.from_bytes(_exactly(stream, _SIZE), "little")
    if size > _MOST:
        raise ValueError
    return pickle.loads(_exactly(stream, size))  # noqa: S301 - from the process at the other end of our own pipe


def _exactly(stream: IO[bytes], size: int) -> bytes:
    """So many bytes, also of a stream that gives what is there."""
    found = stream.read(size)
    if len(found) == size:
        return found
    parts = bytearray(found)
    while found and len(parts) < size:
        found = stream.read(size - len(parts))
        parts += found
    if len(parts) < size:
        raise EOFError
    return bytes(parts)


def main(sites: str, channel: str, parent: int) -> None:
    """Answers until there is nothing more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent()
    if os.getppid() != parent:
        return  # the server was gone before we asked
    # What anything prints must not get between the answers.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    book, collector = load(Path(sites)), Collector()
    while True:
        try:
            number, raw, now = read(questions)
        except EOFError:
            return
        write(answers, (number, translate(raw, now, book, channel)))
        collector.step()


def translate(raw: bytes, now: int, book: SiteBook, channel: str) -> Translated | Failed:
    """The message prepared; an error of ours is told, and costs the others nothing."""
    try:
        prepared = pipeline.prepare(raw, book, now, channel=channel)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
        return Failed(type(error).__name__, where)
    message = prepared.message
    if message is None:
        return Translated(prepared.arrival, "", None)
    return Translated(prepared.arrival, message.msh.text, message.delimiters)


def _die_with_parent() -> None:
    """Linux: prctl(PR_SET_PDEATHSIG, SIGKILL); elsewhere the input that ends ends the process a little later."""
    try:
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    except (OSError, AttributeError):
        return
