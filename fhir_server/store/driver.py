"""Bulk statements on a raw driver connection: the one place where SQLite and PostgreSQL differ on the write path.

Here is what a driver does, and how SQLite does it; `postgres_driver.py` is the other one. What a statement does may
come about as late as the next result that is asked for, or the commit; so do its errors.

Every value is bound. Table and column names come from `schema.py`, never from a request.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Select, Table
from sqlalchemy.dialects import sqlite

from fhir_server.store.time_limit import TooSlow, stop_after, stopped

Row = Sequence[Any]
Rows = Callable[[], list[Row]]
"""The rows of a statement that need not have run before they are asked for."""


class Conflict(Exception):
    """Another process wrote the same rows first: roll back and try again."""


@dataclass(frozen=True, slots=True)
class KeyProbe:
    """One list of `sp_key` to look into: living resources of `type` that `owners` may see (`None`: all of them)."""

    type: str
    param: int
    hash: int
    owners: frozenset[str] | None


class Driver(Protocol):
    """A connection in manual transaction mode."""

    def begin(self) -> None: ...
    def commit(self) -> None: ...
    def rollback(self) -> None: ...
    def close(self) -> None: ...
    def lock_commit_order(self) -> None: ...
    def savepoint(self) -> None: ...
    def back_to_savepoint(self) -> None: ...
    def query(self, statement: Select[Any], seconds: float = 0) -> list[Row]: ...
    def ask(self, sql: str) -> list[Row]: ...
    def probe(self, probes: Sequence[KeyProbe], most: int) -> list[tuple[KeyProbe, str]]: ...
    def referrers(self, params: Sequence[int], targets: Sequence[int], most: int) -> list[Row]: ...
    def asking(self, sql: str) -> Rows: ...
    def reserve(self, table: Table, count: int) -> None: ...
    def numbers(self, table: Table, count: int) -> int: ...
    def any(self, table: Table) -> bool: ...
    def select(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> list[Row]: ...
    def selecting(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> Rows: ...
    def saying(self, keys: Sequence[tuple[str, str]]) -> Rows: ...
    def insert(self, table: Table, rows: Sequence[Row]) -> None: ...
    def clear(self, table: Table) -> None: ...
    def delete(self, table: Table, keys: Sequence[str], values: Sequence[Row]) -> None: ...
    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int: ...
    def update_all(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None: ...
    def increase(self, table: Table, rows: Sequence[Row]) -> None: ...


class SqliteDriver:
    """One writer at a time by `BEGIN IMMEDIATE`; `executemany` is the bulk form."""

    def __init__(self, connection: Any) -> None:
        self._c = connection

    def begin(self) -> None:
        self._c.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._c.execute("COMMIT")

    def rollback(self) -> None:
        if self._c.in_transaction:
            self._c.execute("ROLLBACK")

    def close(self) -> None:
        self._c.close()

    def lock_commit_order(self) -> None:
        """`BEGIN IMMEDIATE` already lets one writer in."""

    def savepoint(self) -> None:
        self._c.execute("SAVEPOINT trial")

    def back_to_savepoint(self) -> None:
        self._c.execute("ROLLBACK TO trial")
        self._c.execute("RELEASE trial")

    def ask(self, sql: str) -> list[Row]:
        """The rows of a statement of ours without parameters."""
        return self._c.execute(sql).fetchall()

    def query(self, statement: Select[Any], seconds: float = 0) -> list[Row]:
        """The rows of a SELECT, as this transaction sees them; raises TooSlow after so many seconds, and goes on."""
        compiled = statement.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
        values = [compiled.params[name] for name in compiled.positiontup or ()]
        stop_after(self._c, seconds)
        try:
            rows: list[Row] = self._c.execute(str(compiled), values).fetchall()
        except Exception as error:
            raise (TooSlow if stopped(error) else error) from None
        finally:
            stop_after(self._c, 0)
        return rows

    def probe(self, probes: Sequence[KeyProbe], most: int) -> list[tuple[KeyProbe, str]]:
        """Up to `most` ids behind each probe; a statement each costs less here than one for all."""
        found = []
        for one in probes:
            owners = () if one.owners is None else (json.dumps(sorted(one.owners)),)
            values = (one.param, one.hash, one.type, *owners, most)
            found += [(one, row[0]) for row in self._c.execute(_SQLITE_PROBE[one.owners is None], values)]
        return found

    def referrers(self, params: Sequence[int], targets: Sequence[int], most: int) -> list[Row]:
        """(target rid, type, id) of up to `most` references to the targets."""
        return self._c.execute(_SQLITE_REFERRERS, (json.dumps(targets), json.dumps(params), most)).fetchall()

    def asking(self, sql: str) -> Rows:
        """The rows of `ask`, when they are wanted."""
        rows = self.ask(sql)
        return lambda: rows

    def reserve(self, table: Table, count: int) -> None:
        """Says how many numbers will be asked for; the writer alone gives them out, and needs no notice."""

    def numbers(self, table: Table, count: int) -> int:
        """The first of `count` fresh numbers: safe, since no other writer is in."""
        column = next(iter(table.primary_key.columns)).name
        (top,) = self._c.execute(f"SELECT coalesce(max({column}), 0) FROM {table.name}").fetchone()  # noqa: S608
        return int(top) + 1

    def any(self, table: Table) -> bool:
        """Whether the table has a row."""
        return self._c.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is not None  # noqa: S608

    def select(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> list[Row]:
        return self._c.execute(_sqlite_select(table, tuple(columns), tuple(keys)), (json.dumps(values),)).fetchall()

    def selecting(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> Rows:
        """The rows of `select`, when they are wanted."""
        rows = self.select(table, columns, keys, values)
        return lambda: rows

    def saying(self, keys: Sequence[tuple[str, str]]) -> Rows:
        """The statements of the resources with these types and ids (see SAID)."""
        rows = self._c.execute(_SQLITE_SAID, (json.dumps(keys),)).fetchall()
        return lambda: rows

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        self._c.executemany(_sqlite_insert(table), rows)

    def clear(self, table: Table) -> None:
        """Takes every row away."""
        self._c.execute(f"DELETE FROM {table.name}")  # noqa: S608

    def delete(self, table: Table, keys: Sequence[str], values: Sequence[Row]) -> None:
        where = " AND ".join(f'"{key}" = ?' for key in keys)
        self._c.executemany(f"DELETE FROM {table.name} WHERE {where}", values)  # noqa: S608

    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int:
        sets = ", ".join(f'"{column}" = ?' for column in columns)
        where = " AND ".join(f'"{key}" = ?' for key in keys)
        width = len(keys)
        ordered = [(*row[width:], *row[:width]) for row in rows]
        return int(self._c.executemany(f"UPDATE {table.name} SET {sets} WHERE {where}", ordered).rowcount)  # noqa: S608

    def update_all(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Raises Conflict unless every key is there."""
        if self.update(table, keys, columns, rows) != len(rows):
            raise Conflict

    def increase(self, table: Table, rows: Sequence[Row]) -> None:
        """Adds the last column of each row to what stands under its key."""
        self._c.executemany(f"{_sqlite_insert(table)} {adding(table)}", rows)


