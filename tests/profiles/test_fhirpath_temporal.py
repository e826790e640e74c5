"""Dates and times with their precision."""

from __future__ import annotations

from decimal import Decimal

import pytest

from profiles.fhirpath.temporal import Temporal, add, boundary, compare, parse_date, parse_date_time, parse_time


def moment(text: str) -> Temporal:
    found = parse_time(text.removeprefix("T")) if text.startswith("T") else parse_date_time(text)
    assert found is not None, text
    return found


@pytest.mark.parametrize(
    "text",
    ["2015", "2015-02", "2016-02-29", "2015-02-04T14", "2015-02-04T14:34:28.120Z", "2015-02-04T14:34:28-05:30"],
)
def test_what_is_read_is_written_the_same(text: str) -> None:
    assert str(moment(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000",
        "2015-13",
        "2015-02-29",
        "2015-2-4",
        "2015T10",
        "2015-01-01T24:00",
        "2015-01-01T10:00+15:00",
        "２０１５",
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None
    assert parse_date_time(text) is None


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        ("2015", "2016-01", -1),
        ("2015", "2015-01", None),
        ("2015-01-01T10:00:00", "2015-01-01T10:00:00.000", 0),
        ("2015-01-01T10:00:00+08:00", "2015-01-01T02:00:00Z", 0),
        ("2015-01-01T10:00+08:00", "2015-01-01T02:00:00Z", None),
        ("2015-01-01T10:00:00Z", "2015-01-01T12:00:00", None),
        ("2015-01-01T10:00:00Z", "2015-01-03T12:00:00", -1),
        ("2015-01-01", "2015-01-02T00:00:00Z", -1),
        ("T10:30", "T10:31", -1),
    ],
)
def test_comparison(left: str, right: str, order: int | None) -> None:
    assert compare(moment(left), moment(right)) == order
    assert compare(moment(right), moment(left)) == (None if order is None else -order)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        ("2016-01-31", "1", "month", "2016-02-29"),
        ("2016-02-29", "-1", "year", "2015-02-28"),
        ("2016", "36", "months", "2019"),
        ("2016-05", "1", "week", "2016-05"),
        ("2016-05-01", "36", "hours", "2016-05-02"),
        ("2016-05-01T23:59:59Z", "1", "s", "2016-05-02T00:00:00Z"),
        ("2016-05-01T10:00:00.5Z", "250", "ms", "2016-05-01T10:00:00.750Z"),
        ("T23:59", "2", "minutes", "T00:01"),
    ],
)
def test_arithmetic(start: str, amount: str, unit: str, end: str) -> None:
    assert add(moment(start), Decimal(amount), unit) == moment(end)


def test_beyond_the_calendar_there_is_nothing() -> None:
    assert add(moment("9999-12-31"), Decimal(1), "day") is None
    assert add(moment("0001-01-01"), Decimal(-1), "year") is None
    assert add(moment("2000"), Decimal(10) ** 18, "year") is None


@pytest.mark.parametrize(
    ("text", "digits", "low", "high"),
    [
        ("2015-02", 8, "2015-02-01", "2015-02-28"),
        ("2015-02-04", 17, "2015-02-04T00:00:00.000+14:00", "2015-02-04T23:59:59.999-12:00"),
        ("2015-02-04T10:30Z", None, "2015-02-04T10:30:00.000Z", "2015-02-04T10:30:59.999Z"),
        ("T10:30", None, "T10:30:00.000", "T10:30:59.999"),
    ],
)
def test_boundaries(text: str, digits: int | None, low: str, high: str) -> None:
    assert boundary(moment(text), digits, side="low") == moment(low)
    assert boundary(moment(text), digits, side="high") == moment(high)


def test_a_precision_that_does_not_exist_has_no_boundary() -> None:
    assert boundary(moment("2015"), 5, side="low") is None
