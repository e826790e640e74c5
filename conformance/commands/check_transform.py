"""`qiao check-transform`: is this Bundle a good translation of this message? Anybody's translation, not only ours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from conformance.transform.judgement import Judgement
    from mappers.message import Message


def command(
    message: Annotated[Path, typer.Argument(help="The v2 message, or a folder of messages.")],
    bundle: Annotated[Path, typer.Argument(help="The FHIR Bundle made of it, or a folder of `<same name>.json`.")],
    rows: Annotated[bool, typer.Option(help="List every row of the maps that is not at its place.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Hold a v2 message and the FHIR Bundle somebody made of it against the maps: kept, valid, nothing dangling?"""
    import json

    pairs = _pairs(message, bundle)
    results: list[dict[str, Any]] = []
    for name, source, made in pairs:
        from conformance.transform.judgement import plain

        results.append({"message": name, **plain(_judged(source, made))})
    if json_:
        typer.echo(json.dumps(results[0] if not message.is_dir() else _together(results), ensure_ascii=False))
    else:
        for result in results:
            _print(result, rows=rows)
        if len(results) > 1:
            _sum(_together(results))
    raise typer.Exit(0 if all(result["fine"] for result in results) else 1)


def _pairs(message: Path, bundle: Path) -> list[tuple[str, Path, Path]]:
    from adapters.commands.said import fail

    for path in (message, bundle):
        if not path.exists():
            fail(f"There is no such file: {path}", exit_code=3)
    if message.is_dir() != bundle.is_dir():
        fail("Give two files, or two folders.", exit_code=2)
    if not message.is_dir():
        return [(message.name, message, bundle)]
    found = [
        (one.name, one, made)
        for one in sorted(message.iterdir())
        if one.suffix != ".json" and one.is_file() and (made := bundle / f"{one.stem}.json").exists()
    ]
    if not found:
        fail("No message has a Bundle of the same name: `a.hl7` and `a.json` are a pair.", exit_code=1)
    return found


def _judged(source: Path, made: Path) -> Judgement:
    from adapters.commands.said import fail
    from conformance.transform.judgement import judge
    from profiles import parse

    resource, issues = parse(made.read_bytes())
    if resource is None or resource.get("resourceType") != "Bundle":
        said = "; ".join(issue.text("en") for issue in issues) or "it is not a Bundle"
        fail(f"{made.name} cannot be judged: {said}", exit_code=1)
    return judge(_message(source), resource)


def _message(source: Path) -> Message:
    from adapters import batch, syntaxes
    from adapters.commands.said import fail

    items = list(batch.messages(source))
    if len(items) != 1:
        fail(f"{source.name} must hold one message, it holds {len(items)}.", exit_code=1)
    message = syntaxes.hear(items[0].raw, None, "check").parsed.message
    if message is None:
        fail(f"{source.name} cannot be read as HL7 v2.", exit_code=1)
    return message


def _together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums over many pairs; the share is that of all values, not the mean of the shares."""
    asked = sum(one["retention"]["values"] for one in results)
    kept = sum(one["retention"]["values"] * (one["retention"]["share"] or 0) for one in results)
    return {
        "pairs": len(results),
        "retention": {"share": kept / asked if asked else None, "values": asked},
        "map": {name: sum(one["map"][name] for one in results) for name in ("rows", "placed", "elsewhere", "missing")},
        "validity": {name: sum(one["validity"][name] for one in results) for name in ("resources", "invalid")},
        "references": {name: sum(one["references"][name] for one in results) for name in ("total", "dangling")},
        "fine": all(one["fine"] for one in results),
        "messages": results,
    }


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"


def _sum(found: dict[str, Any]) -> None:
    typer.echo(f"{found['pairs']} pairs: ", nl=False)
    _print({"message": "together", **found}, rows=False)


def _print(result: dict[str, Any], *, rows: bool) -> None:
    kept, placed, valid, led = (result[name] for name in ("retention", "map", "validity", "references"))
    typer.echo(
        f"{result['message']}: retention {_percent(kept['share'])} of {kept['values']} values; "
        f"{placed['placed']} of {placed['rows']} rows at their place, {placed['elsewhere']} elsewhere, "
        f"{placed['missing']} missing; {valid['invalid']} of {valid['resources']} resources invalid; "
        f"{led['dangling']} of {led['total']} references dangling"
    )
    for location in kept.get("lost", ()):
        typer.echo(f"  lost       {location}")
    for one in valid.get("findings", ()):
        typer.echo(f"  invalid    {one['where']} {one['expression']} {one['text']}")
    for one in led.get("findings", ()):
        typer.echo(f"  dangling   {one['where']} {one['path']}")
    for one in placed.get("findings", ()) if rows else ():
        typer.echo(f"  {one['verdict']:10} {one['location']} → {one['target']} ({one['key']})")
