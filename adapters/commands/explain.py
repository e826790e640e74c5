"""`qiao explain`: where did PID-3 go? Every v2 value, its FHIR path and the rule that took it there."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    file: Annotated[Path, typer.Argument(help="A message, or several; `-` is stdin; a number is one of the journal.")],
    sites: Annotated[Path | None, typer.Option(envvar="QIAO_SITES", help="Folder of the sites.")] = None,
    site: Annotated[str, typer.Option(help="Read as this site, whatever MSH-3/4 say.")] = "",
    where: Annotated[
        str, typer.Option(help="Only locations that begin so: PID-3; with --reverse, elements: Patient.name.")
    ] = "",
    reverse: Annotated[
        bool, typer.Option(help="The other way: each FHIR element, and the v2 values behind it.")
    ] = False,
    database: Annotated[str | None, typer.Option(envvar="QIAO_DATABASE", help="Store of the journal.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show for each v2 value where it went in FHIR, by which rule, or why it was left out; or the other way round."""
    import json

    from adapters import reversal
    from adapters.commands.one_file import prepared_of
    from adapters.explanation import explain

    if file.name.isdigit() and not file.exists():
        from adapters.commands.journalled import explained

        results = [explained(int(file.name), database, sites, "" if reverse else where)]
        if reverse:
            results = [reversal.reversed_(results[0], [], where)]
    elif reverse:
        results = [reversal.reverse(prepared, where) for prepared in prepared_of(file, sites, site)]
    else:
        results = [explain(prepared, where) for prepared in prepared_of(file, sites, site)]
    if json_:
        value: Any = results[0] if len(results) == 1 else {"messages": results}
        typer.echo(json.dumps(value, ensure_ascii=False))
    else:
        for result in results:
            _print(result)
    raise typer.Exit(1 if any(result["verdict"] != "AA" for result in results) else 0)


_PIPED = 170
"""Columns when nobody's terminal says otherwise: paths and rules stay whole."""


def _short(path: str) -> str:
    """`Patient.name[0].text` of `Patient/<id>#name[0].text`: the id stands in --json."""
    where, _, element = path.partition("#")
    return f"{where.partition('/')[0]}.{element}" if element else path


def _print(result: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=_PIPED)
    console.print(
        f"{'journal ' + str(result['journal']) + '  ' if 'journal' in result else ''}"
        f"{result['type']} {result['version']}  {result['control_id']}  site {result['site']}  "
        f"charset {result['charset']} (declared {result['charset_declared'] or 'none'})  → {result['verdict']}",
        markup=False,
    )
    console.print(_elements(result["elements"]) if "elements" in result else _values(result["values"]))
    for issue in result["issues"]:
        console.print(f"{issue['severity']}: {issue['code']} {issue['location']} {issue['text']}", markup=False)


def _values(values: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("v2", "value", "outcome", "FHIR path or reason", "rule")
    for line in values:
        for number, home in enumerate(line["to"] or [{"outcome": "UNACCOUNTED", "path": "", "rule": ""}]):
            shown = (line["location"], line["value"][:60]) if not number else ("", "")
            table.add_row(*(Text(cell) for cell in (*shown, home["outcome"], _short(home["path"]), home["rule"])))
    return table


_MADE = {"location": "—", "value": "", "outcome": "made by Qiao", "rule": ""}


def _elements(elements: list[dict[str, Any]]) -> Any:
    from rich.table import Table
    from rich.text import Text

    table = Table("FHIR path", "v2", "value", "outcome", "rule")
    for line in elements:
        for number, one in enumerate(line["from"] or [_MADE]):
            path = _short(line["path"]) if not number else ""
            cells = (path, one["location"], one["value"][:60], one["outcome"], one["rule"])
            table.add_row(*(Text(cell) for cell in cells))
    return table
