"""How PostgreSQL does what `driver.Driver` promises: `unnest` of one binary array a column, in few round trips.

Changes are queued and go out together with the next question, or with the commit: a transaction of the writer asks once
and writes once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from struct import Struct
from typing import Any

import psycopg
import psycopg.errors
from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, Select, SmallInteger, Table
from sqlalchemy.dialects.postgresql import psycopg as dialect

from fhir_server.store.driver import PROBED, SAID, Conflict, KeyProbe, Row, Rows, adding
from fhir_server.store.pipeline import Pipeline, Sent, binary
from fhir_server.store.time_limit import TooSlow, setting, stopped

_SEQUENCES = {"resource": "rid_seq", "change": "seq_seq", "journal": "journal_id_seq"}
_CONFLICTS = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DivisionByZero,  # see `update_all`
)
_SETTINGS = ("jit", "enable_seqscan")
"""Compiling costs more than any statement here takes; and whatever is asked here is asked by key."""
_INTEGER = Struct(">i").pack
_COPY_FROM = 2000
"""From so many rows on COPY is cheaper than arrays, though it takes round trips of its own."""


class PostgresDriver:
    """Whoever waits for the lock of the commit order sees afterwards what was committed meanwhile: READ COMMITTED."""

    def __init__(self, connection: Any) -> None:
        self._c = connection
        for name in _SETTINGS:
            self._c.execute(f"SET {name} = off")
        self._pipeline = Pipeline(connection)
        self._ordered = False
        self._reserved: dict[str, _Block] = {}

    def begin(self) -> None:
        self._pipeline.add("BEGIN ISOLATION LEVEL READ COMMITTED")
        self._ordered = False
        self._reserved = {}

    def commit(self) -> None:
        self._pipeline.add("COMMIT")
        self._run()

    def rollback(self) -> None:
        if not self._c.closed:
            self._c.execute("ROLLBACK")
        self._pipeline.forget()

    def close(self) -> None:
        self._c.close()

    def lock_commit_order(self) -> None:
        """Numbers of `change` become visible in order: readers that remember the last one they saw miss nothing.

        What is decided after it holds until the commit: no other process writes meanwhile.
        """
        if not self._ordered:
            self._pipeline.add("SELECT pg_advisory_xact_lock(7101911)")
            self._ordered = True

    def savepoint(self) -> None:
        self._pipeline.add("SAVEPOINT trial")

    def back_to_savepoint(self) -> None:
        self._pipeline.add("ROLLBACK TO trial")
        self._pipeline.add("RELEASE trial")

    def ask(self, sql: str) -> list[Row]:
        """The rows of a statement of ours without parameters."""
        return self.asking(sql)()

    def asking(self, sql: str) -> Rows:
        """The rows of `ask`, when they are wanted."""
        return self._later(self._pipeline.add(sql))

    def query(self, statement: Select[Any], seconds: float = 0) -> list[Row]:
        """The rows of a SELECT, as this transaction sees them; raises TooSlow after so many seconds, and goes on."""
        compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        if seconds:
            self._pipeline.add("SAVEPOINT condition")
            self._pipeline.add_anew(f"SET LOCAL {setting(seconds)}")
        self._run()
        try:
            rows: list[Row] = self._c.execute(str(compiled), compiled.params).fetchall()
        except Exception as error:
            if not seconds or not stopped(error):
                raise
            self._pipeline.add("ROLLBACK TO condition")  # takes back the limit, too
            self._pipeline.add("RELEASE condition")
            raise TooSlow from None
        if seconds:
            self._pipeline.add("SET LOCAL statement_timeout TO DEFAULT")
            self._pipeline.add("RELEASE condition")
        return rows

    def probe(self, probes: Sequence[KeyProbe], most: int) -> list[tuple[KeyProbe, str]]:
        """Up to `most` ids behind each probe, in one round trip."""
        asked = []
        for owners in dict.fromkeys(one.owners for one in probes):
            some = [one for one in probes if one.owners == owners]
            columns = (
                binary("text", [one.type for one in some]),
                binary("integer", [one.param for one in some]),
                binary("bigint", [one.hash for one in some]),
            )
            names = () if owners is None else (binary("text", sorted(owners)),)
            asked.append((some, self._pipeline.add(_PROBE[owners is None], *columns, _INTEGER(most), *names)))
        return [(some[row[0] - 1], row[1]) for some, sent in asked for row in self._rows(sent)]

    def referrers(self, params: Sequence[int], targets: Sequence[int], most: int) -> list[Row]:
        """(target rid, type, id) of up to `most` references to the targets."""
        given = (binary("bigint", targets), binary("integer", params), _INTEGER(most))
        return self._rows(self._pipeline.add(_REFERRERS, *given))

    def reserve(self, table: Table, count: int) -> None:
        """Says how many numbers will be asked for, so that they come along with something else."""
        if count and table.name not in self._reserved:
            self._reserved[table.name] = _Block(self._numbers(table, count), count)

    def numbers(self, table: Table, count: int) -> int:
        """The first of `count` fresh numbers in a row. Those that are not used leave a gap, which costs nothing."""
        known = self._reserved.get(table.name)
        if known is not None and (found := known.take(count, self._rows)) is not None:
            return found
        while True:
            first, last = self._rows(self._numbers(table, count))[0]
            if last - first == count - 1:  # else another process was given some in between
                return int(first)

    def _numbers(self, table: Table, count: int) -> Sent:
        sequence = _SEQUENCES[table.name]
        # setval under the row lock of nextval would race: a block is taken by one generate_series over nextval.
        drawn = f"SELECT nextval('{sequence}') AS n FROM generate_series(1, $1::integer)"  # noqa: S608
        return self._pipeline.add(f"SELECT min(n), max(n) FROM ({drawn}) s", _INTEGER(count))  # noqa: S608

    def any(self, table: Table) -> bool:
        """Whether the table has a row."""
        return bool(self.ask(f"SELECT 1 FROM {table.name} LIMIT 1"))  # noqa: S608

    def select(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> list[Row]:
        return self.selecting(table, columns, keys, values)()

    def selecting(self, table: Table, columns: Sequence[str], keys: Sequence[str], values: Sequence[Row]) -> Rows:
        """The rows of `select`, when they are wanted."""
        sql = _select(table, tuple(columns), tuple(keys))
        return self._later(self._pipeline.add(sql, *_arrays(table, keys, values)))

    def saying(self, keys: Sequence[tuple[str, str]]) -> Rows:
        """The statements of the resources with these types and ids (see SAID)."""
        types, names = zip(*keys, strict=True)
        return self._later(self._pipeline.add(_SAYING, binary("text", types), binary("text", names)))

    def insert(self, table: Table, rows: Sequence[Row]) -> None:
        if len(rows) < _COPY_FROM:
            self._pipeline.add(_insert(table), *_arrays(table, _names(table), rows))
            return
        self._run()
        try:
            with self._c.cursor() as cursor, cursor.copy(_copy(table)) as copy:
                for row in rows:
                    copy.write_row(row)
        except psycopg.errors.UniqueViolation:
            raise Conflict from None

    def clear(self, table: Table) -> None:
        """Takes every row away."""
        self._pipeline.add(f"TRUNCATE {table.name}")

    def delete(self, table: Table, keys: Sequence[str], values: Sequence[Row]) -> None:
        self._pipeline.add_anew(_delete(table, tuple(keys)), *_arrays(table, keys, values))

    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int:
        values = _arrays(table, (*keys, *columns), rows)
        sent = self._pipeline.add_anew(_update(table, tuple(keys), tuple(columns)), *values)
        self._run()
        return self._pipeline.count(sent)

    def update_all(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Raises Conflict unless every key is there: then the statement divides by zero, without a question."""
        sql = _update_all(table, tuple(keys), tuple(columns))
        self._pipeline.add_anew(sql, *_arrays(table, (*keys, *columns), rows), _INTEGER(len(rows)))

    def increase(self, table: Table, rows: Sequence[Row]) -> None:
        """Adds the last column of each row to what stands under its key."""
        self._pipeline.add(f"{_insert(table)} {adding(table)}", *_arrays(table, _names(table), rows))

    def _later(self, sent: Sent) -> Rows:
        return lambda: self._rows(sent)

    def _rows(self, sent: Sent) -> list[Row]:
        if sent.result is None:
            self._run()
        return self._pipeline.rows(sent)

    def _run(self) -> None:
        try:
            self._pipeline.run()
        except _CONFLICTS:
            raise Conflict from None


