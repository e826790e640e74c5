"""The one place where a v2 time becomes a FHIR time.

A time has an offset or is a date: local time gets the offset of the site, never `Z` by assumption. Precision is kept,
but a FHIR time always shows minutes and seconds. What is not a date of the calendar is `None`; the caller says so.
Source: HL7 v2.5.1 2.A.21 (DTM) and 2.A.77 (TS); FHIR R4 datatypes.html#dateTime. Seen in the field and read as well:
`1977-01-01`, `2015-01-26 11:32:55`, `2026/3/1 9:05:03`, `2026年3月1日`, zones with a colon.
"""

from __future__ import annotations

import re
from datetime import date as _day
from datetime import datetime as _time
from functools import lru_cache
from typing import Any, NamedTuple

_DTM = re.compile(
    r"\A\s*(\d{4})(?:[-/.]?(\d{2})(?:[-/.]?(\d{2})(?:[T ]?(\d{2})(?::?(\d{2})(?::?(\d{2})(\.\d{1,9})?)?)?)?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?\s*\Z"
)

_WORN = re.compile(
    r"\A\s*(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:(?:T| {1,2})(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,9})?)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?\s*\Z"
)
"""As programs write it for people: single digits stand alone."""

_INSTANT = 19
"""Characters of a FHIR time to the second."""


class Moment(NamedTuple):
    """`day` has the precision of the sender (`2015`, `2015-01`, `2015-01-26`), `time` is `''` or `hh:mm:ss[.fff]`."""

    day: str
    time: str
    offset: str


@lru_cache(maxsize=4096)
def read(text: str) -> Moment | None:
    """The parts of a v2 time, or `None` when it is none or names a day or hour that does not exist."""
    match = _DTM.match(text)
    parts = match.groups() if match is not None else _worn(text)
    if parts is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = parts
    try:
        _day(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if hour is not None and not (int(hour) < 24 and int(minute or 0) < 60 and int(second or 0) < 60):
        return None
    written = year if month is None else f"{year}-{month}" if day is None else f"{year}-{month}-{day}"
    time = "" if hour is None else f"{hour}:{minute or '00'}:{second or '00'}{fraction or ''}"
    offset = _offset(zone)
    return None if offset is None else Moment(written, time, offset)


def _worn(text: str) -> tuple[Any, ...] | None:
    """The parts of a time as programs write it for people."""
    match = _WORN.match(text)
    if match is None:
        return None
    *parts, fraction, zone = match.groups()
    return (*(part.zfill(2) if part else None for part in parts), fraction, zone)


def _offset(zone: str | None) -> str | None:
    if zone is None or zone == "Z":
        return zone or ""
    written = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    return written if int(written[4:]) < 60 and int(written[1:3]) * 60 + int(written[4:]) <= 840 else None


def dateTime(text: str, offset: str) -> str | None:
    """A FHIR dateTime of the same precision."""
    moment = read(text)
    if moment is None:
        return None
    return f"{moment.day}T{moment.time}{moment.offset or offset}" if moment.time else moment.day


def date(text: str, offset: str = "") -> str | None:
    """A FHIR date: the day as written, whatever time stands behind it."""
    moment = read(text)
    return moment.day if moment else None


def instant(text: str, offset: str) -> str | None:
    """A FHIR instant; a bare day is its beginning. `None` also when the text is less precise than a day."""
    moment = read(text)
    if moment is None or len(moment.day) < 10:
        return None
    return f"{moment.day}T{moment.time or '00:00:00'}{moment.offset or offset}"


def later(start: str, end: str) -> bool:
    """Whether `start` lies after `end`, as far as both are precise; equal precision is compared as time."""
    size = min(len(start), len(end), _INSTANT)
    if size == _INSTANT:
        try:
            return _time.fromisoformat(start) > _time.fromisoformat(end)
        except (ValueError, TypeError):
            pass
    return start[:size] > end[:size]
