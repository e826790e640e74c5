"""Units: what converts to what, and what is no unit."""

from __future__ import annotations

from decimal import Decimal

import pytest

from profiles.fhirpath.ucum import _table, convert, parse


def test_every_unit_of_the_table_is_made_of_known_ones() -> None:
    assert [code for code in _table() if parse(code) is None] == []


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        ("185", "[lb_av]", "kg", "83.91458845"),
        ("37", "Cel", "[degF]", "98.6"),
        ("-40", "[degF]", "Cel", "-40"),
        ("300", "K", "Cel", "26.85"),
        ("120", "mm[Hg]", "kPa", "15.9986864898"),
        ("5.5", "mmol/L", "umol/mL", "5.5"),
        ("4.5", "10*12/L", "10*6/uL", "4.5"),
        ("4.5", "10*9/L", "10^3/uL", "4.5"),
        ("90", "mL/min/{1.73_m2}", "mL/min", "90"),
        ("2", "mg/(24.h)", "mg/d", "2"),
        ("72", "{beats}/min", "/min", "72"),
        ("50", "%", "1", "0.5"),
        ("1", "[in_i]", "cm", "2.54"),
        ("1", "wk", "h", "168"),
        ("40", "U/L", "nkat/L", "666.6666666666666666666666667"),
        ("1", "[IU]", "[iU]", "1"),
        ("1", "dag", "g", "10"),
        ("1", "kg.m/s2", "N", "1"),
    ],
)
def test_conversion(value: str, source: str, target: str, expected: str) -> None:
    assert convert(Decimal(value), source, target) == Decimal(expected)


@pytest.mark.parametrize(
    ("source", "target"),
    [("kg", "m"), ("[iU]", "mg"), ("[pH]", "1"), ("mg", "[s]"), ("B[SPL]", "B"), ("mmol/L", "mg/dL"), ("Cel", "m")],
)
def test_what_measures_something_else_does_not_convert(source: str, target: str) -> None:
    assert convert(Decimal(1), source, target) is None


@pytest.mark.parametrize(
    "code",
    ["", " ", "m m", "kk", "m/", "/", "(m", "m)", "mg/", "foo", "k[in_i]", "m^2", "10*99999", "毫克", "(" * 50],
)
def test_what_is_no_unit(code: str) -> None:
    assert parse(code) is None