class _Block:
    """Numbers that were asked for ahead: `next` to `last`, once they are here."""

    __slots__ = ("_count", "_last", "_next", "_sent")

    def __init__(self, sent: Sent, count: int) -> None:
        self._sent: Sent | None = sent
        self._count = count
        self._next, self._last = 1, 0

    def take(self, count: int, rows: Callable[[Sent], Sequence[Row]]) -> int | None:
        """The first of so many, or None when there are too few left."""
        if self._sent is not None:
            first, last = rows(self._sent)[0]
            self._sent = None
            if last - first == self._count - 1:
                self._next, self._last = first, last
        if self._last - self._next + 1 < count:
            return None
        self._next += count
        return self._next - count


_DIALECT = dialect.dialect()
_PROBE = {
    everybody: "SELECT k.n, f.id FROM unnest($1::text[], $2::integer[], $3::bigint[]) WITH ORDINALITY"  # noqa: S608
    " AS k(type, param, hash, n) CROSS JOIN LATERAL (SELECT r.id FROM sp_key s JOIN "
    + PROBED.format("k.param", "k.hash", "k.type", "" if everybody else "AND r.owner = ANY($5::text[])", "$4::integer")
    + ") f"
    for everybody in (True, False)
}
"""By whether everything may be seen."""
_REFERRERS = """SELECT s.target, r.type, r.id FROM sp_reference s JOIN resource r ON r.rid = s.rid
    WHERE s.target = ANY($1::bigint[]) AND s.param = ANY($2::integer[]) LIMIT $3::integer"""
