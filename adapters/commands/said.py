"""How commands speak: data on stdout, progress and complaints on stderr, each failure with what to do next."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer


def fail(sentence: str, *, exit_code: int) -> NoReturn:
    """Says what is wrong and what to do, and ends."""
    typer.echo(f"qiao: {sentence}", err=True)
    raise typer.Exit(exit_code)


def finish(result: dict[str, Any], title: str, *, json_: bool) -> None:
    """The result as one JSON object, or as a table."""
    if json_:
        typer.echo(json.dumps(result, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", "", title=title, show_header=False)
    for name, value in result.items():
        if value in ({}, []):
            continue
        shown = "\n".join(f"{key}: {count}" for key, count in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(name, shown)
    Console().print(table)


@contextmanager
def progress(title: str, *, quiet: bool = False, total: int | None = None) -> Iterator[Callable[[], None]]:
    """A bar on stderr when someone looks; the block calls what it gets once a step."""
    if quiet or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)
