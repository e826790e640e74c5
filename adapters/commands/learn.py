"""`qiao learn`: what a sender uses, from its captured messages, and the beginning of its site files.

Exit codes: 0 fine, 1 no message could be read, 2 usage, 3 no such file.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.dialect import Dialect
    from adapters.replay import Input
    from adapters.site import SiteBook

_MOST_SENDERS = 200


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, batches, JSONL with base64 `message`.")],
    site: Annotated[str, typer.Option(help="Read as this site when it is known; else the code of the skeleton.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder of sites that gets the skeleton, one folder a sender.")
    ] = None,
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites known today.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many messages; 0 is all.")] = 0,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Profile captured messages (fields, shapes, codes, unmapped share) and write the beginning of a site."""
    from itertools import islice

    from adapters.commands.book import book_of
    from adapters.commands.said import fail, progress
    from adapters.replay_files import inputs

    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        fail(f"There is no such file or folder: {', '.join(missing)}", exit_code=3)
    book = book_of(sites)
    source = inputs(paths)
    with progress("learn", quiet=json_) as step:
        found, unread = _learn(islice(source, limit) if limit else source, book, site, step)
    written = _write(found, out, site) if out is not None else []
    result = {"messages": sum(one.messages for one in found), "unread": unread, "written": written}
    result["senders"] = [one.json() for one in found]
    _say(result, json_=json_)
    raise typer.Exit(0 if found else 1)


def _learn(source: Iterator[Input], book: SiteBook, site: str, step: Any) -> tuple[list[Dialect], int]:
    from adapters import pipeline
    from adapters.collector import Collector
    from adapters.dialect import Dialect
    from fhir_server.intake import system_clock

    known = site if book.by_code(site) is not None else ""
    senders: dict[tuple[str, str], Dialect] = {}
    unread, collector = 0, Collector()
    for one in source:
        step()
        collector.step()
        try:
            found = pipeline.prepare(one.raw, book, system_clock(), channel="replay", site=known)
        except Exception:  # counted; `qiao replay` tells more
            unread += 1
            continue
        if found.message is None:
            unread += 1
            continue
        key = (found.message.msh.get(3) or "", found.message.msh.get(4) or "")
        if key not in senders and len(senders) >= _MOST_SENDERS:
            unread += 1
            continue
        senders.setdefault(key, Dialect(*key, found.endpoint.code)).add(found)
    return sorted(senders.values(), key=lambda one: -one.messages), unread


def _write(found: list[Dialect], out: Path, site: str) -> list[str]:
    """The skeletons, each tried by loading the folder."""
    from adapters import skeleton
    from adapters.commands.said import fail
    from adapters.site import SiteError, load

    book: SiteBook | None = None
    if (out / "county.toml").exists():
        try:
            book = load(out)
        except SiteError as error:
            fail(str(error), exit_code=2)
    institution = next((code for code, one in book.institutions.items() if one.level in _LEVELS), "") if book else ""
    written: list[str] = []
    for number, one in enumerate(found, 1):
        code = site if site and number == 1 else skeleton.code_of(one, number)
        registered = book.by_sender(one.application, one.facility) if book else None
        if registered is not None:
            typer.echo(f"qiao: {one.application}^{one.facility} is {registered.code} already; left alone.", err=True)
            continue
        if (out / code).exists():
            fail(f"{out / code} is there already; give another --out or --site.", exit_code=2)
        written += map(str, skeleton.write(one, out, code, institution))
    try:
        load(out)
    except (SiteError, OSError) as error:
        fail(f"What was written does not load: {error}", exit_code=2)
    return written


_LEVELS = ("county", "township", "village")


def _say(result: dict[str, Any], *, json_: bool) -> None:
    from adapters.commands.said import finish

    if json_:
        finish(result, "learn", json_=True)
        return
    for one in result.pop("senders"):
        fields = one.pop("fields")
        one["unmapped"] = [f"{row['table']} {row['code']} {row['text']} ×{row['messages']}" for row in one["unmapped"]]
        one["codes"] = {place: ", ".join(list(found)[:12]) for place, found in one["codes"].items()}
        one["tables"] = {name: f"{row['unmapped_share']:.0%} unmapped" for name, row in one["tables"].items()}
        finish(one, f"{one['sender'][0]}^{one['sender'][1]}", json_=False)
        shapes = {place: f"{row['rate']:.0%}  {'  '.join(list(row['shapes'])[:4])}" for place, row in fields.items()}
        finish({"fields": shapes}, "fields: fill rate and shapes", json_=False)
    finish(result, "learn", json_=False)
