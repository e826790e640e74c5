"""Reading with the driver itself: a few statements as text, rows as tuples, nothing in between.

`all` is a statement by itself. Inside `snapshot` all statements see one state of the store. SQLite gives that for a few
microseconds, so there a reader is always in one; on PostgreSQL it costs two round trips and is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

Row = tuple[Any, ...]


class Reader(Protocol):
    """`consistent`: every statement sees the same state. `driver` is the connection itself.

    `listed` makes one bound value of a list of numbers.
    """

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]: ...
    @property
    def consistent(self) -> bool: ...
    @property
    def driver(self) -> Any: ...
    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]: ...
    def snapshot(self) -> Any: ...
    def listed(self, numbers: list[int]) -> Any: ...
    def close(self) -> None: ...


class SqliteReader:
    """On a connection in manual transaction mode; `begin` and `end` stand around every use."""

    dialect: Literal["sqlite"] = "sqlite"
    consistent = True

    def __init__(self, connection: Any) -> None:
        self._c = connection

    @property
    def driver(self) -> Any:
        return self._c

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        return self._c.execute(sql, parameters).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if self._c.in_transaction:
            yield
            return
        self._c.execute("BEGIN")
        try:
            yield
        finally:
            self._c.execute("COMMIT")

    def listed(self, numbers: list[int]) -> str:
        return json.dumps(numbers)

    def close(self) -> None:
        self._c.close()


class PostgresReader:
    """On a connection in autocommit mode. Statements are prepared: they come again and again with other values."""

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(
        self, connection: Any, reconnect: Callable[[], Any] | None = None, *, consistent: bool = False
    ) -> None:
        self._c, self._reconnect, self.consistent = connection, reconnect, consistent
        self._cursor = connection.cursor(binary=True)

    @property
    def driver(self) -> Any:
        return self._c

    def all(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._cursor.execute(sql, parameters, prepare=True).fetchall()
        except Exception:
            if self.consistent or self._reconnect is None or not self._c.closed:
                raise
        # The server was away between two requests: nobody has seen anything of this one yet.
        self._c = self._reconnect()
        self._cursor = self._c.cursor(binary=True)
        return self._cursor.execute(sql, parameters, prepare=True).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        if self.consistent:
            yield
            return
        self._cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        self.consistent = True
        try:
            yield
        finally:
            self.consistent = False
            self._cursor.execute("COMMIT")

    def listed(self, numbers: list[int]) -> list[int]:
        return numbers

    def close(self) -> None:
        self._c.close()
