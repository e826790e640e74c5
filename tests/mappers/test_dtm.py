"""Times: an offset or a date, never a guess."""

import pytest

from mappers import dtm

EAST = "+08:00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015", "2015"),
        ("201501", "2015-01"),
        ("20150126", "2015-01-26"),
        ("1977-01-01", "1977-01-01"),
        ("2015012611", "2015-01-26T11:00:00+08:00"),
        ("201501261132", "2015-01-26T11:32:00+08:00"),
        ("20150126113255", "2015-01-26T11:32:55+08:00"),
        ("2015-01-26 11:32:55", "2015-01-26T11:32:55+08:00"),
        ("20150126113255.883+0800", "2015-01-26T11:32:55.883+08:00"),
        ("20150126113255-0500", "2015-01-26T11:32:55-05:00"),
        ("20150126113255+05:30", "2015-01-26T11:32:55+05:30"),
        ("2015-01-26T11:32:55Z", "2015-01-26T11:32:55Z"),
        ("20000229", "2000-02-29"),
        ("2026/10/05 12:00:00", "2026-10-05T12:00:00+08:00"),
        ("2026/3/1 9:05:03", "2026-03-01T09:05:03+08:00"),
        ("2026-3-1 9:05", "2026-03-01T09:05:00+08:00"),
        ("2026年3月1日", "2026-03-01"),
    ],
)
def test_a_time_keeps_its_precision_and_gets_the_offset_of_the_site(text: str, expected: str) -> None:
    assert dtm.dateTime(text, EAST) == expected


@pytest.mark.parametrize(
    "text",
    [
        "00000000",
        "19900230",
        "19901301",
        "2026/13/1",
        "2026/3/1 25:00",
        "2026-3",
        "20150126240000",
        "20150126116000",
        "无",
        "",
        "12",
        "20150126113255+2500",
    ],
)
def test_a_time_that_does_not_exist_is_none(text: str) -> None:
    assert dtm.dateTime(text, EAST) is None
    assert dtm.date(text) is None
    assert dtm.instant(text, EAST) is None


def test_a_date_is_the_day_as_written_whatever_time_stands_behind_it() -> None:
    assert dtm.date("19881002000000") == "1988-10-02"
    assert dtm.date("198810") == "1988-10"


def test_an_instant_needs_a_day() -> None:
    assert dtm.instant("20260301", EAST) == "2026-03-01T00:00:00+08:00"
    assert dtm.instant("202603", EAST) is None


def test_local_time_is_never_utc_by_assumption() -> None:
    assert dtm.instant("20260301080000", "-03:00") == "2026-03-01T08:00:00-03:00"
