"""How full a store is: resources by type, versions, messages, work that waits, and what each table takes on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from fhir_server.store import schema
from fhir_server.store.database import Database, revision


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts, and sizes in bytes. `tables` is (rows, bytes with indexes) by name; `last_change` a `change.seq`."""

    database: str
    schema: str
    bytes: int
    resources: Mapping[str, int]
    deleted: int
    last_change: int
    messages: Mapping[str, int]
    jobs: Mapping[str, int]
    outbox: Mapping[str, int]
    tables: Mapping[str, tuple[int, int]]


def statistics(database: Database) -> Statistics:
    """Reads everything in one snapshot; counts every row, so it takes a while on a large store."""
    resource = schema.resource.c
    with database.read() as connection:
        sizes = _sizes(connection, database)
        return Statistics(
            database=database.dialect,
            schema=revision(connection),
            bytes=_whole(connection, database),
            resources=_by(connection, resource.type, resource.deleted.is_(False) & (resource.version > 0)),
            deleted=_count(connection, resource.deleted.is_(True) & (resource.version > 0)),
            last_change=connection.execute(select(func.coalesce(func.max(schema.change.c.seq), 0))).scalar_one(),
            messages=_by(connection, schema.journal.c.status),
            jobs=_by(connection, schema.job.c.state),
            outbox=_by(connection, schema.outbox.c.state),
            tables={
                str(table.name): (
                    connection.execute(select(func.count()).select_from(table)).scalar_one(),
                    sizes.get(table.name, 0),
                )
                for table in schema.metadata.sorted_tables
            },
        )


def _by(connection: Connection, column: object, *where: object) -> dict[str, int]:
    statement = select(column, func.count()).where(*where).group_by(column).order_by(column)  # type: ignore[call-overload]
    return {str(row[0]): row[1] for row in connection.execute(statement)}


def _count(connection: Connection, where: object) -> int:
    return connection.execute(select(func.count()).select_from(schema.resource).where(where)).scalar_one()  # type: ignore[arg-type]


def _sizes(connection: Connection, database: Database) -> dict[str, int]:
    """Bytes by table, its indexes included; SQLite tells it only when built with dbstat."""
    if database.dialect == "postgresql":
        names = [table.name for table in schema.metadata.sorted_tables]
        statement = text("SELECT name, pg_total_relation_size(name::regclass) FROM unnest(:names) AS name")
        return {row[0]: row[1] for row in connection.execute(statement, {"names": names})}
    if connection.execute(text("SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'")).first() is None:
        return {}
    statement = text(
        "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name GROUP BY m.tbl_name"
    )
    return {str(row[0]): row[1] for row in connection.execute(statement)}


def _whole(connection: Connection, database: Database) -> int:
    if database.dialect == "postgresql":
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    path = Path(str(database.url.database))
    return sum(part.stat().st_size for part in (path, path.with_name(path.name + "-wal")) if part.exists())
