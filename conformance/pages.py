"""Reads big tables page by page in the order of their key, so that memory stays flat however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, Row, Select, func, literal, or_

PAGE = 200
"""Rows: as parsed resources they are some ten kilobytes each."""


def pages(connection: Connection, query: Select[Any], key: Any, *, after: int = -1) -> Iterator[list[Row[Any]]]:
    """The rows of the query in pages; `key` is a unique integer column that the query selects under its own name."""
    while True:
        rows = list(connection.execute(query.where(key > after).order_by(key).limit(PAGE)).all())
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        after = rows[-1]._mapping[key.name]


def contains(connection: Connection, column: Any, *needles: bytes) -> ColumnElement[bool]:
    """Whether a column of bytes holds one of the needles, decided by the database."""
    return or_(*(_position(connection, column, literal(needle, LargeBinary)) > 0 for needle in needles))


def _position(connection: Connection, column: Any, needle: Any) -> ColumnElement[int]:
    if connection.dialect.name == "sqlite":
        return func.instr(column, needle)
    return func.position(needle.op("IN")(column))
