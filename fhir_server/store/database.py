"""The database: one URL, one engine, the settings its promises need.

SQLite runs in WAL mode with `synchronous=FULL`: what a commit returned for survives `kill -9` and a power cut.
PostgreSQL keeps its defaults (`synchronous_commit=on`). Reads take a connection from the engine's pool; the one writer
thread of the process has a connection of its own (see `writer.py`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from fhir_server.store.schema import metadata

SCHEMA_VERSION = 1
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=30000",
    "PRAGMA temp_store=MEMORY",
    # 40 MB of log before it is copied back: pages written again and again are copied once.
    "PRAGMA wal_autocheckpoint=10000",
    # 8 MiB a connection, and there are several; the file stands in the cache of the operating system anyway.
    "PRAGMA cache_size=-8192",
)


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

    @property
    def dialect(self) -> Literal["sqlite", "postgresql"]:
        return "sqlite" if self.engine.dialect.name == "sqlite" else "postgresql"

    def create(self) -> None:
        """Makes the tables that are not there yet."""
        with self.engine.begin() as connection:
            if self.dialect == "postgresql":
                # Two servers may start at once: the second waits instead of failing on a half-made table.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7101910)")
            metadata.create_all(connection)
            if self.dialect == "postgresql":
                for name in ("rid", "seq", "journal_id"):
                    connection.exec_driver_sql(f"CREATE SEQUENCE IF NOT EXISTS {name}_seq")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading: one consistent snapshot from the first statement to the end of the block."""
        with self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def driver(self) -> Any:
        """A raw driver connection in manual transaction mode, for the writer."""
        if self.dialect == "sqlite":
            connection = sqlite3.connect(str(self.url.database), isolation_level=None, check_same_thread=False)
            for pragma in _PRAGMAS:
                connection.execute(pragma)
            return connection
        import psycopg

        plain = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(plain, autocommit=True)

    def close(self) -> None:
        self.engine.dispose()


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
