"""`qiao diff`: what changed rules would change in what was said, before anybody restarts a server with them.

Exit codes: 0 no final report would change, 1 one would, 2 usage, 3 no store or no file, 4 a message could not be read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.rule_changes import Compared, RuleChanges
    from adapters.site import SiteBook


def command(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, folders, batches of messages.")] = None,
    new: Annotated[Path | None, typer.Option("--new", envvar="QIAO_SITES", help="Folder of the sites to try.")] = None,
    old: Annotated[
        Path | None, typer.Option("--old", help="Folder of the sites of before; without it: what the store holds.")
    ] = None,
    from_journal: Annotated[bool, typer.Option("--from-journal", help="Compare what the journal holds.")] = False,
    database: Annotated[str | None, typer.Option("--database", help="Store of the journal.")] = None,
    site: Annotated[str, typer.Option(help="Of the journal: messages of this site. Of files: read as this site.")] = "",
    type_: Annotated[str, typer.Option("--type", help="Of the journal: message type, ADT or ADT^A01.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many messages; 0 is all.")] = 0,
    samples: Annotated[int, typer.Option(help="How many differences to show one by one.")] = 20,
    unmask: Annotated[bool, typer.Option("--unmask", help="Show values; they are of patients.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Replay messages under old and new rules and show what they say differently, element by element."""
    from itertools import islice

    from adapters.commands.said import fail, progress
    from adapters.rule_changes import RuleChanges

    if from_journal == bool(paths):
        fail("Give files or folders to compare, or --from-journal.", exit_code=2)
    if old is None and not from_journal:
        fail("Files have no stored outcome: give --old, the folder of the sites of before.", exit_code=2)
    missing = [str(path) for path in (*(paths or ()), old, new) if path is not None and not path.exists()]
    if missing:
        fail(f"There is no such file or folder: {', '.join(missing)}", exit_code=3)
    books = (_book(old), _book(new))
    if site and all(book is None or book.by_code(site) is None for book in books):
        fail(f"There is no site {site!r} in these folders.", exit_code=2)
    source = _journal(database, books, site, type_) if from_journal else _files(paths or [], books, site)
    result = RuleChanges(samples, masked=not unmask)
    with progress("diff", quiet=json_) as step:
        for one in islice(source, limit) if limit else source:
            result.count(one)
            step()
    _say(result, json_=json_)
    raise typer.Exit(4 if result.crashed else 1 if result.final_messages else 0)


def _book(folder: Path | None) -> SiteBook | None:
    from adapters.commands.said import fail
    from adapters.site import SiteError, load

    try:
        return load(folder) if folder is not None else None
    except SiteError as error:
        fail(f"{folder}: {error}", exit_code=2)


def _files(paths: list[Path], books: tuple[SiteBook | None, SiteBook | None], site: str) -> Iterator[Compared]:
    from adapters import rule_changes
    from adapters.replay_files import inputs
    from adapters.site import load
    from fhir_server.intake import system_clock

    old, new = books[0] or load(), books[1] or load()
    now = system_clock()
    for one in inputs(paths, site=site):
        yield rule_changes.compare(one.raw, one.label, old, new, now, site)


def _journal(
    database: str | None, books: tuple[SiteBook | None, SiteBook | None], site: str, kind: str
) -> Iterator[Compared]:
    from adapters import rule_changes
    from adapters.site import load
    from fhir_server.commands.sources import opened
    from fhir_server.store.journal import Wanted

    new = books[1] or load()
    with opened(database) as store:
        yield from rule_changes.of_journal(store, books[0], new, Wanted(site=site, type=kind))


def _say(result: RuleChanges, *, json_: bool) -> None:
    from adapters.commands.said import finish

    told: dict[str, Any] = result.json()
    if json_:
        finish(told, "diff", json_=True)
        return
    shown = told.pop("samples")
    finish(told, "diff: what the new rules would change", json_=False)
    for one in shown:
        mark = "FINAL " if one["final"] else ""
        values = f"  {one['old']} → {one['new']}" if one["kind"] == "changed" else ""
        typer.echo(f"{mark}{one['message']}  {one['kind']} {one['resource']} {one['path']}{values}  [{one['rule']}]")
