"""Many statements to PostgreSQL in one round trip (libpq's pipeline mode), prepared once, values in binary.

Law: what is added runs in order, at the latest when a result is asked for. The first error is raised, and nothing after
it ran (PostgreSQL protocol-flow.html#PROTOCOL-FLOW-PIPELINING). Every wait for the server is a turn of the interpreter
lock lost to other threads, so a transaction of twenty statements should wait twice and not twenty times.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any

from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format
from psycopg.waiting import Ready, Wait

Row = Sequence[Any]
_MOST_BYTES = 4 * 1024 * 1024
"""Values that wait to be sent: what is written in bulk without ever asking goes out in pieces."""
_HEADER = Struct(">iiIii").pack
_LENGTH = Struct(">i").pack
_NULL = _LENGTH(-1)
_TEXT, _BYTEA, _BOOLEAN = 25, 17, 16
_INTEGERS = {"smallint": (21, "h"), "integer": (23, "i"), "bigint": (20, "q")}
"""The number of a type, and its letter in `array` and `struct`."""
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_BINARY = (Format.BINARY,) * 32


def binary(kind: str, column: Sequence[Any]) -> bytes:
    """A column as the binary form of an array; None is NULL."""
    if kind in _INTEGERS:
        number, letter = _INTEGERS[kind]
        elements = _nullable(letter, column) if None in column else _integers(letter, column)
    elif kind == "boolean":
        number, elements = _BOOLEAN, b"".join([_LENGTH(1) + (b"\1" if value else b"\0") for value in column])
    elif kind == "bytea":
        number, elements = _BYTEA, b"".join([_NULL if v is None else _LENGTH(len(v)) + v for v in column])
    else:
        number, texts = _TEXT, [None if value is None else value.encode() for value in column]
        elements = b"".join([_NULL if text is None else _LENGTH(len(text)) + text for text in texts])
    return _HEADER(1, 1, number, len(column), 1) + elements


def _integers(letter: str, column: Sequence[int]) -> bytes:
    """Length and value of each number: made a byte of all of them at a time, since there are hundreds."""
    packed = array(letter, column)
    if sys.byteorder == "little":
        packed.byteswap()
    width, content = packed.itemsize, packed.tobytes()
    elements = bytearray(_LENGTH(width) + bytes(width)) * len(packed)
    for place in range(width):
        elements[4 + place :: 4 + width] = content[place::width]
    return bytes(elements)


def _nullable(letter: str, column: Sequence[int | None]) -> bytes:
    one = Struct(f">i{letter}")
    return b"".join([_NULL if value is None else one.pack(one.size - 4, value) for value in column])


class Sent:
    """One statement; `result` is None until it ran."""

    __slots__ = ("anew", "parameters", "result", "sql")

    def __init__(self, sql: str, parameters: Sequence[bytes], *, anew: bool) -> None:
        self.sql, self.parameters, self.anew = sql, parameters, anew
        self.result: Any = None


class Pipeline:
    """The statements of one connection; call `run` before anything else uses it."""

    def __init__(self, connection: Any) -> None:
        self._c = connection
        self._names: dict[str, _Prepared] = {}
        self._made = 0
        self._queue: list[Sent] = []
        self._size = 0
        self._transformer = Transformer(connection)

    def add(self, sql: str, *parameters: bytes) -> Sent:
        """Queues a statement with `$1`, `$2` … for values in binary form. It is planned once."""
        return self._add(Sent(sql, parameters, anew=False))

    def add_anew(self, sql: str, *parameters: bytes) -> Sent:
        """Queues a statement that is planned by the size the tables have now."""
        return self._add(Sent(sql, parameters, anew=True))

    def _add(self, sent: Sent) -> Sent:
        self._queue.append(sent)
        self._size += sum(map(len, sent.parameters))
        if self._size > _MOST_BYTES:
            self.run()
        return sent

    def rows(self, sent: Sent) -> list[Row]:
        if sent.result is None:
            self.run()
        self._transformer.set_pgresult(sent.result, format=Format.BINARY)
        return self._transformer.load_rows(0, sent.result.ntuples, tuple)

    def count(self, sent: Sent) -> int:
        """How many rows the statement changed."""
        if sent.result is None:
            self.run()
        return int(sent.result.command_tuples or 0)

    def forget(self) -> None:
        """Drops what was not sent. After an error nobody knows which statements were prepared."""
        self._queue, self._size = [], 0
        if self._names and not self._c.closed:
            self._names = {}
            self._c.execute("DEALLOCATE ALL")

    def run(self) -> None:
        """Sends what waits, in one round trip; raises the first error."""
        if not self._queue:
            return
        queue, self._queue, self._size = self._queue, [], 0
        connection = self._c.pgconn
        connection.enter_pipeline_mode()
        sent: list[Sent | None] = []
        for one in queue:
            formats = _BINARY[: len(one.parameters)]
            if one.anew:
                connection.send_query_params(one.sql.encode(), one.parameters, None, formats, Format.BINARY)
                sent.append(one)
                continue
            name = self._prepared(one.sql, sent)
            connection.send_query_prepared(name, one.parameters, formats, result_format=Format.BINARY)
            sent.append(one)
        connection.pipeline_sync()
        results = self._c.wait(_results(connection))
        connection.exit_pipeline_mode()
        for each, result in zip(sent, results, strict=True):
            if result.status not in _DONE:
                raise error_from_result(result)
            if each is not None:
                each.result = result

    def _prepared(self, sql: str, sent: list[Sent | None]) -> bytes:
        """The name of the statement; what is sent to make it is added to `sent`.

        A plan is kept, and one that was made on an empty table reads the wrong index of a full one: so it is made again
        each time the statement was used twice as often.
        """
        connection, known = self._c.pgconn, self._names.get(sql)
        if known is not None:
            known.uses += 1
            if known.uses not in _PLANNED_AGAIN:
                return known.name
            connection.send_query_params(b"DEALLOCATE " + known.name, None)
            sent.append(None)
        self._made += 1
        name = b"q%d" % self._made
        connection.send_prepare(name, sql.encode())
        sent.append(None)
        self._names[sql] = _Prepared(name, known.uses if known else 0)
        return name


@dataclass(slots=True)
class _Prepared:
    name: bytes
    uses: int


_PLANNED_AGAIN = frozenset(2**power for power in range(4, 20))


def _results(connection: Any) -> Generator[Wait, Ready, list[Any]]:
    """One result for each statement, read while the rest is still being sent."""
    results: list[Any] = []
    sending = connection.flush()
    while True:
        ready = yield Wait.RW if sending else Wait.R
        if sending and ready & Ready.W:
            sending = connection.flush()
        if not ready & Ready.R:
            continue
        connection.consume_input()
        while not connection.is_busy():
            result = connection.get_result()
            if result is None:  # stands between two statements
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)
