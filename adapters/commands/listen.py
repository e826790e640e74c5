"""`qiao listen`: the MLLP listener alone, without REST."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    port: Annotated[int | None, typer.Option("--port", "--mllp-port", help="MLLP port, 2575 by default.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL.")] = None,
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    config: Annotated[Path | None, typer.Option(help="qiao.toml.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Say where it listens as one JSON object.")] = False,
) -> None:
    """Take HL7 v2 over MLLP into the store; acknowledge after the commit."""
    import asyncio
    import json

    from adapters.commands.said import fail
    from adapters.site import SiteError
    from fhir_server.settings import SettingsError, load

    try:
        settings = load(config, mllp_port=port, mllp_host=host, database=database, sites=sites)
    except SettingsError as error:
        fail(str(error), exit_code=2)

    def ready(number: int) -> None:
        where = {"mllp": f"{settings.mllp_host}:{number}", "database": settings.database.split("@")[-1]}
        typer.echo(json.dumps(where) if json_ else f"MLLP on {where['mllp']}, store {where['database']}. Ctrl-C ends.")

    try:
        asyncio.run(_listen(settings, ready))
    except SiteError as error:
        fail(str(error), exit_code=2)


async def _listen(settings: object, ready: object) -> None:
    import asyncio
    import signal

    from adapters.service import MllpService
    from fhir_server.intake import Intake
    from fhir_server.service import Runtime
    from fhir_server.store.database import Database

    database = Database(settings.database)  # type: ignore[attr-defined]
    database.create()
    intake = Intake(database)
    service = MllpService(Runtime(settings, database, intake))  # type: ignore[arg-type]
    await service.start()
    ready(service.port)  # type: ignore[operator]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await service.stop()
    intake.close()
    database.close()
