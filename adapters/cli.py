"""`qiao`: one command, its verbs found through the entry points `qiao.commands`.

A verb is a function (or a `typer.Typer` for a group of them); only the one that is called is imported, so that help and
completion stay fast, and a package of a vendor can bring verbs of its own.
Exit codes: 0 fine, 1 findings, 2 usage, 3 I/O, 4 partly done.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import typer
from typer.core import TyperGroup

from fhir_server.store.outdated import OutdatedStore

STORY = (
    "demo",
    "serve",
    "listen",
    "send",
    "replay",
    "explain",
    "map",
    "learn",
    "codes",
    "diff",
    "search",
    "show",
    "validate",
    "package",
    "report",
    "testscript",
    "db",
    "doctor",
)
"""The order of help: as one meets them. Others follow by name."""


@cache
def _verbs() -> dict[str, EntryPoint]:
    found = {point.name: point for point in entry_points(group="qiao.commands")}
    known = [name for name in STORY if name in found]
    return {name: found[name] for name in (*known, *sorted(set(found) - set(known)))}


class _Verbs(TyperGroup):
    """Loads a verb when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_verbs())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        point = _verbs().get(cmd_name)
        return _command(cmd_name, point.load()) if point else None


def _command(name: str, loaded: Any) -> Any:
    if isinstance(loaded, typer.Typer):
        command: Any = typer.main.get_command(loaded)
    else:
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(name)(loaded)
        command = typer.main.get_command(app)
    command.name = name
    return command


app = typer.Typer(cls=_Verbs, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    """Qiao (桥): HL7 v2 in, validated FHIR R4 out, for a county medical consortium."""


def main() -> None:
    """Runs the command line; files and sockets that fail end with exit code 3 and a sentence, not a traceback."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        typer.echo(f"qiao: {error.strerror or error}{where}", err=True)
        sys.exit(3)
    except OutdatedStore as error:
        typer.echo(f"qiao: {error}", err=True)
        sys.exit(3)


if __name__ == "__main__":
    main()