_SAYING = f"""SELECT {SAID} FROM unnest($1::text[], $2::text[]) AS k(type, id)
    CROSS JOIN LATERAL (SELECT r.rid, r.type, r.id FROM resource r WHERE r.type = k.type AND r.id = k.id OFFSET 0) t
    CROSS JOIN LATERAL (SELECT * FROM statement WHERE rid = t.rid OFFSET 0) s"""  # noqa: S608
"""`OFFSET 0` keeps the short list outside and the index look-up inside, whatever is known of the tables: a plan made
while they were small is kept when they are large."""
_TYPES = ((Boolean, "boolean"), (SmallInteger, "smallint"), (BigInteger, "bigint"), (Integer, "integer"))


def _arrays(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[bytes]:
    """The rows as one array a column."""
    kinds = _kinds(table, tuple(columns))
    return [binary(kind, column) for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)]


@cache
def _kinds(table: Table, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_kind(table, column) for column in columns)


def _kind(table: Table, column: str) -> str:
    kind = table.c[column].type
    if isinstance(kind, LargeBinary):
        return "bytea"
    return next((name for python, name in _TYPES if isinstance(kind, python)), "text")


def _unnest(table: Table, columns: tuple[str, ...], aliases: Sequence[str]) -> str:
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_kinds(table, columns), 1))
    return f"unnest({arrays}) AS k({', '.join(_quoted(aliases))})"


def _quoted(names: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in names]


@cache
def _names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


@cache
def _insert(table: Table) -> str:
    names = _names(table)
    return f"INSERT INTO {table.name} ({', '.join(_quoted(names))}) SELECT * FROM {_unnest(table, names, names)}"  # noqa: S608


@cache
def _copy(table: Table) -> str:
    return f"COPY {table.name} ({', '.join(_quoted(_names(table)))}) FROM STDIN"


@cache
def _select(table: Table, columns: tuple[str, ...], keys: tuple[str, ...]) -> str:
    names, found = (", ".join(f'{alias}."{column}"' for column in columns) for alias in "tf")
    inner = f"SELECT {names} FROM {table.name} t WHERE {_same(keys)} OFFSET 0"  # noqa: S608 - as in _SAYING
    return f"SELECT {found} FROM {_unnest(table, keys, keys)} CROSS JOIN LATERAL ({inner}) f"  # noqa: S608


@cache
def _delete(table: Table, keys: tuple[str, ...]) -> str:
    return f"DELETE FROM {table.name} t USING {_unnest(table, keys, keys)} WHERE {_same(keys)}"  # noqa: S608


def _same(keys: Sequence[str], prefix: str = "") -> str:
    return " AND ".join(f't."{key}" = k."{prefix}{key}"' for key in keys)


@cache
def _update(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    # A key that is also set (the version) gets a second name in the source.
    aliases = [*(f"key_{key}" for key in keys), *(f"new_{column}" for column in columns)]
    sets = ", ".join(f'"{column}" = k.new_{column}' for column in columns)
    source = _unnest(table, (*keys, *columns), aliases)
    return f"UPDATE {table.name} t SET {sets} FROM {source} WHERE {_same(keys, 'key_')}"  # noqa: S608


@cache
def _update_all(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> str:
    updated, last = _update(table, keys, columns), len(keys) + len(columns) + 1
    return f"WITH done AS ({updated} RETURNING 1) SELECT 1 / (count(*) = ${last}::integer)::integer FROM done"  # noqa: S608
