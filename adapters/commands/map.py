"""`qiao map`: the FHIR Bundle of a message, as it would be stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    file: Annotated[Path, typer.Argument(help="A message, or several; `-` is stdin.")],
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    site: Annotated[str, typer.Option(help="Read as this site, whatever MSH-3/4 say.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Compact JSON, one Bundle a line.")] = False,
    reverse: Annotated[
        bool, typer.Option("--reverse", help="The other way: the v2 message of a Bundle, for the system of --site.")
    ] = False,
    to: Annotated[str, typer.Option(help="With --reverse: the message, for example ORU_R01 or ADT_A04.")] = "",
    version: Annotated[str, typer.Option(help="With --reverse: 2.3.1, 2.4, 2.5 or 2.5.1.")] = "2.5.1",
) -> None:
    """Print the FHIR Bundle that a message becomes, or the message that a Bundle becomes."""
    if reverse:
        from adapters.commands.map_reverse import reversed_

        typer.echo(reversed_(file, sites, site, to, version), nl=False)
        return
    from adapters.commands.one_file import prepared_of
    from adapters.explanation import spoken
    from profiles.json_output import dump, dump_pretty

    refused = False
    for prepared in prepared_of(file, sites, site):
        refused |= prepared.arrival.verdict != "AA"
        for issue in prepared.arrival.issues:
            said = spoken(issue)
            typer.echo(f"{said['severity']}: {said['code']} {said['location']} {said['text']}", err=True)
        if prepared.mapped is None:
            continue
        typer.echo((dump if json_ else dump_pretty)(prepared.mapped.bundle).decode())
    raise typer.Exit(1 if refused else 0)
