"""Days are days at +08:00."""

from __future__ import annotations

from datetime import date, timedelta

from conformance.period import Period, day, instant, moment


def test_a_day_begins_at_midnight_of_beijing() -> None:
    one = day(date(2026, 10, 21))
    assert one.low is not None
    assert instant(one.low) == "2026-10-21T00:00:00+08:00"
    assert one.high == one.low + 86_400_000_000


def test_the_last_day_is_the_one_before_until() -> None:
    assert Period(date(2026, 10, 1), date(2026, 11, 1)).last == date(2026, 10, 31)


def test_an_open_period_has_no_options_and_no_bounds() -> None:
    assert (Period().low, Period().high, Period().options()) == (None, None, "")


def test_a_date_without_time_is_no_moment() -> None:
    assert moment("2026-10-21") is None
    assert moment("2026-10-21T08:00:00") is None
    assert moment("nonsense T") is None
    first, second = moment("2026-10-21T08:00:00+08:00"), moment("2026-10-21T00:30:00Z")
    assert first is not None
    assert second is not None
    assert second - first == timedelta(minutes=30)
