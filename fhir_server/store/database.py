"""The database: one URL, one engine, the settings its promises need.

SQLite runs in WAL mode with `synchronous=FULL`: what a commit returned for survives `kill -9` and a power cut.
PostgreSQL keeps its defaults (`synchronous_commit=on`). Reads take a connection from the engine's pool; the one writer
thread of the process has a connection of its own (see `writer.py`).
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, create_engine, event, inspect, select
from sqlalchemy.engine import make_url

from fhir_server.search.known import Known
from fhir_server.store.outdated import OutdatedStore
from fhir_server.store.reading import PostgresReader, Reader, SqliteReader
from fhir_server.store.schema import INDEX_RULES, about, metadata
from fhir_server.store.time_limit import TooSlow, setting, stop_after, stopped

HEAD = "0004"
"""The revision of the tables in `schema.py` (see `migrations/`)."""
FIRST = "0001"
"""The revision of a store whose tables stand without one."""
_STATEMENTS = 500
"""Statements a connection keeps prepared."""
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
    # 40 MB of log before it is copied back: pages written again and again are copied once.
    "PRAGMA wal_autocheckpoint=10000",
    # KiB a connection, and there are many that read; the file stands in the cache of the operating system anyway.
    "PRAGMA cache_size=-2048",
)
_WRITER_CACHE = "PRAGMA cache_size=-4096"
"""There is one that writes, and every commit touches the ends of all indexes."""


class Database:
    """Where the store lives: `sqlite:///path.db`, `sqlite://` is refused (a server needs a file), `postgresql://…`."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif parsed.database in (None, "", ":memory:"):
            raise ValueError("The store needs a file: use sqlite:///path.db or postgresql://…")
        self.url = parsed
        self.engine = _engine(parsed)
        self._idle: deque[Reader] = deque()
        self._others: list[Database] = []
        self.seconds: float = 0
        """How long one read may take; 0: as long as it likes."""
        self.known = Known()

    def within(self, seconds: float) -> Database:
        """The same store for requests: what reads for longer than so many seconds is stopped and raises TooSlow."""
        other = copy(self)
        other._idle, other.seconds = deque(), seconds
        self._others.append(other)
        return other

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        return "sqlite" if self.engine.dialect.name == "sqlite" else "postgresql"

    def create(self) -> None:
        """Makes the tables of a new store. Raises OutdatedStore for one of another schema."""
        with self.engine.begin() as connection:
            # Two servers may start at once: the second waits instead of failing on a half-made table.
            lock_schema(connection)
            found = revision(connection)
            if found == HEAD and index_rules(connection) == INDEX_RULES:
                return
            if found:
                raise OutdatedStore(_difference(found), found)
            metadata.create_all(connection)
            if self.dialect == "postgresql":
                for name in ("rid", "seq", "journal_id"):
                    connection.exec_driver_sql(f"CREATE SEQUENCE {name}_seq")
            set_revision(connection, HEAD)
            connection.execute(about.insert().values(name="index", value=str(INDEX_RULES)))

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one consistent snapshot from the first statement to the end of the block."""
        with self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin(), self._limited(connection):
                if self.dialect == "sqlite":
                    connection.exec_driver_sql("BEGIN")  # the driver itself begins before a write only
                yield connection

    @contextmanager
    def _limited(self, connection: Connection) -> Iterator[None]:
        """The time limit for a connection of the pool, which others use without one."""
        if not self.seconds:
            yield
            return
        driver: Any = connection.connection.dbapi_connection
        if self.dialect == "sqlite":
            stop_after(driver, self.seconds)
        else:
            connection.exec_driver_sql(f"SET LOCAL {setting(self.seconds)}")
        try:
            yield
        except Exception as error:
            if stopped(error):
                raise TooSlow from error
            raise
        finally:
            if self.dialect == "sqlite":
                stop_after(driver, 0)

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """A reader for the hot paths: a few statements as text, rows as tuples (see `reading`)."""
        try:
            reader = self._idle.pop()
        except IndexError:
            reader = self._reader()
        try:
            if self.dialect == "sqlite":
                if self.seconds:
                    stop_after(reader.driver, self.seconds)
                with reader.snapshot():
                    yield reader
            else:
                yield reader
        except BaseException as error:
            reader.close()  # in what state it is nobody knows
            if stopped(error):
                raise TooSlow from error
            raise
        self._idle.append(reader)

    def _reader(self) -> Reader:
        if self.dialect == "sqlite":
            return SqliteReader(self._sqlite())
        return PostgresReader(self._postgres(), self._postgres)

    def _postgres(self) -> Any:
        connection = self.driver()
        connection.execute("SET jit = off")  # compiling costs more than any statement here takes
        # Statements are shaped so that one plan fits all values: planning each anew costs as much as running it.
        connection.execute("SET plan_cache_mode = force_generic_plan")
        for way in ("seqscan", "hashjoin", "mergejoin"):  # each reads all of a list
            connection.execute(f"SET enable_{way} = off")
        connection.execute("SET max_parallel_workers_per_gather = 0")  # starting a worker costs more, too
        connection.prepared_max = _STATEMENTS
        if self.seconds:
            connection.execute(f"SET {setting(self.seconds)}")
        return connection

    def driver(self) -> Any:
        """A raw driver connection in manual transaction mode, for the writer."""
        if self.dialect == "sqlite":
            connection = self._sqlite()
            connection.execute(_WRITER_CACHE)
            return connection
        import psycopg

        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)

    def _sqlite(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            str(self.url.database), isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
        )
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        return connection

    def close(self) -> None:
        for each in (self, *self._others):
            while each._idle:
                each._idle.pop().close()
        self.engine.dispose()


_REVISIONS = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def lock_schema(connection: Connection) -> None:
    """One process at a time makes or changes tables; held to the end of the transaction."""
    postgresql = connection.dialect.name == "postgresql"
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7101910)" if postgresql else "BEGIN IMMEDIATE")


def revision(connection: Connection) -> str:
    """The schema revision of a store, '' for an empty one."""
    known = inspect(connection)
    if known.has_table(_REVISIONS.name):
        return connection.execute(select(_REVISIONS.c.version_num)).scalar() or ""
    return FIRST if known.has_table("resource") else ""


def _difference(found: str) -> str:
    return "has search keys of other rules" if found == HEAD else f"has schema {found}, this release needs {HEAD}"


def index_rules(connection: Connection) -> int:
    """The rules the search keys of the store were made with."""
    return int(connection.execute(select(about.c.value).where(about.c.name == "index")).scalar() or 0)


def set_revision(connection: Connection, found: str) -> None:
    """Writes the revision of a store that carries none; one that is there stays."""
    _REVISIONS.create(connection, checkfirst=True)
    if connection.execute(select(_REVISIONS.c.version_num)).first() is None:
        connection.execute(_REVISIONS.insert().values(version_num=found))


def reader(connection: Connection) -> Reader:
    """The connection of `Database.read` as a reader: it is in a snapshot already."""
    driver = connection.connection.dbapi_connection
    return SqliteReader(driver) if connection.dialect.name == "sqlite" else PostgresReader(driver, consistent=True)


def _engine(url: Any) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=8, max_overflow=8, pool_pre_ping=True)
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    # One connection a thread would outlive its thread; opening an SQLite file costs 100 µs, so the pool keeps a few.
    engine = create_engine(url, pool_size=8, max_overflow=8)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    return engine
