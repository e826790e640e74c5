"""`qiao coverage`: how much of HL7's official V2-to-FHIR map is implemented, deferred with a reason, or missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.coverage.count import Covered


def command(
    map_: Annotated[
        str, typer.Option("--map", help="Only this map (`PID[Patient]`), segment (`PID`) or kind (`datatypes`).")
    ] = "",
    missing: Annotated[bool, typer.Option(help="List the rows that are missing.")] = False,
    deferred: Annotated[bool, typer.Option(help="List the rows that are deferred, with the reasons.")] = False,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    export: Annotated[str, typer.Option(help="Write our own rows as FHIR ConceptMaps into this folder.")] = "",
) -> None:
    """Count the rows of the official V2-to-FHIR map: implemented, deferred, missing."""
    import json

    if export:
        _export(export)
        return
    from conformance.coverage.count import coverage, tally

    found = [one for one in coverage() if not map_ or map_ in (one.row.map, one.row.segment, one.row.kind)]
    wanted = {"missing": missing, "deferred": deferred}
    listed = [one for one in found if wanted.get(one.state, False)] if missing or deferred else []
    if json_:
        shown = listed if missing or deferred else found
        core = tally(one for one in found if one.row.core)._asdict()
        typer.echo(
            json.dumps(
                {"core": core, "all": tally(found)._asdict(), "rows": [_plain(one) for one in shown]},
                ensure_ascii=False,
            )
        )
    elif listed or missing or deferred:
        for one in listed:
            typer.echo(_line(one))
    else:
        _summary(found)


def _export(folder: str) -> None:
    from pathlib import Path

    from conformance.coverage.export import write

    typer.echo(f"{write(Path(folder))} ConceptMaps in {folder}")


def _plain(one: Covered) -> dict[str, Any]:
    row = one.row
    said: dict[str, Any] = {"row": row.key, "kind": row.kind, "core": row.core, "target": row.target}
    said["state"] = one.state
    if one.rules:
        said["rules"] = list(one.rules)
    if one.reason.en:
        said["reason"] = one.reason._asdict()
    return said


def _line(one: Covered) -> str:
    row = one.row
    said = [one.state, row.key, row.v2type, row.condition or row.narrative, f"-> {row.target}"]
    said += [row.type, row.datatype, row.vocabulary, f"= {row.assignment}" * bool(row.assignment)]
    said += [one.reason.zh, one.reason.en]
    return " | ".join(filter(None, said))


def _summary(found: Sequence[Covered]) -> None:
    from conformance.coverage.count import tally
    from conformance.coverage.official import KINDS

    def row(name: str, some: Sequence[Covered]) -> None:
        said = tally(some)
        if said.total:
            share = 100 * said.implemented / said.total
            typer.echo(f"{name:52}{said.implemented:6}{said.deferred:6}{said.missing:6}{said.total:6}{share:7.1f} %")

    typer.echo(f"{'':52}{'impl':>6}{'defer':>6}{'miss':>6}{'total':>6}")
    for name in dict.fromkeys(one.row.map for one in found):
        row(name, [one for one in found if one.row.map == name])
    for kind in KINDS:
        row(f"all {kind}", [one for one in found if one.row.kind == kind])
    row("core", [one for one in found if one.row.core])
    row("all", found)
