"""qiao db: the store as a thing to look after: its schema, its backup, how full it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from fhir_server.store.database import Database

command = typer.Typer(
    help="Look after the store: upgrade its schema, back it up, restore it, see how full it is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_Url = Annotated[str | None, typer.Option("--database", help="sqlite:///path.db or postgresql://…")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


@command.command()
def upgrade(database: _Url = None, json: _Json = False) -> None:
    """Bring the tables to the schema of this release, and the search keys to its rules; nothing to do is fine."""
    from fhir_server.commands.output import say, show
    from fhir_server.store import migrate

    with _store(database) as store:
        before, after = migrate.upgrade(store)
        reindexed = _search_keys(store)
    if json:
        show({"before": before, "after": after, "reindexed": reindexed})
    elif before == after and not reindexed:
        say(f"schema {after}: nothing to do")
    else:
        say(f"schema {before or 'none'} -> {after}, {reindexed} resources indexed anew")


@command.command()
def backup(
    target: Annotated[Path, typer.Argument(help="File to write, for example qiao-2026-11-21.zip.")],
    database: _Url = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: _Json = False,
) -> None:
    """Write the store into one file, whatever database it is in; the server may go on meanwhile."""
    from fhir_server.commands.output import Exit, fail, say, show
    from fhir_server.store.archive import backup as write

    if target.exists() and not force:
        fail(f"{target} is there already", Exit.USAGE, "Choose another name, or --force to replace it.")
    began = time.perf_counter()
    with _store(database) as store:
        manifest = write(store, target, _progress())
    seconds, size = round(time.perf_counter() - began, 1), target.stat().st_size
    if json:
        rows = {name: count for name, (count, _, _) in manifest.tables.items()}
        show({"file": str(target), "bytes": size, "schema": manifest.schema, "rows": rows, "seconds": seconds})
    else:
        say(f"{target}: {manifest.rows} rows, {size} bytes, {seconds} s. It holds patients' data: keep it safe.")


@command.command()
def restore(
    source: Annotated[Path, typer.Argument(help="File that `qiao db backup` wrote.")],
    database: _Url = None,
    json: _Json = False,
) -> None:
    """Fill a new, empty database from a backup, SQLite or PostgreSQL alike; checks the file before it writes."""
    from fhir_server.commands.output import Exit, fail, say, show
    from fhir_server.store.archive import ArchiveError
    from fhir_server.store.archive import restore as read_back

    with _store(database) as store:
        try:
            manifest = read_back(source, store, _progress())
        except ArchiveError as error:
            fail(f"{source}: {error}", Exit.FINDINGS)
        reindexed = _search_keys(store)
    if json:
        show({"rows": manifest.rows, "created": manifest.created, "reindexed": reindexed})
    else:
        say(f"{manifest.rows} rows of {manifest.created} restored, {reindexed} resources indexed")


@command.command()
def stats(database: _Url = None, json: _Json = False) -> None:
    """Count resources by type, versions, messages and open work, and say what each table takes on disk."""
    from dataclasses import asdict

    from fhir_server.commands.output import show
    from fhir_server.store.statistics import statistics

    with _store(database) as store:
        found = statistics(store)
    if json:
        show(asdict(found))
        return
    print(f"{found.database}, schema {found.schema}, {found.bytes:,} bytes, last change {found.last_change}")
    for title, counts in (
        ("resources", {**found.resources, "(deleted)": found.deleted}),
        ("messages", found.messages),
        ("jobs", found.jobs),
        ("outbox", found.outbox),
    ):
        for name, count in counts.items():
            print(f"{title:10} {name:28} {count:>12,}")
    for name, (rows, size) in found.tables.items():
        print(f"{'table':10} {name:28} {rows:>12,} rows {size:>16,} bytes")


@contextmanager
def _store(url: str | None) -> Iterator[Database]:
    """The store at the URL or of the settings; what cannot be opened ends the command."""
    from sqlalchemy.exc import SQLAlchemyError

    from fhir_server.commands.output import Exit, fail
    from fhir_server.settings import SettingsError, load
    from fhir_server.store.database import Database

    try:
        store = Database(load(database=url).database)
    except (SettingsError, ValueError) as error:
        fail(str(error), Exit.USAGE)
    try:
        yield store
    except SQLAlchemyError as error:
        # A driver's message may repeat the URL with its password, so only its class is shown.
        fail(f"the database did not do it ({type(error).__name__})", Exit.IO, "Is it up, and is --database right?")
    finally:
        store.close()


def _search_keys(store: Database) -> int:
    """Indexes the resources anew where the rules changed; how many."""
    from fhir_server.store.search_keys import renew

    return renew(store, _progress())


def _progress() -> Any:
    """A line on a terminal, at most ten times a second; nothing where nobody looks."""
    import sys

    shown = 0.0

    def step(name: str, done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if sys.stderr.isatty() and (now - shown > 0.1 or done >= total):
            shown = now
            print(f"\r{name:20} {done:>12,} of {total:,}", end="\n" if done >= total else "", file=sys.stderr)

    return step
