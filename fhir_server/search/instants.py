"""Dates and times as closed ranges of microseconds since 1970-01-01 UTC (FHIR R4 search.html#date).

`2024-05` is the whole month. A date has no offset of its own, so it is read at the offset of the consortium
(+08:00). The same function reads stored values and query values: what is not known to the microsecond is a range.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

Range = tuple[int, int]

EARLIEST = -(2**62)
LATEST = 2**62
"""The open ends of a Period; beyond any date that can be written."""
LOCAL_OFFSET = timedelta(hours=8)
"""Offset of dates without one (China has one time zone, GB/T 7408)."""

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400_000_000
_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d)?)?)?)?", re.ASCII
)


@lru_cache(maxsize=16384)
def instant_range(text: str) -> Range | None:
    """First and last microsecond of a date, dateTime or instant, or None when `text` is none of these."""
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = form.groups()
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0))
    except ValueError:
        return None
    if int(second or 0) > 60:
        return None
    low = (start - _EPOCH) // _MICROSECOND - _offset(offset)
    if hour is None:
        return low, low + _days(start, month, day) * _DAY - 1
    if second is None:
        return low, low + 59_999_999
    low += int(second) * 1_000_000
    if fraction is None:
        return low, low + 999_999
    low += int(fraction[:6].ljust(6, "0"))
    return low, low + 10 ** max(0, 6 - len(fraction)) - 1


def _offset(text: str | None) -> int:
    """Microseconds east of UTC."""
    if text == "Z":
        return 0
    if text is None:
        return LOCAL_OFFSET // _MICROSECOND
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return (-minutes if text[0] == "-" else minutes) * 60_000_000


def _days(start: datetime, month: str | None, day: str | None) -> int:
    """How many days a year, a month or a day has."""
    if day is not None:
        return 1
    if month is not None:
        return ((start.replace(day=28) + timedelta(days=4)).replace(day=1) - start).days if start.month < 12 else 31
    return 366 if start.year % 4 == 0 and (start.year % 100 != 0 or start.year % 400 == 0) else 365


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    offset = moment.utcoffset() or timedelta(0)
    return (moment.replace(tzinfo=None) - _EPOCH - offset) // _MICROSECOND


def text_of(microseconds_since_1970: int) -> str:
    """The FHIR instant in UTC, with milliseconds when there are any (`2026-05-01T08:30:00.120Z`)."""
    moment = _EPOCH + timedelta(microseconds=microseconds_since_1970)
    return moment.isoformat(timespec="milliseconds") + "Z"
