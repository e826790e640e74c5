"""The indicators as data: `definitions.csv` says what each divides by what, `limits.csv` the time limits they use.

Source: the definitions of the consortium; national documents are cited in the rows. `Definition` describes the columns.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from conformance.count import Text

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Definition:
    """One indicator; `basis` is `received` or `clinical`; `why_not` is empty when it can be computed.

    `where`: `whole` when it says something about the consortium only, else `both`.
    """

    id: str
    title: Text
    group: str
    basis: str
    where: str
    numerator: Text
    denominator: Text
    clause: str
    citation: str
    computable: bool
    why_not: Text


@cache
def definitions() -> tuple[Definition, ...]:
    """Every indicator, in the order of the table."""
    with (_FOLDER / "definitions.csv").open(encoding="utf-8", newline="") as table:
        return tuple(
            Definition(
                row["id"],
                Text(row["zh"], row["en"]),
                row["group"],
                row["basis"],
                row["where"],
                Text(row["numerator_zh"], row["numerator_en"]),
                Text(row["denominator_zh"], row["denominator_en"]),
                row["clause"],
                row["citation"],
                row["computable"] == "yes",
                Text(row["why_not_zh"], row["why_not_en"]),
            )
            for row in csv.DictReader(table)
        )


@cache
def limits() -> Mapping[str, timedelta]:
    """Time limits by id."""
    with (_FOLDER / "limits.csv").open(encoding="utf-8", newline="") as table:
        return MappingProxyType({row["id"]: timedelta(minutes=int(row["minutes"])) for row in csv.DictReader(table)})


@cache
def version() -> str:
    """A short mark of both tables: reports with the same mark used the same definitions."""
    content = b"".join((_FOLDER / name).read_bytes() for name in ("definitions.csv", "limits.csv"))
    return sha256(content).hexdigest()[:12]
