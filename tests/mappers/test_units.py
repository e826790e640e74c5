"""Units as senders write them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mappers.datatypes import units
from mappers.datatypes.units import Unit, normalised, ucum, unit
from mappers.message import Delimiters, Segment, Value

TABLE = Path(units.__file__).parent.parent / "tables" / "units.csv"


def written(raw: str) -> Unit | None:
    return unit(Value(Segment("OBX", "OBX|1", 0, 1, Delimiters()), 6, 1, raw))


@pytest.mark.parametrize(
    ("raw", "text", "code"),
    [
        ("^umol/L", "umol/L", "umol/L"),
        ("\u03bcmol/L", "\u03bcmol/L", "umol/L"),
        ("\u00b5mol/L", "\u00b5mol/L", "umol/L"),
        ("10^9/L", "10^9/L", "10*9/L"),
        ("10⁹/L", "10⁹/L", "10*9/L"),
        ("×10^12/L", "×10^12/L", "10*12/L"),
        ("10⁶/μL", "10⁶/μL", "10*6/uL"),
        ("个/HP", "个/HP", "/[HPF]"),
        ("MMOL/L", "MMOL/L", "mmol/L"),
        ("mmol/L^^UCUM", "mmol/L", "mmol/L"),
        ("ＩＵ/L", "ＩＵ/L", "[IU]/L"),
        ("kg/m²", "kg/m²", "kg/m2"),
    ],
)
def test_a_known_unit_has_its_ucum_code_and_its_own_text(raw: str, text: str, code: str) -> None:
    assert written(raw) == Unit(text, code)


def test_an_unknown_unit_is_kept_as_text_only() -> None:
    assert written("格罗申/勺") == Unit("格罗申/勺", "")


def test_case_is_not_ignored_where_it_tells_milli_from_mega() -> None:
    assert ucum("mU/L") == "mU/L"
    assert ucum("MU/L") == ""


def test_an_unknown_power_of_ten_is_not_cut_down_to_ten() -> None:
    assert written("10^7/勺") == Unit("10^7/勺", "")


def test_the_table_has_no_text_twice_and_no_contradiction_by_case() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    folded: dict[str, str] = {}
    assert len({row["text"] for row in rows}) == len(rows)
    for row in rows:
        assert row["fold"] in ("yes", "no")
        if row["fold"] == "yes":
            key = normalised(row["text"]).casefold()
            assert folded.setdefault(key, row["ucum"]) == row["ucum"], row["text"]
