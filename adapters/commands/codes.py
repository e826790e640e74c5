"""`qiao codes`: the work list of local codes that nobody has mapped, and what to do about them.

Exit codes: 0 fine, 1 codes wait (list) or messages are still refused (map, requeue), 2 usage, 3 no store or no folder.
"""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from adapters.site import SiteBook
    from fhir_server.store.database import Database

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Local codes without a mapping.")
Database_ = Annotated[str | None, typer.Option("--database", help="sqlite:///path.db or postgresql://user@host/name.")]
Sites_ = Annotated[Path | None, typer.Option("--sites", envvar="QIAO_SITES", help="Folder of the sites.")]
Json_ = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Site_ = Annotated[str, typer.Option("--site", help="Only codes of this site.")]


@app.command("list")
def list_(site: Site_ = "", sites: Sites_ = None, database: Database_ = None, json_: Json_ = False) -> None:
    """List the codes that wait for a mapping, the most frequent first."""
    from adapters.unmapped import waiting
    from fhir_server.commands.sources import opened

    book = _book(sites)
    with opened(database) as store, store.read() as connection:
        found = [one.json() for one in waiting(connection, book, site)]
    left = sum(not one["target"] for one in found)
    if json_:
        typer.echo(json_module.dumps({"waiting": left, "codes": found}, ensure_ascii=False))
    else:
        _table(found, left)
    raise typer.Exit(1 if left else 0)


@app.command("map")
def map_(
    site: Annotated[str, typer.Argument(help="Code of the site.")],
    table: Annotated[str, typer.Argument(help="Table, as `list` shows it.")],
    code: Annotated[str, typer.Argument(help="The code of the sender.")],
    target: Annotated[str, typer.Argument(help="A code of the table, or system|code.")],
    text: Annotated[str, typer.Option(help="What it means, for people.")] = "",
    no_requeue: Annotated[bool, typer.Option("--no-requeue", help="Leave the waiting messages as they are.")] = False,
    sites: Sites_ = None,
    database: Database_ = None,
    json_: Json_ = False,
) -> None:
    """Write the mapping into the site's codes.csv, complete the Task, and replay the messages that carried the code."""
    from adapters.commands.said import fail
    from adapters.unmapped import add_row
    from fhir_server.commands.sources import opened

    book = _book(sites)
    if sites is None:
        fail("Say where your sites are, with --sites or QIAO_SITES: those of the package are not written.", exit_code=2)
    if site == book.default.code or book.by_code(site) is None:
        fail(f"There is no site {site!r}; known are {', '.join(book.endpoints)}.", exit_code=2)
    with opened(database) as store:
        fresh, why = add_row(sites, site, table, code, target, text)
        if fresh is None:
            fail(why, exit_code=2)
        result = _settle(store, fresh, {site: {(table, code)}}, requeue=not no_requeue, quiet=json_)
    _finish(result, json_=json_)


@app.command()
def requeue(site: Site_ = "", sites: Sites_ = None, database: Database_ = None, json_: Json_ = False) -> None:
    """Replay the messages whose codes are mapped by now, and complete their Tasks."""
    from adapters.unmapped import waiting
    from fhir_server.commands.sources import opened

    book = _book(sites)
    with opened(database) as store:
        mapped: dict[str, set[tuple[str, str]]] = {}
        with store.read() as connection:
            for one in waiting(connection, book, site):
                if one.target:
                    mapped.setdefault(one.site, set()).add((one.table, one.code))
        result = _settle(store, book, mapped, requeue=True, quiet=json_)
    _finish(result, json_=json_)


def _book(sites: Path | None) -> SiteBook:
    from adapters.commands.book import book_of
    from adapters.commands.said import fail

    if sites is not None and not sites.is_dir():
        fail(f"There is no such folder: {sites}", exit_code=3)
    return book_of(sites)


def _settle(
    store: Database, book: SiteBook, mapped: dict[str, set[tuple[str, str]]], *, requeue: bool, quiet: bool
) -> dict[str, Any]:
    """Replays what carried the codes, then completes the Tasks: a message under older rules would open them again."""
    from adapters import replay
    from adapters.commands.said import progress
    from adapters.unmapped import carrying, target_of
    from fhir_server.arrivals.unmapped_task import Mapped
    from fhir_server.intake import Intake, system_clock

    result: dict[str, Any] = {"mapped": sum(map(len, mapped.values())), "completed": 0}
    intake = Intake(store)
    try:
        if requeue:
            codes = {site: {code for _, code in pairs} for site, pairs in mapped.items()}
            with progress("requeue", quiet=quiet) as step:
                waiting = carrying(store, book, codes, system_clock())
                tally = replay.run(waiting, book, system_clock, intake=intake, seen=lambda _one, _verdict: step())
            said = tally.json()
            result |= {name: said[name] for name in ("messages", "AA", "AE", "AR", "crashed", "issues")}
        for site, pairs in mapped.items():
            for table, code in sorted(pairs):
                done = Mapped(site, table, code, target_of(book, site, table, code))
                result["completed"] += bool(intake.submit(done).result())
    finally:
        intake.close()
    return result


def _finish(result: dict[str, Any], *, json_: bool) -> None:
    from adapters.commands.said import finish

    finish(result, "codes", json_=json_)
    raise typer.Exit(1 if result.get("AE", 0) + result.get("AR", 0) + result.get("crashed", 0) else 0)


def _table(found: list[dict[str, Any]], left: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    columns = ("site", "table", "code", "text", "location", "seen", "message", "target")
    table = Table(*columns, title=f"codes ({left} wait)")
    for one in found:
        table.add_row(*(Text(str(one[name])) for name in columns))
    Console().print(table)
