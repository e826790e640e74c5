"""How commands speak: data on stdout, everything else on stderr, and exit codes that mean something.

0 fine, 1 findings, 2 usage, 3 input or output failed, 4 partly done.
"""

from __future__ import annotations

import sys
from enum import IntEnum
from typing import Any, NoReturn

import typer


class Exit(IntEnum):
    """The exit codes of every command."""

    FINE = 0
    FINDINGS = 1
    USAGE = 2
    IO = 3
    PARTLY = 4


def fail(what: str, code: Exit, next_step: str = "") -> NoReturn:
    """Says what went wrong and what to do next, and ends the command."""
    print(f"qiao: {what}", file=sys.stderr)
    if next_step:
        print(next_step, file=sys.stderr)
    raise typer.Exit(int(code))


def say(text: str) -> None:
    """A line for people, beside the data."""
    print(text, file=sys.stderr)


def show(value: Any) -> None:
    """One JSON value on stdout."""
    from profiles.json_output import dump

    sys.stdout.write(dump(value).decode() + "\n")
    sys.stdout.flush()


def show_bytes(body: bytes) -> None:
    """A resource on stdout, indented."""
    from fhir_server.store.body import parse
    from profiles.json_output import dump_pretty

    sys.stdout.write(dump_pretty(parse(body)).decode() + "\n")
    sys.stdout.flush()
