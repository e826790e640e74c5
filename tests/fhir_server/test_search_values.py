"""Text, instants and numbers as they are compared in a search."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.instants import instant_range, microseconds
from fhir_server.search.numbers import number, ordered, precision
from fhir_server.search.text import CUT, LONGEST, kept, normalised, pieces
from fhir_server.search.values import split, unescaped

SECOND = 1_000_000
DAY = 86_400 * SECOND


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＡＢＣ", "abc"),
        ("Müller", "muller"),
        ("张三丰", "张三丰"),
        ("  a \t b ", "a b"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("STRASSE", "strasse"),
        ("ß", "ss"),
        ("\x00", ""),
    ],
)
def test_width_case_accents_and_blanks_do_not_count(text: str, expected: str) -> None:
    assert normalised(text) == expected


@given(st.text(max_size=300))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalised(text)
    assert normalised(once) == once
    assert "\x00" not in once


@given(st.text("ab ", min_size=1, max_size=900), st.data())
def test_whatever_may_be_asked_for_stands_in_what_is_kept_or_in_one_piece(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : start + data.draw(st.integers(1, LONGEST + 1))]
    listed = [*pieces(text)] or [kept(text)]
    assert any(part in each for each in listed)
    ends = [each for each in (kept(text), *pieces(text)) if not each.endswith(CUT)]
    assert len(ends) == 1 and text.endswith(ends[0])


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", "2026-01-01T00:00:00+08:00", "2027-01-01T00:00:00+08:00"),
        ("2024-02", "2024-02-01T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
        ("2025-12", "2025-12-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
        ("2026-05-01", "2026-05-01T00:00:00+08:00", "2026-05-02T00:00:00+08:00"),
        ("2026-05-01T08:30", "2026-05-01T08:30:00+08:00", "2026-05-01T08:31:00+08:00"),
        ("2026-05-01T08:30:15Z", "2026-05-01T08:30:15+00:00", "2026-05-01T08:30:16+00:00"),
        ("2026-05-01T08:30:15.5-05:00", "2026-05-01T08:30:15.5-05:00", "2026-05-01T08:30:15.6-05:00"),
    ],
)
def test_a_date_is_the_range_of_what_it_leaves_open(text: str, low: str, high: str) -> None:
    assert instant_range(text) == (at(low), at(high) - 1)


@pytest.mark.parametrize(
    "text", ["", "26", "2026-13", "2026-02-30", "2026-05-01T25:00:00Z", "20260501", "２０２６", "x"]
)
def test_what_is_no_date_has_no_range(text: str) -> None:
    assert instant_range(text) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9998, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_any_instant_is_read_to_the_microsecond(moment: datetime, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    text = moment.isoformat(timespec="microseconds") + f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    expected = moment.replace(tzinfo=UTC) - timedelta(minutes=offset)
    start = (expected - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert instant_range(text) == (start, start)


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_the_keys_of_numbers_sort_like_the_numbers(one: Decimal, other: Decimal) -> None:
    first, second = float(one), float(other)
    assert (ordered(one) < ordered(other)) == (first < second)
    assert (ordered(one) == ordered(other)) == (first == second)
    assert -(2**63) <= ordered(one) < 2**63


@pytest.mark.parametrize(("text", "half"), [("100", "0.5"), ("5.40", "0.005"), ("1e2", "50"), ("-0.1", "0.05")])
def test_a_number_is_as_precise_as_it_is_written(text: str, half: str) -> None:
    value = number(text)
    assert value is not None
    assert precision(value) == Decimal(half)


@pytest.mark.parametrize("text", ["", "1,5", "NaN", "inf", "1_000", "٣", "1e9999", "0x1"])
def test_what_is_no_number_is_not_read_as_one(text: str) -> None:
    assert number(text) is None


def test_escaped_separators_do_not_separate() -> None:
    assert split(r"a\,b,c", ",") == [r"a\,b", "c"]
    assert unescaped(r"a\,b\|c\$d\\e") == r"a,b|c$d\e"
    assert split("a\\", ",") == ["a\\"]
