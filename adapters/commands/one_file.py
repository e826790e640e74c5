"""Reads the messages of one file (or stdin) through the pipeline, for the commands that look and do not write."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.pipeline import Prepared


def prepared_of(file: Path, sites: Path | None, site: str) -> list[Prepared]:
    """The prepared messages; ends the command with a sentence when there is nothing to read."""
    from adapters import batch
    from adapters.commands.book import book_of
    from adapters.commands.said import fail
    from adapters.pipeline import prepare
    from fhir_server.intake import system_clock

    book = book_of(sites, site)
    if str(file) == "-":
        items = list(batch.read(sys.stdin.buffer, "stdin"))
    elif file.exists():
        items = list(batch.messages(file))
    else:
        fail(f"There is no such file: {file}", exit_code=3)
    if not items:
        fail("There is no message in it.", exit_code=1)
    return [prepare(item.raw, book, system_clock(), channel="explain", site=site) for item in items]
