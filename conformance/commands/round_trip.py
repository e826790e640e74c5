"""`qiao round-trip`: what comes back of v2 messages when they are written again from their FHIR resources."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.round_trip import Trips


def command(
    path: Annotated[Path, typer.Argument(help="A file of messages, or a folder.")],
    site: Annotated[str, typer.Option(help="Site code; otherwise MSH-3 and MSH-4 decide.")] = "",
    sites: Annotated[Path | None, typer.Option(help="Folder of site configurations.")] = None,
    version: Annotated[str, typer.Option(help="The version that is written.")] = "2.5.1",
    fields: Annotated[bool, typer.Option(help="Name the fields, the most frequent first.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Read v2 messages, write them again from their resources, compare: kept, lost, and what is not measured."""
    import json

    from conformance.round_trip import together

    found = _measured(path, site, sites, version)
    every = together(found.values())
    if json_:
        kinds = {kind: found[kind].plain() for kind in sorted(found)}
        typer.echo(json.dumps({**every.plain(), "kinds": kinds}, ensure_ascii=False))
        return
    head = ("messages", "unsent", "values", "kept", "lost", "share", "beyond", "overruled", "stranded", "unmeasured")
    typer.echo("".join(f"{name:>11}" for name in ("", *head)))
    for kind, trips in [*sorted(found.items()), ("all", every)]:
        typer.echo(_line(kind, trips))
        for fate in ("lost", "beyond", "overruled", "stranded") if fields else ():
            _named(fate, trips.most(fate))
        if fields:
            _named("unsent", trips.unsent)


def _named(what: str, counts: Mapping[str, int]) -> None:
    if counts:
        typer.echo(f"{'':13}{what}: " + ", ".join(f"{name} {count}" for name, count in counts.items()))


def _line(kind: str, trips: Trips) -> str:
    from conformance.round_trip import KEPT

    fates = trips.fates
    told = [kind, trips.messages, trips.unsent.total(), trips.values, sum(fates[fate] for fate in KEPT), fates["lost"]]
    told += [_percent(trips.share), fates["beyond"], fates["overruled"], fates["stranded"]]
    return "".join(f"{one:>11}" for one in (*told, _percent(trips.unmeasured / trips.values if trips.values else None)))


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.2f} %"


def _measured(path: Path, site: str, sites: Path | None, version: str) -> dict[str, Trips]:
    """The trips by kind of message; what cannot be read is a kind of its own, `-`."""
    from adapters import batch
    from adapters.commands.book import book_of
    from adapters.commands.said import fail, progress
    from adapters.pipeline import prepare
    from conformance.round_trip import Trips, Unsent, there_and_back
    from fhir_server.intake import system_clock
    from mappers.outbound import versions
    from mappers.site import Context

    if not path.exists():
        fail(f"There is no such file: {path}", exit_code=3)
    if version not in versions():
        fail(f"--version must be one of {', '.join(versions())}, not {version!r}.", exit_code=2)
    book = book_of(sites, site)
    found: dict[str, Trips] = {}
    with progress("Messages") as step:
        for item in batch.messages(path):
            prepared = prepare(item.raw, book, system_clock(), channel="explain", site=site)
            message, mapped = prepared.message, prepared.mapped
            trips = found.setdefault((message.code if message is not None else "") or "-", Trips())
            if message is None or mapped is None:
                trips.add(Unsent("unread"))
            else:
                context = Context(prepared.endpoint.site, mapped.event_time, f"urn:qiao:message:{message.control_id}")
                trips.add(there_and_back(message, mapped, context, version))
            step()
    return found
