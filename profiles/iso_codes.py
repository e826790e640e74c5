"""ISO 3166-1 and ISO 4217 as CodeSystem resources: countries by two letters, three letters and number, and currencies.

Law: facts of `iso_codes.csv` only. The names there are the English short names and a few others: a name that is not
there is not wrong for that.
Sources: https://www.iso.org/iso-3166-country-codes.html, https://www.iso.org/iso-4217-currency-codes.html (with those
withdrawn since 2011); http://hl7.org/fhir/R4/iso3166.html.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

COUNTRIES = "urn:iso:std:iso:3166"
CURRENCIES = "urn:iso:std:iso:4217"
_LISTS = {COUNTRIES: "3166", CURRENCIES: "4217"}


@cache
def _rows() -> tuple[Mapping[str, str], ...]:
    with (Path(__file__).parent / "iso_codes.csv").open(encoding="utf-8", newline="") as table:
        return tuple(csv.DictReader(table))


@cache
def countries() -> frozenset[str]:
    """The two-letter codes."""
    return frozenset(row["code"] for row in _rows() if row["list"] == _LISTS[COUNTRIES])


def iso_code_system(url: str) -> dict[str, Any] | None:
    """The CodeSystem resource, or None for any other URL."""
    return _code_system(url) if url in _LISTS else None


@cache
def _code_system(url: str) -> dict[str, Any]:
    listed = _LISTS[url]
    concepts = [concept for row in _rows() if row["list"] == listed for concept in _concepts(row, listed)]
    return {
        "resourceType": "CodeSystem",
        "url": url,
        "name": f"ISO{listed}",
        "status": "active",
        "caseSensitive": True,
        "content": "complete",
        "concept": concepts,
    }


def _concepts(row: Mapping[str, str], listed: str) -> list[dict[str, Any]]:
    """A country has three codes, a currency one."""
    codes = [row["code"], row["three"], row["numeric"]] if listed == _LISTS[COUNTRIES] else [row["code"]]
    also = [{"value": name} for name in row["also"].split("|") if name]
    return [{"code": code, "display": row["name"], **({"designation": also} if also else {})} for code in codes]
