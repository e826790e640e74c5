"""Which versions meet which criteria: the search engine itself, on a store in memory that holds just these versions.

So a Subscription means by its criteria what a search means by them, on the very version that was written and not on a
later one, and there is no second implementation of search. What a version refers to is put beside it for chains.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from fhir_server.search.query import Query
from fhir_server.security.scope import Scope
from fhir_server.store.driver import SqliteDriver
from fhir_server.store.flush import flush
from fhir_server.store.matches import search
from fhir_server.store.schema import metadata
from fhir_server.store.unit import Key, Unit


class Version(NamedTuple):
    """One version of a resource, and whose it is."""

    key: Key
    resource: dict[str, Any]
    owner: str


class Percolator:
    """Belongs to one thread at a time."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        engine = create_engine("sqlite://", creator=lambda: self._connection, poolclass=StaticPool)
        metadata.create_all(engine)
        self._driver = SqliteDriver(self._connection)

    def meeting(
        self, versions: Sequence[Version], beside: Sequence[Version], asked: Mapping[str, tuple[Query, Scope]], now: int
    ) -> dict[str, frozenset[Key]]:
        """The keys of the versions that meet each of the criteria under its scope. A key stands once at most."""
        keys = frozenset(version.key for version in versions)
        self._driver.begin()
        try:
            unit = Unit(self._driver, now)
            for version in (*versions, *(other for other in beside if other.key not in keys)):
                unit.turn(version.key, version.resource, method="PUT", owner=version.owner, message=None)
            flush(unit)
            most = len(versions) + len(beside) + 1
            return {name: frozenset(search(unit, query, scope, most)) & keys for name, (query, scope) in asked.items()}
        finally:
            self._driver.rollback()

    def close(self) -> None:
        self._connection.close()
