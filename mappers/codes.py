"""Vocabulary: what a v2 code is called in FHIR.

One CSV a table in `tables/codes/`, named as the official concept map (CC0, HL7 v2-to-FHIR) or by us; columns `code`,
`target`, `display`, `system`, `source_system`. Order of look-up: the codes of the site, then the table. What is in
neither is `Unmapped`, a value: nobody guesses.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from mappers.site import Site

FOLDER = Path(__file__).parent / "tables" / "codes"
COLUMNS = ("code", "target", "display", "system", "source_system")


class Coded(NamedTuple):
    """A code that FHIR knows. `source_system` is the system of the v2 code it came from, `''` for a site's own code."""

    code: str
    display: str
    system: str
    source_system: str


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A code that neither the site nor the table knows."""

    table: str
    code: str


@dataclass(frozen=True, slots=True)
class Table:
    """One vocabulary: by v2 code, and by target code for the codes of sites."""

    name: str
    codes: Mapping[str, Coded] = field(default_factory=dict)
    targets: Mapping[str, Coded] = field(default_factory=dict)


@cache
def table(name: str) -> Table:
    """The table of that name; an official map without rows is an empty table. An unknown name is a `KeyError`."""
    path = FOLDER / f"{name}.csv"
    if not path.exists():
        raise KeyError(f"there is no code table {name}")
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"the columns of {path.name} must be {', '.join(COLUMNS)}")
        codes: dict[str, Coded] = {}
        targets: dict[str, Coded] = {}
        for row in reader:
            coded = Coded(row["target"], row["display"], row["system"], row["source_system"])
            codes.setdefault(row["code"], coded)
            targets.setdefault(row["target"], coded._replace(source_system=""))
    return Table(name, MappingProxyType(codes), MappingProxyType(targets))


def lookup(site: Site, name: str, code: str) -> Coded | Unmapped:
    """The target of a v2 code. A site maps to a code of the table, or to `system|code` outside of it."""
    vocabulary = table(name)
    own = site.codes.get((name, code))
    if own is not None:
        known = vocabulary.targets.get(own)
        if known is not None:
            return known
        system, _, bare = own.rpartition("|")
        return Coded(bare, "", system, "")
    found = vocabulary.codes.get(code)
    return found if found is not None else Unmapped(name, code)
