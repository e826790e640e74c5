"""`qiao replay`: what would happen, or happens again, to messages from files or from the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files, folders, batches, JSONL with base64 `message`.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Write; without it nothing is stored.")] = False,
    database: Annotated[str, typer.Option(envvar="QIAO_DATABASE", help="Database URL.")] = "sqlite:///qiao.db",
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    from_journal: Annotated[bool, typer.Option("--from-journal", help="Replay what the journal holds.")] = False,
    since: Annotated[str, typer.Option(help="Received at or after this instant or date.")] = "",
    until: Annotated[str, typer.Option(help="Received before this instant or date.")] = "",
    site: Annotated[str, typer.Option(help="Of the journal: messages of this site. Of files: read as this site.")] = "",
    type_: Annotated[str, typer.Option("--type", help="Message type, ADT or ADT^A01.")] = "",
    status: Annotated[str, typer.Option(help="accepted, refused, unreadable.")] = "",
    rate: Annotated[float, typer.Option(help="Messages a second; 0 is as fast as it goes.")] = 0,
    limit: Annotated[int, typer.Option(help="At most so many messages; 0 is all.")] = 0,
    resume: Annotated[Path | None, typer.Option(help="Remembers here how far it got, and goes on from there.")] = None,
    repair_flat: Annotated[bool, typer.Option("--repair-flat", help="Split messages without line ends.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Replay messages from files or the journal through today's rules (dry run unless --apply)."""
    from itertools import islice

    from adapters import replay
    from adapters.commands.book import book_of
    from adapters.commands.said import fail, finish, progress
    from adapters.replay_files import Bookmark, inputs
    from fhir_server.intake import Intake, system_clock
    from fhir_server.store.database import Database
    from fhir_server.store.journal import Wanted

    if from_journal == bool(paths):
        fail("Give files or folders to replay, or --from-journal.", exit_code=2)
    missing = [str(path) for path in paths or [] if not path.exists()]
    if missing:
        fail(f"There is no such file or folder: {', '.join(missing)}", exit_code=3)
    book = book_of(sites, site)
    wanted = Wanted(_time(since), _time(until), site, type_, status)
    store = Database(database) if apply or from_journal else None
    if store is not None:
        store.create()
    if store is not None and from_journal:
        source = replay.from_journal(store, wanted)
    else:
        source = inputs(paths or [], site=site, flat=repair_flat)
    bookmark = Bookmark(resume)
    source = bookmark.skip(source)
    if limit:
        source = islice(source, limit)
    intake = Intake(store) if store is not None and apply else None
    with progress("replay", quiet=json_) as step:

        def seen(_one: replay.Input, _verdict: str) -> None:
            bookmark.step()
            step()

        try:
            tally = replay.run(source, book, system_clock, intake=intake, rate=rate, seen=seen)
        finally:
            if intake is not None:
                intake.close()
            bookmark.save()
    finish(tally.json(), "replay" if apply else "replay (dry run: nothing was written; --apply writes)", json_=json_)
    raise typer.Exit(4 if tally.crashed else 1 if tally.verdicts["AE"] + tally.verdicts["AR"] else 0)


def _time(text: str) -> int | None:
    """An instant or a local date as microseconds since 1970 UTC."""
    if not text:
        return None
    from datetime import datetime

    from adapters.commands.said import fail

    try:
        return int(datetime.fromisoformat(text).astimezone().timestamp()) * 1_000_000
    except ValueError:
        fail(f"{text!r} is no date or instant: write 2026-10-21 or 2026-10-21T08:00:00+08:00.", exit_code=2)
