"""`fhir_server.one_write`: an answer leaves in one packet, and a head without a body leaves all the same."""

from __future__ import annotations

import asyncio
from typing import Any

from fhir_server.one_write import OneWrite


class _Line:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def _after(*steps: Any) -> _Line:
    async def run() -> _Line:
        line = _Line()
        out = OneWrite(line, asyncio.get_running_loop())  # type: ignore[arg-type]
        for step in steps:
            await asyncio.sleep(0) if step is None else step(out, line)
        await asyncio.sleep(0)
        return line

    return asyncio.run(run())


def _write(data: bytes) -> Any:
    return lambda out, _line: out.write(data)


def test_head_and_body_are_one_write() -> None:
    assert _after(_write(b"HTTP/1.1 200 OK\r\n\r\n"), _write(b"{}")).written == [b"HTTP/1.1 200 OK\r\n\r\n{}"]


def test_head_does_not_wait_for_a_body_that_comes_later() -> None:
    line = _after(_write(b"HTTP/1.1 200 OK\r\n\r\n"), None, _write(b"late"))
    assert line.written == [b"HTTP/1.1 200 OK\r\n\r\n", b"late"]


def test_answers_follow_each_other() -> None:
    first, second = (b"HTTP/1.1 200 OK\r\nn: %d\r\n\r\n" % number for number in range(2))
    line = _after(_write(first), _write(b"HTTP/1. is my body"), _write(second), _write(b"2"))
    assert line.written == [first + b"HTTP/1. is my body", second + b"2"]


def test_nothing_is_written_to_somebody_who_went_away() -> None:
    def gone(_out: OneWrite, line: _Line) -> None:
        line.closed = True

    line = _after(_write(b"HTTP/1.1 200 OK\r\n\r\n"), gone, _write(b"{}"), _write(b"more"))
    assert line.written == []


def test_what_is_held_leaves_before_the_connection_is_closed() -> None:
    line = _after(_write(b"HTTP/1.1 304 Not Modified\r\n\r\n"), lambda out, _line: out.close())
    assert line.written == [b"HTTP/1.1 304 Not Modified\r\n\r\n"]
    assert line.closed


def test_nothing_is_written_to_a_line_that_was_cut() -> None:
    assert _after(_write(b"HTTP/1.1 200 OK\r\n\r\n"), lambda _out, line: line.close()).written == []
