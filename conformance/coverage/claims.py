"""What the tables of `mappers` say about official rows: which rule realises a row, or why it is deferred.

Three sources. `origin` of the rows in `mappers/tables/segments` (`official PID[Patient]#PID-5:1,2`); `realised.csv` for
what is written in Python: `official`, `rule` (how its ledger lines begin), `target` (where the value arrives when it is
not the official element), `note`; `deferred.csv`: `official` and the reason in Chinese and English. In the two tables
`MAP#ID` means every row of that id, `MAP#*` every row of that map. Codes of `tables/codes` speak for themselves.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conformance.coverage.official import OfficialRow, official
from mappers import codes, rows

TABLES = Path(rows.__file__).parent / "tables"


class Claim(NamedTuple):
    """`rule` is what the ledger names (of a datatype its converter, of a code its table); `target` is ours where it is
    not the official one (`''`: as official).
    """

    rule: str
    target: str = ""


class Deferral(NamedTuple):
    zh: str
    en: str


class ClaimError(ValueError):
    """A table names an official row that does not exist."""


@cache
def _index() -> Mapping[str, tuple[OfficialRow, ...]]:
    found: dict[str, list[OfficialRow]] = {}
    for row in official():
        for key in (f"{row.map}#*", f"{row.map}#{row.id}", row.key):
            found.setdefault(key, []).append(row)
    return {key: tuple(rows_) for key, rows_ in found.items()}


def named(text: str) -> Iterator[OfficialRow]:
    """The official rows that `MAP#*`, `MAP#ID`, `MAP#ID:1,3` names. None is a `ClaimError`."""
    index = _index()
    head, colon, tail = text.rpartition(":")
    if text in index:
        keys: Iterable[str] = [text]
    elif colon and re.fullmatch(r"[\d,]+", tail):
        keys = [f"{head}:{number}" for number in tail.split(",")]
    else:
        keys = [text]
    for key in keys:
        if key not in index:
            raise ClaimError(f"the official map has no row {key}")
        yield from index[key]


def _origins() -> Iterator[tuple[str, Claim]]:
    for found in rows.maps().values():
        for row in found:
            kind = row.map[row.map.index("[") + 1 : -1].partition("-")[0]
            for part in row.origin.split(";"):
                text = part.strip()
                if text.startswith("official "):
                    for one in text.removeprefix("official ").split(" "):
                        yield one, Claim(row.id, f"{kind}.{row.target}")


def _table(name: str, columns: tuple[str, ...]) -> Iterator[dict[str, str]]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if tuple(reader.fieldnames or ()) != columns:
            raise ClaimError(f"{name}: the columns must be {', '.join(columns)}")
        yield from reader


@cache
def claims() -> Mapping[str, tuple[Claim, ...]]:
    """Who realises which official row, by key."""
    found: dict[str, list[Claim]] = {}
    for text, claim in _origins():
        for row in named(text):
            found.setdefault(row.key, []).append(claim)
    for line in _table("realised.csv", ("official", "rule", "target", "note")):
        for row in named(line["official"]):
            found.setdefault(row.key, []).append(Claim(line["rule"], line["target"]))
    for row in official():
        if row.kind == "codesystems" and _coded(row):
            found.setdefault(row.key, []).append(Claim(f"codes/{row.map}"))
    return {key: tuple(claimed) for key, claimed in found.items()}


def _coded(row: OfficialRow) -> bool:
    """Whether our table of that name turns the code into the official target."""
    try:
        known = codes.table(row.map).codes.get(row.id)
    except KeyError:
        return False
    return known is not None and known.code == row.target and known.system == row.vocabulary


@cache
def deferrals() -> Mapping[str, Deferral]:
    """Why an official row is not realised, by key."""
    return {
        row.key: Deferral(line["zh"], line["en"])
        for line in _table("deferred.csv", ("official", "zh", "en"))
        for row in named(line["official"])
    }
