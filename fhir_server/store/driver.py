"""Bulk statements on a raw driver connection: the one place where SQLite and PostgreSQL differ on the write path.

Every value is bound. Table and column names come from `schema.py`, never from a request.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from sqlalchemy import BigInteger, Boolean, Dialect, Integer, LargeBinary, Select, SmallInteger, Table
from sqlalchemy.dialects import sqlite

Row = Sequence[Any]


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
    def query(self, statement: Select[Any]) -> list[Row]: ...
    def ask(self, sql: str) -> list[Row]: ...
    def probe(self, probes: Sequence[KeyProbe], most: int) -> list[tuple[KeyProbe, str]]: ...
    def referrers(self, params: Sequence[int], targets: Sequence[int], most: int) -> list[Row]: ...
    def numbers(self, table: Table, count: int) -> int: ...
    def any(self, table: Table) -> bool: ...
    def select(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> list[Row]: ...
    def insert(self, table: Table, rows: Sequence[Row]) -> None: ...
    def clear(self, table: Table) -> None: ...
    def delete(self, table: Table, keys: Sequence[str], values: Sequence[Row]) -> None: ...
    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int: ...
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

    def query(self, statement: Select[Any]) -> list[Row]:
        """The rows of a SELECT, as this transaction sees them."""
        compiled = statement.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
        return self._c.execute(str(compiled), [compiled.params[name] for name in compiled.positiontup or ()]).fetchall()

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

    def increase(self, table: Table, rows: Sequence[Row]) -> None:
        """Adds the last column of each row to what stands under its key."""
        self._c.executemany(f"{_sqlite_insert(table)} {_adding(table)}", rows)


class PostgresDriver:
    """`unnest` of one array a column is the bulk form: one round trip, one plan, whatever the number of rows."""

    def __init__(self, connection: Any) -> None:
        self._c = connection
        self._ordered = False

    def begin(self) -> None:
        # Whoever waits for the lock of the commit order sees afterwards what was committed meanwhile.
        self._c.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        self._ordered = False

    def commit(self) -> None:
        self._c.execute("COMMIT")

    def rollback(self) -> None:
        if not self._c.closed:
            self._c.execute("ROLLBACK")

    def close(self) -> None:
        self._c.close()

    def lock_commit_order(self) -> None:
        """Numbers of `change` become visible in order: readers that remember the last one they saw miss nothing.

        What is decided after it holds until the commit: no other process writes meanwhile.
        """
        if not self._ordered:
            self._execute("SELECT pg_advisory_xact_lock(7101911)", ())
            self._ordered = True

    def savepoint(self) -> None:
        self._c.execute("SAVEPOINT trial")

    def back_to_savepoint(self) -> None:
        self._c.execute("ROLLBACK TO trial")
        self._c.execute("RELEASE trial")

    def ask(self, sql: str) -> list[Row]:
        """The rows of a statement of ours without parameters."""
        return self._c.execute(sql).fetchall()

    def query(self, statement: Select[Any]) -> list[Row]:
        """The rows of a SELECT, as this transaction sees them."""
        compiled = statement.compile(dialect=_postgresql(), compile_kwargs={"render_postcompile": True})
        return self._c.execute(str(compiled), compiled.params).fetchall()

    def probe(self, probes: Sequence[KeyProbe], most: int) -> list[tuple[KeyProbe, str]]:
        """Up to `most` ids behind each probe, in one round trip."""
        found = []
        for owners in dict.fromkeys(one.owners for one in probes):
            some = [one for one in probes if one.owners == owners]
            columns = [[one.type for one in some], [one.param for one in some], [one.hash for one in some]]
            names = [] if owners is None else [sorted(owners)]
            rows = self._c.execute(_PG_PROBE[owners is None], (*columns, *names, most))
            found += [(some[row[0] - 1], row[1]) for row in rows]
        return found

    def referrers(self, params: Sequence[int], targets: Sequence[int], most: int) -> list[Row]:
        """(target rid, type, id) of up to `most` references to the targets."""
        return self._c.execute(_PG_REFERRERS, (list(targets), list(params), most)).fetchall()

    def numbers(self, table: Table, count: int) -> int:
        name = {"resource": "rid_seq", "change": "seq_seq", "journal": "journal_id_seq"}[table.name]
        # setval under the row lock of nextval would race: a block is taken by one generate_series over nextval.
        rows = self._c.execute("SELECT nextval(%s) FROM generate_series(1, %s)", (name, count)).fetchall()
        numbers = [int(row[0]) for row in rows]
        if numbers[-1] - numbers[0] == count - 1:
            return numbers[0]
        return self.numbers(table, count)  # interleaved with another process: the gap costs nothing

    def any(self, table: Table) -> bool:
        """Whether the table has a row."""
        return self._c.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone() is not None  # noqa: S608

    def select(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> list[Row]:
        sql = _pg_select(table, tuple(columns), tuple(keys))
        return self._c.execute(sql, _columns(values)).fetchall()

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if len(rows) < _COPY_FROM:
            self._run(_pg_insert(table), rows)
            return
        import psycopg.errors

        try:
            with self._c.cursor() as cursor, cursor.copy(_pg_copy(table)) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.errors.UniqueViolation:
            raise Conflict from None

    def clear(self, table: Table) -> None:
        """Takes every row away."""
        self._c.execute(f"TRUNCATE {table.name}")

    def delete(self, table: Table, keys: Sequence[str], values: Sequence[Row]) -> None:
        source = _pg_unnest(table, tuple(keys))
        where = " AND ".join(f't."{key}" = k."{key}"' for key in keys)
        self._run(f"DELETE FROM {table.name} t USING {source} WHERE {where}", values)  # noqa: S608

    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int:
        # A key that is also set (the version) gets a second name in the source.
        names = [*keys, *columns]
        aliases = [*(f"key_{key}" for key in keys), *(f"new_{column}" for column in columns)]
        arrays = ", ".join(f"%s::{_pg_type(table, name)}[]" for name in names)
        sets = ", ".join(f'"{column}" = k.new_{column}' for column in columns)
        where = " AND ".join(f't."{key}" = k.key_{key}' for key in keys)
        source = f"unnest({arrays}) AS k({', '.join(aliases)})"
        return self._run(f"UPDATE {table.name} t SET {sets} FROM {source} WHERE {where}", rows)  # noqa: S608

    def increase(self, table: Table, rows: Sequence[Row]) -> None:
        """Adds the last column of each row to what stands under its key."""
        self._run(f"{_pg_insert(table)} {_adding(table)}", rows)

    def _run(self, sql: str, rows: Sequence[Row]) -> int:
        return int(self._execute(sql, _columns(rows)).rowcount)

    def _execute(self, sql: str, values: Sequence[Any]) -> Any:
        import psycopg.errors

        try:
            return self._c.execute(sql, values)
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            raise Conflict from None


_SQLITE = sqlite.dialect()


@cache
def _postgresql() -> Dialect:
    from sqlalchemy.dialects.postgresql import psycopg

    return psycopg.dialect()


_PROBED = """resource r ON r.rid = s.rid WHERE s.param = {0} AND s.hash = {1} AND r.type = {2}
    AND NOT r.deleted AND r.version > 0 {3} LIMIT {4}"""
_SQLITE_PROBE = {
    everybody: "SELECT r.id FROM sp_key s JOIN "  # noqa: S608
    + _PROBED.format("?", "?", "?", "" if everybody else "AND r.owner IN (SELECT value FROM json_each(?))", "?")
    for everybody in (True, False)
}
_PG_PROBE = {
    everybody: "SELECT k.n, f.id FROM unnest(%s::text[], %s::integer[], %s::bigint[]) WITH ORDINALITY"  # noqa: S608
    " AS k(type, param, hash, n) CROSS JOIN LATERAL (SELECT r.id FROM sp_key s JOIN "
    + _PROBED.format("k.param", "k.hash", "k.type", "" if everybody else "AND r.owner = ANY(%s)", "%s")
    + ") f"
    for everybody in (True, False)
}
"""By whether everything may be seen."""
_SQLITE_REFERRERS = """SELECT s.target, r.type, r.id FROM json_each(?) t CROSS JOIN json_each(?) p
    CROSS JOIN sp_reference s ON s.param = p.value AND s.target = t.value
    CROSS JOIN resource r ON r.rid = s.rid LIMIT ?"""
_PG_REFERRERS = """SELECT s.target, r.type, r.id FROM sp_reference s JOIN resource r ON r.rid = s.rid
    WHERE s.target = ANY(%s::bigint[]) AND s.param = ANY(%s::integer[]) LIMIT %s"""
_COPY_FROM = 24
"""From so many rows on COPY is cheaper than arrays, whose text form is made in Python."""


def _columns(rows: Sequence[Row]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


_PG_TYPES = ((Boolean, "boolean"), (SmallInteger, "smallint"), (BigInteger, "bigint"), (Integer, "integer"))


def _pg_type(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, LargeBinary):
        return "bytea"
    return next((name for python, name in _PG_TYPES if isinstance(kind, python)), "text")


def _pg_unnest(table: Table, columns: Sequence[str]) -> str:
    arrays = ", ".join(f"%s::{_pg_type(table, column)}[]" for column in columns)
    quoted = ", ".join(f'"{column}"' for column in columns)
    return f"unnest({arrays}) AS k({quoted})"


@cache
def _adding(table: Table) -> str:
    keys = ", ".join(column.name for column in table.primary_key.columns)
    amount = list(table.columns)[-1].name
    return f"ON CONFLICT ({keys}) DO UPDATE SET {amount} = {table.name}.{amount} + excluded.{amount}"


@cache
def _pg_insert(table: Table) -> str:
    columns = [column.name for column in table.columns]
    names = ", ".join(f'"{column}"' for column in columns)
    arrays = ", ".join(f"%s::{_pg_type(table, column)}[]" for column in columns)
    return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({arrays})"  # noqa: S608


@cache
def _pg_copy(table: Table) -> str:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f"COPY {table.name} ({names}) FROM STDIN"


@cache
def _pg_select(table: Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    names = ", ".join(f't."{column}"' for column in columns)
    on = " AND ".join(f't."{key}" = k."{key}"' for key in keys)
    return f"SELECT {names} FROM {_pg_unnest(table, keys)} JOIN {table.name} t ON {on}"  # noqa: S608


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
    return SqliteDriver(connection) if dialect == "sqlite" else PostgresDriver(connection)


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
