"""`qiao doctor`: is this installation fit to serve, and what to do where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    database: Annotated[str, typer.Option(envvar="QIAO_DATABASE", help="Database URL.")] = "sqlite:///qiao.db",
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    port: Annotated[
        int, typer.Option(envvar="QIAO_PORT", help="HTTP port that should be free; 0: not looked at.")
    ] = 8080,
    mllp_port: Annotated[
        int, typer.Option(envvar="QIAO_MLLP_PORT", help="MLLP port that should be free; 0: not looked at.")
    ] = 2575,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Check Python, packages, sites, database, disk, clock, ports, definitions and Chinese; exit 1 on findings."""
    import json
    from dataclasses import asdict

    from adapters.site import SITES
    from conformance.doctor import Settings, examine

    found = examine(Settings(database, sites or SITES, {"port": port, "mllp-port": mllp_port}))
    findings = [check for check in found if check.state == "finding"]
    if json_:
        typer.echo(
            json.dumps({"checks": [asdict(one) for one in found], "findings": len(findings)}, ensure_ascii=False)
        )
    else:
        for check in found:
            typer.echo(f"{'ok     ' if check.state == 'ok' else 'FINDING'}  {check.name:12} {check.what}")
            if check.do:
                typer.echo(f"{'':22}-> {check.do}")
    raise typer.Exit(1 if findings else 0)
