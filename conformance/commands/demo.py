"""`qiao demo`: a synthetic county, a day of its messages over real MLLP, and a server to look at the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from conformance.demo import Running, Sending, Stored
    from conformance.report import Report
    from fhir_server.settings import Settings


def command(
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Stay up until Ctrl-C, or end after the day.")
    ] = True,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    port: Annotated[int | None, typer.Option(help="HTTP port; default 8080, with --no-serve a free one.")] = None,
    mllp_port: Annotated[int | None, typer.Option(help="MLLP port; default 2575, with --no-serve a free one.")] = None,
    database: Annotated[str, typer.Option(help="Database URL; default a new SQLite file in a temporary folder.")] = "",
    seed: Annotated[int | None, typer.Option(help="Another day: the seed of the generator.")] = None,
    speed: Annotated[
        float, typer.Option(min=0, help="3600: an hour of the day passes in a second. 0: no waiting.")
    ] = 0,
) -> None:
    """Send a synthetic county's day over MLLP into a new store, then serve it (Ctrl-C ends)."""
    import asyncio
    import tempfile

    from adapters.commands.said import fail
    from conformance.demo import NoCounty, PortTaken, county_day
    from fhir_server.log import configure
    from fhir_server.settings import SettingsError, load

    configure("error")
    try:
        messages = county_day(seed)
    except NoCounty:
        fail("The county of the demonstration is not here: run it from a checkout of the repository.", exit_code=3)
    with tempfile.TemporaryDirectory(prefix="qiao-demo-", ignore_cleanup_errors=True) as folder:
        ports = (port if port is not None else 8080, mllp_port if mllp_port is not None else 2575)
        ports = ports if serve else (port or 0, mllp_port or 0)
        try:
            url = database or f"sqlite:///{folder}/qiao.db"
            settings = load(
                host="127.0.0.1", port=ports[0], mllp_host="127.0.0.1", mllp_port=ports[1], database=url, translators=0
            )
            code = asyncio.run(_show(settings, messages, Path(folder), serve=serve, json_=json_, speed=speed))
        except SettingsError as error:
            fail(str(error), exit_code=2)
        except PortTaken as error:
            fail(f"Cannot listen on {error}. Is a qiao running? Give --port and --mllp-port.", exit_code=3)
        except KeyboardInterrupt:
            code = 0
    raise typer.Exit(code)


async def _show(settings: Settings, messages: Any, folder: Path, *, serve: bool, json_: bool, speed: float) -> int:
    """The whole demonstration; 4 when a message stayed without an answer."""
    import asyncio
    import time

    from adapters.commands.said import progress
    from conformance.demo import running, send_day

    async with running(settings) as server:
        began = time.monotonic()
        with progress("county day", quiet=json_, total=len(messages)) as step:
            sending = asyncio.create_task(
                send_day(messages, server.mllp_host, server.mllp_port, speed=speed, seen=step)
            )
            await asyncio.wait({sending, server.stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not sending.done():
            sending.cancel()
            return 4
        seconds = time.monotonic() - began
        outcome = sending.result()
        urls = await asyncio.to_thread(_tell, server, outcome, seconds, folder if serve else None, json_=json_)
        if serve:
            if not json_:
                _invite(urls, server)
            await server.stopped
    return 4 if outcome.unanswered else 0


def _tell(server: Running, sending: Sending, seconds: float, folder: Path | None, *, json_: bool) -> dict[str, str]:
    """Counts what the store holds and prints it; writes the reports when somebody can open them afterwards."""
    import json

    from adapters.site import SITES, load
    from conformance.demo import stored
    from conformance.files import write
    from conformance.period import Period
    from conformance.report import county, reports
    from fhir_server.security.scope import EVERYTHING

    database = server.runtime.database
    members = county(load(server.runtime.settings.sites or SITES))
    with database.read() as connection:
        made = reports(connection, EVERYTHING, Period(), members)
    urls = {name: f"{server.base}/{path}" for name, path in _PATHS.items()}
    if folder is not None:
        urls["report"] = write(made, folder / "report")[0].html.as_uri()
    found = stored(database)
    if json_:
        typer.echo(json.dumps(_summary(sending, found, made, urls, seconds), ensure_ascii=False))
    else:
        _table(sending, found, made, seconds)
    return urls


_PATHS = {
    "start": "",
    "fhir": "fhir",
    "metadata": "fhir/metadata",
    "patients": "fhir/Patient?_count=10",
    "reports": "fhir/DiagnosticReport?_sort=-date&_count=10",
    "referrals": "fhir/ServiceRequest?category=3457005",
}


def _summary(
    sending: Sending, found: Stored, made: tuple[Report, ...], urls: dict[str, str], seconds: float
) -> dict[str, Any]:
    return {
        "messages": sending.messages,
        "answers": {verdict: sending.answers[verdict] for verdict in ("AA", "AE", "AR")},
        "unanswered": len(sending.unanswered),
        "unexpected": sending.unexpected,
        "resources": dict(found.resources),
        "issues": dict(found.issues),
        "unaccounted_values": found.unaccounted,
        "institutions": {one.institution.code: _line(one) for one in made[1:]},
        "urls": urls,
        "seconds": round(seconds, 2),
    }


def _line(report: Report) -> dict[str, int]:
    answers = {part.key: part.number for part in report.count("answers").parts}
    verdicts = {verdict: answers.get(verdict, 0) for verdict in ("AA", "AE", "AR")}
    return {"messages": report.count("messages").number, **verdicts, "resources": report.count("resources").number}


def _table(sending: Sending, found: Stored, made: tuple[Report, ...], seconds: float) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = ("messages", "AA", "AE", "AR", "resources")
    table = Table(title=f"{made[0].consortium.name}: {sending.messages} messages in {seconds:.1f} s", show_footer=True)
    total = _line(made[0])
    table.add_column("institution", footer="total")
    for name in columns:
        table.add_column(
            "resource versions" if name == "resources" else name, justify="right", footer=f"{total[name]:,}"
        )
    for one in made[1:]:
        table.add_row(one.institution.name, *(f"{_line(one)[name]:,}" for name in columns))
    console = Console()
    console.print(table)
    living = sum(found.resources.values())
    console.print(f"{living:,} resources in the store, {found.unaccounted} values unaccounted for.")
    for label in (*sending.unanswered, *sending.unexpected):
        console.print(f"  not as expected: {label}", markup=False)


def _invite(urls: dict[str, str], server: Running) -> None:
    typer.echo("")
    for name, url in urls.items():
        typer.echo(f"{name:10} {url}")
    typer.echo(f"{'mllp':10} {server.mllp_host}:{server.mllp_port}")
    typer.echo("Ctrl-C ends, and takes the temporary store with it.", err=True)
