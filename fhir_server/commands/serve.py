"""qiao serve: the REST API, and whatever services are installed, in one process until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port of the HTTP server; 0 takes a free one.")] = None,
    mllp_port: Annotated[int | None, typer.Option(help="Port of the MLLP listener; 0 a free one, -1 none.")] = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///path.db or postgresql://user@host/name.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Say where it listens as one JSON object.")] = False,
) -> None:
    """Serve FHIR REST (and MLLP) until stopped; Ctrl-C or SIGTERM finishes what was begun."""
    from fhir_server.commands.output import Exit, fail
    from fhir_server.serving import StoreUnavailable, serve
    from fhir_server.settings import SettingsError, load

    try:
        settings = load(config, host=host, port=port, mllp_port=mllp_port, database=database)
    except SettingsError as error:
        fail(str(error), Exit.USAGE, "Correct the setting, or leave it out to take the default.")
    try:
        serve(settings, as_json=json)
    except OSError as error:
        fail(f"{settings.host}:{settings.port}: {error.strerror or error}", Exit.IO, "Choose another --port or --host.")
    except StoreUnavailable as error:
        fail(str(error), Exit.IO, "Is it running, and is --database right? `qiao doctor` looks closer.")
