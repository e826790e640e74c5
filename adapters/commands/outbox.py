"""`qiao outbox`: what goes out to other systems, what died, and what to do about it.

Exit codes: 0 fine, 1 something is dead (list) or was not moved, 2 usage, 3 no store.
"""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from adapters.outbound.ledger import Delivery

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Deliveries to other systems.")
Database_ = Annotated[str | None, typer.Option("--database", help="sqlite:///path.db or postgresql://user@host/name.")]
Json_ = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Numbers = Annotated[list[int] | None, typer.Argument(help="Numbers of deliveries, as `list` shows them.")]
Receiver_ = Annotated[str, typer.Option("--receiver", help="Only deliveries to this site.")]
STATES = ("waiting", "done", "dead", "dropped")


@app.command("list")
def list_(
    state: Annotated[str, typer.Option(help="waiting, done, dead or dropped.")] = "",
    receiver: Receiver_ = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, the newest first.")] = 50,
    database: Database_ = None,
    json_: Json_ = False,
) -> None:
    """List deliveries, the newest first, without what they say."""
    from adapters.commands.said import fail
    from adapters.outbound.ledger import counts, deliveries
    from fhir_server.commands.sources import opened

    if state and state not in STATES:
        fail(f"There is no state {state!r}; known are {', '.join(STATES)}.", exit_code=2)
    with opened(database) as store, store.read() as connection:
        found = deliveries(connection, state, receiver, limit)
        dead = sum(number for code, how, number in counts(connection) if how == "dead" and receiver in ("", code))
    if json_:
        for one in found:
            typer.echo(json_module.dumps(_head(one), ensure_ascii=False))
    else:
        _table(found, dead)
    raise typer.Exit(1 if dead else 0)


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Number of the delivery.")],
    database: Database_ = None,
    json_: Json_ = False,
) -> None:
    """Show one delivery: how it stands, the message, the last answer."""
    from adapters import charset
    from adapters.commands.said import fail
    from adapters.outbound.ledger import delivery
    from fhir_server.commands.sources import opened

    with opened(database) as store, store.read() as connection:
        found = delivery(connection, number)
    if found is None:
        fail(f"There is no delivery {number}. `qiao outbox list` shows what there is.", exit_code=1)
    message, answer = (charset.decode(raw).text if raw else "" for raw in (found.payload, found.answer))
    if json_:
        typer.echo(json_module.dumps({**_head(found), "message": message, "answer": answer}, ensure_ascii=False))
        return
    for name, value in _head(found).items():
        typer.echo(f"{name}: {value}", err=True)
    typer.echo(message.replace("\r", "\n"))
    if answer:
        typer.echo(f"answer:\n{answer.replace(chr(13), chr(10))}", err=True)


@app.command()
def retry(
    numbers: Numbers = None,
    all_: Annotated[bool, typer.Option("--all", help="Every dead letter (of --receiver).")] = False,
    receiver: Receiver_ = "",
    database: Database_ = None,
    json_: Json_ = False,
) -> None:
    """Send dead letters again, under the same MSH-10."""
    _move(numbers, all_, receiver, database, "waiting", json_)


@app.command()
def drop(
    numbers: Numbers = None,
    all_: Annotated[bool, typer.Option("--all", help="Every dead letter (of --receiver).")] = False,
    receiver: Receiver_ = "",
    database: Database_ = None,
    json_: Json_ = False,
) -> None:
    """Give deliveries up: they stay visible and are never sent."""
    _move(numbers, all_, receiver, database, "dropped", json_)


def _move(numbers: list[int] | None, every: Any, receiver: str, database: str | None, state: str, json_: Any) -> None:
    from adapters.commands.said import fail
    from adapters.outbound.ledger import Moved, deliveries
    from fhir_server.commands.sources import opened
    from fhir_server.intake import Intake

    if bool(numbers) == bool(every):
        fail("Give numbers of deliveries, or --all.", exit_code=2)
    with opened(database) as store:
        wanted = list(numbers or [])
        if every:
            with store.read() as connection:
                wanted = [one.id for one in deliveries(connection, "dead", receiver, 100_000)]
        intake = Intake(store)
        try:
            moved = intake.submit(Moved(wanted, state)).result()
        finally:
            intake.close()
    missed = sorted(set(wanted) - set(moved))
    if json_:
        typer.echo(json_module.dumps({"moved": list(moved), "state": state, "not_moved": missed}))
    else:
        typer.echo(f"{len(moved)} {state}")
        if missed:
            typer.echo(f"not there, or done already: {', '.join(map(str, missed))}", err=True)
    raise typer.Exit(1 if missed else 0)


def _head(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "state": one.state,
        "receiver": one.receiver,
        "kind": one.kind,
        "control_id": one.control_id,
        "verdict": one.verdict,
        "attempts": one.attempts,
        "created": _time(one.created),
        "updated": _time(one.updated),
        "next": _time(one.next_at) if one.next_at else "",
        "change": one.change,
        "bytes": len(one.payload),
        "issues": json_module.loads(one.issues or b"[]"),
    }


def _time(micros: int) -> str:
    from datetime import datetime

    return datetime.fromtimestamp(micros / 1_000_000).astimezone().isoformat(timespec="seconds")


def _table(found: list[Delivery], dead: int) -> None:
    from rich.console import Console
    from rich.table import Table

    columns = ("id", "state", "receiver", "kind", "control_id", "verdict", "attempts", "updated", "next")
    table = Table(*columns, title=f"outbox ({dead} dead)")
    for one in found:
        head = _head(one)
        table.add_row(*(str(head[name]) for name in columns))
    Console().print(table)
