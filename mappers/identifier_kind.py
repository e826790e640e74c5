"""What kind of number an identifier is: facts of `tables/identifier_kinds.csv`, and how senders name them.

Order: what the site says about a CX.5 (upper-cased), then table 0203. Untyped numbers are what the site says
(`untyped_identifier`). An unknown type is a local kind of its own and never identifies anybody beyond its institution.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from mappers.message import NULL
from mappers.site import Site


class Kind(NamedTuple):
    """`system` is the national system, '' when each institution has its own; `hl7` a code of table 0203 or ''."""

    name: str
    system: str
    hl7: str
    known: bool = True


@cache
def kinds() -> Mapping[str, Kind]:
    return MappingProxyType({kind.name: kind for kind, _ in _rows()})


@cache
def _by_hl7() -> Mapping[str, Kind]:
    return MappingProxyType({code: kind for kind, codes in _rows() for code in codes})


@cache
def _rows() -> tuple[tuple[Kind, tuple[str, ...]], ...]:
    path = Path(__file__).parent / "tables" / "identifier_kinds.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(
            (Kind(row["kind"], row["system"], row["hl7"]), tuple(row["table_0203"].split()))
            for row in csv.DictReader(file)
        )


def kind_of(site: Site, written: str | None) -> Kind:
    """The kind that a CX.5 means at this site."""
    if not written or written == NULL:
        return kinds().get(site.untyped_identifier) or Kind(site.untyped_identifier, "", "")
    told = site.identifier_types.get(written.upper())
    if told is not None:
        return kinds().get(told) or Kind(told, "", "")
    found = _by_hl7().get(written.upper())
    return found if found is not None else Kind(f"type-{written.lower()}", "", "", known=False)
