"""OBX-6 and every other written unit -> UCUM, by `tables/units.csv`, else the text alone.

Read alike are U+00B5 and U+03BC (micro), superscript digits (`10⁹`), full-width letters and signs, blanks. The table is
matched by case first; rows marked `fold` also match in another case, rows without it do not, because there the case
tells milli from mega. Never guesses a unit from a part of the text.
Source: HL7 v2.5.1 7.4.2.6; https://ucum.org/ucum (UCUM codes).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from mappers.ledger import Outcome
from mappers.message import Delimiters, Value, legible, unescape

UCUM = "http://unitsofmeasure.org"
_TABLE = Path(__file__).parent.parent / "tables" / "units.csv"
_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_PLAIN = str.maketrans(
    {
        "µ": "u",
        "μ": "u",
        "×": "x",
        "✕": "x",
        "∗": "*",
        "／": "/",
        "％": "%",
        "（": "(",
        "）": ")",
        "＾": "^",
        " ": "",
        "\u3000": "",
    }
    | {
        chr(code): chr(code - 0xFEE0)
        for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
    }
)


class Unit(NamedTuple):
    """`text` as written, `code` the UCUM code or `""` when the table does not know it."""

    text: str
    code: str


@cache
def _known() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """(by normalised text, by its case-folded form)."""
    exact: dict[str, str] = {}
    folded: dict[str, str] = {}
    with _TABLE.open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            exact[normalised(row["text"])] = row["ucum"]
            exact.setdefault(row["ucum"], row["ucum"])
            if row["fold"] == "yes":
                folded.setdefault(normalised(row["text"]).casefold(), row["ucum"])
    return exact, folded


def normalised(text: str) -> str:
    """The text in the one spelling the table is matched by."""
    text = text.translate(_PLAIN)
    if not text.isascii():
        text = _raised(text)
    return text


def _raised(text: str) -> str:
    """`10⁹` -> `10^9`, `m²` -> `m2`: a power of ten is marked, a dimension is not."""
    out: list[str] = []
    before = ""
    for sign in text:
        place = _SUPERSCRIPT.find(sign)
        if place >= 0 and before.isdigit() and before.isascii():
            out.append("^")
        out.append(sign if place < 0 else str(place))
        before = sign
    return "".join(out)


@lru_cache(maxsize=4096)
def ucum(text: str) -> str:
    """The UCUM code of a written unit, `""` when unknown."""
    exact, folded = _known()
    key = normalised(text)
    return exact.get(key) or folded.get(key.casefold(), "")


def unit(value: Value | None) -> Unit | None:
    """The unit of an OBX-6 as senders write it: `mmol/L`, `^umol/L`, `10^9/L` without an escape, `mmol/L^^UCUM`."""
    return None if value is None else _written(value.raw, value.segment.delimiters)


def unit_place(said: str, found: Unit, place: str) -> tuple[Outcome, str]:
    """Where a part of a written unit stands, `place` being the element of its text: there, else in the code beside it;
    what stands in neither was turned into them."""
    if said in found.text:
        return "stored", place
    if said == found.code and place.endswith("unit"):
        return "stored", place.removesuffix("unit") + "code"
    return "coded", place


@lru_cache(maxsize=4096)
def _written(raw: str, delimiters: Delimiters) -> Unit | None:
    raw = legible(raw)
    whole = unescape(raw, delimiters).strip().rstrip(delimiters.component + delimiters.subcomponent)
    if code := ucum(whole):
        return Unit(whole, code)
    parts = [unescape(part, delimiters).strip() for part in raw.split(delimiters.component)]
    return _component([*parts, "", ""], whole)


def _component(parts: list[str], whole: str) -> Unit | None:
    first, second, system = parts[:3]
    if first and system.upper() == "UCUM":
        return Unit(second or first, first)
    for text in (first, second):
        if text and (code := ucum(text)):
            return Unit(text, code)
    if first.isdigit() and second:
        return Unit(whole, "")
    text = second or first
    return Unit(text, "") if text else None
