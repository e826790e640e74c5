"""`qiao report`: what every institution sent in a period, what became of it, and the indicators, as HTML and JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from conformance.collect import County
    from conformance.period import Period
    from conformance.render import Language
    from fhir_server.store.database import Database


def command(
    database: Annotated[str, typer.Option(envvar="QIAO_DATABASE", help="Database URL.")] = "sqlite:///qiao.db",
    institution: Annotated[list[str] | None, typer.Option(help="Only this institution; may be repeated.")] = None,
    since: Annotated[str, typer.Option(help="First day, 2026-10-01 (days of +08:00).")] = "",
    until: Annotated[str, typer.Option(help="The day after the last one.")] = "",
    day: Annotated[str, typer.Option(help="This one day.")] = "",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("qiao-report"),
    language: Annotated[str, typer.Option(help="Language shown first: zh or en.")] = "zh",
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    generated: Annotated[str, typer.Option(help="Time of making to write into it; else two runs are equal.")] = "",
    behind: Annotated[
        list[str] | None, typer.Option(help="List every id behind this number instead; one option a level.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout: what was written where.")] = False,
) -> None:
    """Report on traffic, findings, referrals, shared results and indicators, per institution and period."""
    from adapters.commands.book import book_of
    from adapters.commands.said import fail
    from conformance.report import county
    from fhir_server.commands.sources import opened

    if language not in ("zh", "en"):
        fail(f"There is no language {language!r}; known are zh, en.", exit_code=2)
    period = _period(since, until, day)
    members = county(book_of(sites))
    wanted = tuple(institution or ())
    unknown = [code for code in wanted if code not in members.institutions]
    if unknown:
        known = ", ".join(members.institutions)
        fail(f"There is no institution {', '.join(unknown)}; known are {known}.", exit_code=2)
    with opened(database) as store:
        if behind:
            _list(store, period, members, wanted, tuple(behind), json_=json_)
        else:
            shown: Language = "zh" if language == "zh" else "en"
            _write(store, period, members, wanted, out, shown, generated, json_=json_)


def _period(since: str, until: str, one: str) -> Period:
    from datetime import date

    from adapters.commands.said import fail
    from conformance.period import Period, day

    if one and (since or until):
        fail("Give --day, or --since and --until, not both.", exit_code=2)
    try:
        if one:
            return day(date.fromisoformat(one))
        first, after = (date.fromisoformat(text) if text else None for text in (since, until))
    except ValueError:
        fail("A day is written 2026-10-21.", exit_code=2)
    if first and after and first >= after:
        fail("--until is the day after the last one and must lie after --since.", exit_code=2)
    return Period(first, after)


def _list(
    store: Database, period: Period, members: County, wanted: tuple[str, ...], path: tuple[str, ...], *, json_: bool
) -> None:
    """Prints every id behind one number."""
    import json

    from conformance.facts import ALL, Watch
    from conformance.report import behind
    from fhir_server.security.scope import EVERYTHING

    watch = Watch(wanted[0] if wanted else ALL, path[0], path[1:])
    with store.read() as connection:
        ids = behind(connection, EVERYTHING, period, members, watch)
    if json_:
        typer.echo(json.dumps({"behind": list(path), "ids": list(ids)}, ensure_ascii=False))
        return
    for one in ids:
        typer.echo(one)


def _write(
    store: Database,
    period: Period,
    members: County,
    wanted: tuple[str, ...],
    out: Path,
    language: Language,
    generated: str,
    *,
    json_: bool,
) -> None:
    """Writes the files and says where they are."""
    import json

    from conformance.files import write
    from conformance.report import reports
    from fhir_server.security.scope import EVERYTHING

    with store.read() as connection:
        made = reports(connection, EVERYTHING, period, members, only=wanted, generated=generated)
    written = write(made, out, language)
    if json_:
        files = [{"institution": one.institution, "html": str(one.html), "json": str(one.json)} for one in written]
        typer.echo(json.dumps({"reports": files}, ensure_ascii=False))
        return
    for one in written:
        typer.echo(f"{one.institution:20} {one.html}  {one.json}")