_SQLITE = sqlite.dialect()


PROBED = """resource r ON r.rid = s.rid WHERE s.param = {0} AND s.hash = {1} AND r.type = {2}
    AND NOT r.deleted AND r.version > 0 {3} LIMIT {4}"""
_SQLITE_PROBE = {
    everybody: "SELECT r.id FROM sp_key s JOIN "  # noqa: S608
    + PROBED.format("?", "?", "?", "" if everybody else "AND r.owner IN (SELECT value FROM json_each(?))", "?")
    for everybody in (True, False)
}
"""By whether everything may be seen."""
SAID = "t.type, t.id, s.weight, s.first, s.last, s.hash, s.message, s.fragment"
"""The columns of `saying`."""
_SQLITE_SAID = f"""SELECT {SAID} FROM json_each(?) k
    CROSS JOIN resource t ON t.type = k.value ->> 0 AND t.id = k.value ->> 1
    CROSS JOIN statement s ON s.rid = t.rid"""  # noqa: S608
_SQLITE_REFERRERS = """SELECT s.target, r.type, r.id FROM json_each(?) t CROSS JOIN json_each(?) p
    CROSS JOIN sp_reference s ON s.param = p.value AND s.target = t.value
    CROSS JOIN resource r ON r.rid = s.rid LIMIT ?"""


@cache
def adding(table: Table) -> str:
    keys = ", ".join(column.name for column in table.primary_key.columns)
    amount = list(table.columns)[-1].name
    return f"ON CONFLICT ({keys}) DO UPDATE SET {amount} = {table.name}.{amount} + excluded.{amount}"


@cache
def _sqlite_insert(table: Table) -> str:
    columns = [column.name for column in table.columns]
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608


@cache
def _sqlite_select(table: Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    names = ", ".join(f't."{column}"' for column in columns)
    on = " AND ".join(f't."{key}" = k.value ->> {position}' for position, key in enumerate(keys))
    # CROSS JOIN fixes the order: the short list of keys outside, an index look-up inside.
    return f"SELECT {names} FROM json_each(?) k CROSS JOIN {table.name} t ON {on}"  # noqa: S608


def open_driver(connection: Any, dialect: str) -> Driver:
    """The bulk statements for a raw connection of `Database.driver()`."""
    if dialect == "sqlite":
        return SqliteDriver(connection)
    from fhir_server.store.postgres_driver import PostgresDriver  # its library costs a start that has no use for it

    return PostgresDriver(connection)


def chunks(rows: Iterable[Row], size: int = 5000) -> Iterable[list[Row]]:
    """Lists of at most `size`, so that no statement grows without bound."""
    block: list[Row] = []
    for row in rows:
        block.append(row)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
