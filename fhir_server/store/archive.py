"""A store as one file, and back: a zip of what is known, independent of the database it came from.

Kept are the facts: resources, versions, changes, statements, the journal and the work that is open. Left out is what
follows from them (lists of search keys): a restore makes it anew with the rules of the release that restores. Members
are `TABLE.ndjson` (one JSON array a row, bytes in base64) and, last, `manifest.json` with the number of rows and the
SHA-256 of each. All rows are of one snapshot. A restore checks every hash before it writes, and writes into an empty
store only: first the schema of the backup with its rows in one transaction, then the steps to today's schema.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import orjson
from sqlalchemy import Connection, LargeBinary, MetaData, Table, func, select, text

from fhir_server.store.database import HEAD, Database, revision
from fhir_server.store.driver import Driver, open_driver
from fhir_server.store.schema import metadata

FORMAT = 1
DERIVED = frozenset({"about", "sp_key", "sp_string", "sp_range", "sp_reference"})
"""Tables that a restore fills anew."""
_SLICE = 2000
_MANIFEST = "manifest.json"
Progress = Callable[[str, int, int], None]
"""Called with a table's name, the rows done, and how many there are."""


class ArchiveError(Exception):
    """The file cannot be restored here; the message says why, and carries no values."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`tables` maps a name to (rows, SHA-256 in hex, columns)."""

    schema: str
    created: str
    tables: dict[str, tuple[int, str, tuple[str, ...]]]

    @property
    def rows(self) -> int:
        return sum(rows for rows, _, _ in self.tables.values())


def facts() -> list[Table]:
    """The tables that are kept, in the order of the schema."""
    return [table for table in metadata.tables.values() if table.name not in DERIVED]


# ------------------------------------------------------------------------------------------------- backup


def backup(database: Database, target: Path, progress: Progress) -> Manifest:
    """Writes the file (readable by its owner only: it holds patients' data); it appears when it is whole."""
    part = target.with_name(target.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as archive:
            with database.read() as connection:
                tables = {str(table.name): _written(archive, connection, table, progress) for table in facts()}
            manifest = Manifest(HEAD, datetime.now(UTC).isoformat(timespec="seconds"), tables)
            archive.writestr(_MANIFEST, orjson.dumps({"format": FORMAT, **_members(manifest)}))
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return manifest


def _members(manifest: Manifest) -> dict[str, Any]:
    return {"schema": manifest.schema, "created": manifest.created, "tables": manifest.tables}


def _written(
    archive: ZipFile, connection: Connection, table: Table, progress: Progress
) -> tuple[int, str, tuple[str, ...]]:
    columns = tuple(str(column.name) for column in table.columns)
    coded = _binary(table, columns)
    total = connection.execute(select(func.count()).select_from(table)).scalar_one()
    digest, done = hashlib.sha256(), 0
    with archive.open(f"{table.name}.ndjson", "w", force_zip64=True) as member:
        rows = connection.execution_options(yield_per=_SLICE).execute(select(table).order_by(*table.primary_key))
        for part in rows.partitions():
            lines = b"".join(orjson.dumps(_encoded(row, coded)) + b"\n" for row in part)
            digest.update(lines)
            member.write(lines)
            done += len(part)
            progress(table.name, done, total)
    return done, digest.hexdigest(), columns


def _binary(table: Table, columns: Sequence[str]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(columns) if isinstance(table.c[name].type, LargeBinary))


def _encoded(row: Sequence[Any], coded: tuple[int, ...]) -> list[Any]:
    values = list(row)
    for place in coded:
        if values[place] is not None:
            values[place] = b64encode(values[place]).decode()
    return values


# ------------------------------------------------------------------------------------------------ restore


def examine(source: Path) -> Manifest:
    """The manifest, after every member was read and held against it. Raises ArchiveError."""
    try:
        with ZipFile(source) as archive:
            manifest = _manifest(archive)
            for name, (rows, expected, _) in manifest.tables.items():
                digest, found = hashlib.sha256(), 0
                with archive.open(f"{name}.ndjson") as member:
                    for line in member:
                        digest.update(line)
                        found += 1
                if (found, digest.hexdigest()) != (rows, expected):
                    raise ArchiveError(f"the rows of {name} are not those that were written")
    except (BadZipFile, KeyError, EOFError) as error:
        raise ArchiveError(f"the file is damaged ({type(error).__name__})") from None
    return manifest


def _manifest(archive: ZipFile) -> Manifest:
    value = orjson.loads(archive.read(_MANIFEST))
    if value.get("format") != FORMAT:
        raise ArchiveError("the file is no backup of this program")
    tables = {name: (rows, digest, tuple(columns)) for name, (rows, digest, columns) in value["tables"].items()}
    if value["schema"] > HEAD:
        raise ArchiveError(f"the backup has schema {value['schema']}, this release knows {HEAD}: use a later release")
    return Manifest(value["schema"], value["created"], tables)


def restore(source: Path, database: Database, progress: Progress) -> Manifest:
    """Fills an empty store with the facts of a backup; search keys are made afterwards. Raises ArchiveError."""
    from fhir_server.store import migrate

    manifest = examine(source)
    with database.engine.connect() as connection:
        if revision(connection):
            raise ArchiveError("there is a store already: restore into a new database")
    migrate.upgrade(database, manifest.schema)
    found = _tables(database)
    driver = open_driver(database.driver(), database.dialect)
    try:
        driver.begin()
        with ZipFile(source) as archive:
            for name, (rows, _, columns) in manifest.tables.items():
                _read_back(driver, archive, found.tables[name], columns, rows, progress)
        driver.commit()
    except BaseException:
        driver.rollback()
        raise
    finally:
        driver.close()
    _number_on(database)
    migrate.upgrade(database)
    return manifest


def _tables(database: Database) -> MetaData:
    """The tables as they are there, of whatever schema."""
    found = MetaData()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index")
        found.reflect(database.engine)
    return found


def _read_back(
    driver: Driver, archive: ZipFile, table: Table, columns: tuple[str, ...], total: int, progress: Progress
) -> None:
    places = [columns.index(column.name) for column in table.columns]
    coded = _binary(table, columns)
    with archive.open(f"{table.name}.ndjson") as member:
        for done, rows in _slices(member):
            for row in rows:
                for place in coded:
                    row[place] = b64decode(row[place])
            driver.insert(table, [[row[place] for place in places] for row in rows])
            progress(table.name, done, total)


def _slices(member: IO[bytes]) -> Iterator[tuple[int, list[list[Any]]]]:
    done, rows = 0, []
    for line in member:
        rows.append(orjson.loads(line))
        if len(rows) == _SLICE:
            done += len(rows)
            yield done, rows
            rows = []
    if rows:
        yield done + len(rows), rows


_SEQUENCES = {"rid_seq": ("resource", "rid"), "seq_seq": ("change", "seq"), "journal_id_seq": ("journal", "id")}


def _number_on(database: Database) -> None:
    """New rows take numbers after the restored ones."""
    if database.dialect == "sqlite":
        return
    with database.engine.begin() as connection:
        for sequence, (table, column) in _SEQUENCES.items():
            top = f"SELECT setval('{sequence}', (SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)"  # noqa: S608
            connection.execute(text(top))
