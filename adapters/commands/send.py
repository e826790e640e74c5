"""`qiao send`: messages from files to an MLLP listener."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders, batches, JSONL with base64 `message`.")],
    host: Annotated[str, typer.Option(help="Listener address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Listener port.")] = 2575,
    connections: Annotated[int, typer.Option(min=1, help="Connections; order is kept only with one.")] = 1,
    in_flight: Annotated[int, typer.Option(min=1, help="Unanswered messages a connection.")] = 1,
    rate: Annotated[float, typer.Option(help="Messages a second; 0 is as fast as it goes.")] = 0,
    seconds: Annotated[float, typer.Option(help="How long to wait for an answer.")] = 30,
    authorities: Annotated[Path | None, typer.Option(help="PEM authorities: talk TLS.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM client certificate with key.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Print each answer.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Send HL7 v2 messages over MLLP and count the answers."""
    import asyncio

    from adapters import batch
    from adapters.commands.said import fail, finish, progress
    from adapters.sender import Answer, Sender, client_tls, send_many

    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        fail(f"There is no such file or folder: {', '.join(missing)}", exit_code=3)
    tls = client_tls(authorities, certificate) if authorities else None
    failed: list[str] = []
    items = (item for path in paths for item in batch.messages(path))
    with progress("send", quiet=json_) as step:

        def answered(item: batch.Item, answer: Answer) -> None:
            step()
            if answer.failure:
                failed.append(f"{item.label}: {answer.failure}")
            if show and not json_:
                typer.echo(f"{item.label} {answer.verdict or answer.failure} {answer.text}")

        counts = asyncio.run(
            send_many(
                items,
                lambda: Sender(host, port, tls),
                answered,
                connections=connections,
                in_flight=in_flight,
                rate=rate or None,
                seconds=seconds,
            )
        )
    result = {"messages": sum(counts.values()), "answers": dict(counts), "unanswered": failed[:100]}
    finish(result, f"sent to {host}:{port}", json_=json_)
    if failed:
        where = f"{host}:{port}"
        typer.echo(
            f"qiao: {len(failed)} messages had no answer from {where}. Is a listener there? Send again.", err=True
        )
    refused = counts["AE"] + counts["AR"] + counts["CE"] + counts["CR"]
    raise typer.Exit(3 if failed and len(failed) == result["messages"] else 4 if failed else 1 if refused else 0)
