"""Annotation -> NTE. Inverse of `mappers.messages.notes`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from typing import Any

from mappers.outbound.engine import fill
from mappers.outbound.receiver import Work
from mappers.outbound.tree import TABLES, Built


@cache
def _codes() -> dict[str, str]:
    """Code of table 0105 by what inbound calls the side."""
    with (TABLES.parent / "comment_sources.csv").open(encoding="utf-8", newline="") as file:
        return {row["author"]: row["code"] for row in csv.DictReader(file, strict=True)}


def notes(annotations: Iterable[dict[str, Any]], work: Work) -> list[Built]:
    """An NTE for each; the lines of the text are the repetitions of NTE-3."""
    found: list[Built] = []
    for number, one in enumerate(annotations, 1):
        if not one.get("text"):
            continue
        nte = Built("NTE")
        nte.put(1, str(number))
        author = one.get("authorString", "")
        nte.put(2, _codes().get(author, author if len(author) <= 8 else ""))
        nte.fields[3] = [{1: line} for line in one["text"].split("\n") if line.strip()]
        fill("NTE[Annotation]", one, nte, work)
        found.append(nte)
    return found
