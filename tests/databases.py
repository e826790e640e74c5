"""Where tests get their databases: made once, copied as often as they are asked for.

Law: what `new` gives is a store without resources, its tables as `Database.create` makes them; nobody else has it.
Making the tables costs three times as much as copying them, on either database.
"""

from __future__ import annotations

import itertools
import os
import shutil
from pathlib import Path
from typing import Protocol

from tests.postgres_server import PostgresServer

_names = (f"test_{os.getpid()}_{number}" for number in itertools.count())


class Databases(Protocol):
    """Databases of one kind; all are named by their URL."""

    def bare(self) -> str:
        """A database without tables."""

    def new(self) -> str:
        """A store without resources."""

    def copy(self, url: str) -> str:
        """A copy of a database that nobody has open."""

    def drop(self, url: str) -> None:
        """Takes a database away, whoever has it open."""


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables = ""

    def bare(self) -> str:
        return f"sqlite:///{self._folder}/{next(_names)}.db"

    def new(self) -> str:
        self._tables = self._tables or made(self.bare())
        return self.copy(self._tables)

    def copy(self, url: str) -> str:
        copied = self.bare()
        for end in ("", "-wal"):  # what a connection that is slow to close has left in the log
            if Path(_path(url) + end).exists():
                shutil.copyfile(_path(url) + end, _path(copied) + end)
        return copied

    def drop(self, url: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(_path(url) + end).unlink(missing_ok=True)


class PostgresDatabases:
    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._tables = ""

    def bare(self) -> str:
        return self._server.create(next(_names))

    def new(self) -> str:
        self._tables = self._tables or made(self.bare())
        return self.copy(self._tables)

    def copy(self, url: str) -> str:
        return self._server.create(next(_names), template=url.rpartition("/")[2])

    def drop(self, url: str) -> None:
        self._server.drop(url.rpartition("/")[2])


def _path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def made(url: str) -> str:
    """The same database, its tables made."""
    from fhir_server.store.database import Database

    database = Database(url)
    database.create()
    database.close()
    return url
