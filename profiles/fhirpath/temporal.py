"""Dates, date-times and times as FHIRPath has them: partial, with the precision they were written with.

Law: a value never gains precision. A comparison that the precision (or a missing offset) leaves open is None, which the
operators turn into the empty collection. Nothing here reads a clock or assumes a time zone.
Source: http://hl7.org/fhirpath/N1/#date, #datetime, #time, #equals, #comparison, #datetime-arithmetic.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from profiles.fhirpath.errors import FhirPathError

Kind = Literal["Date", "DateTime", "Time"]
Order = Literal[-1, 0, 1]


@dataclass(frozen=True, slots=True)
class Temporal:
    """`parts` are year, month, day, hour, minute, second (of a Time: from the hour), as many as were written."""

    kind: Kind
    parts: tuple[int, ...]
    fraction: str = ""
    offset: int | None = None

    def __str__(self) -> str:
        clock = self.parts if self.kind == "Time" else self.parts[3:]
        text = ":".join(f"{part:02d}" for part in clock) + ("." + self.fraction if self.fraction else "")
        if self.kind == "Time":
            return text
        date = "-".join(f"{part:0{2 if place else 4}d}" for place, part in enumerate(self.parts[:3]))
        return date if not clock else f"{date}T{text}{_offset_text(self.offset)}"

    @property
    def precision(self) -> int:
        """The number of digits: 4 for a year, 8 for a day, 17 for a date-time with milliseconds."""
        digits = 2 * len(self.parts) + (0 if self.kind == "Time" else 2)
        return digits + len(self.fraction)

    @property
    def has_clock(self) -> bool:
        return self.kind != "Time" and len(self.parts) > 3


def _offset_text(offset: int | None) -> str:
    if offset is None:
        return ""
    if offset == 0:
        return "Z"
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02d}:{minutes:02d}"


# ------------------------------------------------------------------------------------------------------ reading

_DATE = r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?"
_CLOCK = r"(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d+))?)?)?"
_LONGEST = 64
_DATE_ONLY = re.compile(_DATE)
_DATE_TIME = re.compile(rf"{_DATE}(?:T(?:{_CLOCK}(Z|[+-]\d{{2}}:\d{{2}})?)?)?")
_TIME = re.compile(_CLOCK)


@lru_cache(maxsize=4096)
def _read_date(text: str) -> Temporal | None:
    match = _DATE_ONLY.fullmatch(text) if text.isascii() else None
    return None if match is None else _checked("Date", match.groups(), None, None)


@lru_cache(maxsize=4096)
def _read_date_time(text: str) -> Temporal | None:
    match = _DATE_TIME.fullmatch(text) if text.isascii() else None
    if match is None:
        return None
    *parts, fraction, offset = match.groups()
    if parts[3] is not None and parts[2] is None:
        return None
    return _checked("DateTime", tuple(parts), fraction, offset)


@lru_cache(maxsize=1024)
def _read_time(text: str) -> Temporal | None:
    match = _TIME.fullmatch(text) if text.isascii() else None
    return None if match is None else _checked("Time", match.groups()[:3], match.group(4), None)


def _checked(kind: Kind, texts: tuple[str | None, ...], fraction: str | None, zone: str | None) -> Temporal | None:
    parts = tuple(int(text) for text in texts if text is not None)
    date, clock = ((), parts) if kind == "Time" else (parts[:3], parts[3:])
    if date and not (date[0] and all(1 <= part <= top for part, top in zip(date[1:], (12, 31), strict=False))):
        return None
    if len(date) == 3 and date[2] > monthrange(date[0], date[1])[1]:
        return None
    if not all(part <= top for part, top in zip(clock, (23, 59, 60), strict=False)):
        return None
    offset = _offset(zone)
    return None if offset == "wrong" else Temporal(kind, parts, fraction or "", offset)


def _offset(zone: str | None) -> int | Literal["wrong"] | None:
    if zone is None:
        return None
    if zone == "Z":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[4:])
    if minutes > 59 or hours * 60 + minutes > 14 * 60:
        return "wrong"
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def parse_date(text: str) -> Temporal | None:
    """`2015`, `2015-02` or `2015-02-04`; None for what is no date."""
    return _read_date(text) if len(text) <= _LONGEST else None


def parse_date_time(text: str) -> Temporal | None:
    """A date, or a date and a time of any precision with or without offset; a lone `T` may follow the date."""
    return _read_date_time(text) if len(text) <= _LONGEST else None


def parse_time(text: str) -> Temporal | None:
    """`14`, `14:34` or `14:34:28.123`; None for what is no time."""
    return _read_time(text) if len(text) <= _LONGEST else None


def of_datetime(now: datetime) -> Temporal:
    """A clock's reading, to the millisecond."""
    zone = now.utcoffset()
    offset = None if zone is None else int(zone.total_seconds() // 60)
    return Temporal(
        "DateTime",
        (now.year, now.month, now.day, now.hour, now.minute, now.second),
        f"{now.microsecond // 1000:03d}",
        offset,
    )


# ---------------------------------------------------------------------------------------------------- comparing


def compare(left: Temporal, right: Temporal) -> Order | None:
    """-1, 0 or 1; None where the precisions or a missing offset leave it open. A Time only compares to a Time."""
    if left.has_clock and right.has_clock and left.offset != right.offset:
        if left.offset is None or right.offset is None:
            return _with_one_offset(left, right)
        left, right = _in_utc(left), _in_utc(right)
    return _by_parts(_comparable(left), _comparable(right))


def _comparable(value: Temporal) -> tuple[int | Decimal, ...]:
    if not value.fraction:
        return value.parts
    return (*value.parts[:-1], Decimal(f"{value.parts[-1]}.{value.fraction}"))


def _by_parts(left: tuple[int | Decimal, ...], right: tuple[int | Decimal, ...]) -> Order | None:
    for mine, yours in zip(left, right, strict=False):
        if mine != yours:
            return -1 if mine < yours else 1
    return 0 if len(left) == len(right) else None


def _in_utc(value: Temporal) -> Temporal:
    shifted = _shifted(value, -timedelta(minutes=value.offset or 0))
    return value if shifted is None else shifted


def _with_one_offset(left: Temporal, right: Temporal) -> Order | None:
    """The one without an offset stands anywhere between +14:00 and -12:00; far enough apart, that does not matter."""
    orders = set()
    for offset in (14 * 60, -12 * 60):
        mine = left if left.offset is not None else Temporal(left.kind, left.parts, left.fraction, offset)
        yours = right if right.offset is not None else Temporal(right.kind, right.parts, right.fraction, offset)
        orders.add(_by_parts(_comparable(_in_utc(mine)), _comparable(_in_utc(yours))))
    only = orders.pop()
    return only if not orders and only != 0 else None


# --------------------------------------------------------------------------------------------------- arithmetic

_MONTHS = {"year": 12, "month": 1}
_MILLISECONDS = {
    "week": 7 * 86_400_000,
    "day": 86_400_000,
    "hour": 3_600_000,
    "minute": 60_000,
    "second": 1000,
    "millisecond": 1,
}
_OF_PART = (365 * 86_400_000, 30 * 86_400_000, 86_400_000, 3_600_000, 60_000, 1000)
UCUM_DURATIONS = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}


def add(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """The value moved by a whole number of calendar units (what is behind the point is dropped); None outside the years
    1 to 9999. `month` and `year` must be meant as calendar units: the definite durations `mo` and `a` are refused."""
    word = UCUM_DURATIONS.get(unit, unit.removesuffix("s") if len(unit) > 2 else unit)
    if abs(amount) > 10**15:
        return None
    whole = int(amount)
    if word in _MONTHS and value.kind != "Time":
        return _plus_months(value, whole * _MONTHS[word])
    if word not in _MILLISECONDS:
        raise FhirPathError("A date or time moves by a calendar duration or a definite one up to weeks.")
    return _plus_milliseconds(value, whole * _MILLISECONDS[word])


def _plus_months(value: Temporal, months: int) -> Temporal | None:
    year, *rest = value.parts
    if not rest:
        year += int(months / 12)
        return Temporal(value.kind, (year,), offset=value.offset) if 1 <= year <= 9999 else None
    years, month = divmod(year * 12 + rest[0] - 1 + months, 12)
    if not 1 <= years <= 9999:
        return None
    moved = [years, month + 1, *rest[1:]]
    if len(moved) > 2:
        moved[2] = min(moved[2], monthrange(years, month + 1)[1])
    return Temporal(value.kind, tuple(moved), value.fraction, value.offset)


def _plus_milliseconds(value: Temporal, milliseconds: int) -> Temporal | None:
    """Finer units than the value has count only as far as they fill one of its own."""
    if value.kind == "Time":
        return _time_plus(value, milliseconds)
    if len(value.parts) < 3:
        months = int(milliseconds / _OF_PART[len(value.parts) - 1]) * (12 if len(value.parts) == 1 else 1)
        return _plus_months(value, months)
    if not value.fraction:
        step = _OF_PART[len(value.parts) - 1]
        milliseconds = int(milliseconds / step) * step
    return _shifted(value, timedelta(milliseconds=milliseconds))


def _shifted(value: Temporal, delta: timedelta) -> Temporal | None:
    full = list(value.parts) + [0] * (6 - len(value.parts))
    leap = full[5] == 60
    milliseconds = int(value.fraction[:3].ljust(3, "0")) if value.fraction else 0
    try:
        at = datetime(*full[:5], 59 if leap else full[5]) + timedelta(milliseconds=milliseconds)  # type: ignore[call-arg,arg-type]
        at += delta + timedelta(seconds=1 if leap else 0)
    except OverflowError:
        return None
    parts = (at.year, at.month, at.day, at.hour, at.minute, at.second)[: len(value.parts)]
    fraction = f"{at.microsecond // 1000:03d}" + value.fraction[3:] if value.fraction else ""
    return Temporal(value.kind, parts, _kept(fraction, value.fraction), value.offset)


def _kept(fraction: str, before: str) -> str:
    """As many digits as were written, unless that would lose a millisecond."""
    shorter = fraction[: len(before)]
    return shorter if not fraction[len(before) :].strip("0") else fraction


def _time_plus(value: Temporal, milliseconds: int) -> Temporal:
    """Round the clock."""
    full = [*value.parts, 0, 0][:3]
    step = 1 if value.fraction else _OF_PART[len(value.parts) + 2]
    before = ((full[0] * 60 + full[1]) * 60 + full[2]) * 1000 + int((value.fraction or "0")[:3].ljust(3, "0"))
    after = (before + int(milliseconds / step) * step) % 86_400_000
    seconds, thousandths = divmod(after, 1000)
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)[: len(value.parts)]
    return Temporal("Time", parts, _kept(f"{thousandths:03d}", value.fraction) if value.fraction else "")


# ---------------------------------------------------------------------------------------------------- boundaries

_DIGITS: dict[Kind, tuple[int, ...]] = {
    "Date": (4, 6, 8),
    "DateTime": (4, 6, 8, 10, 12, 14, 17),
    "Time": (2, 4, 6, 9),
}


_EXTREMES = {"low": (1, 1, 1, 0, 0, 0), "high": (9999, 12, 31, 23, 59, 59)}


def boundary(value: Temporal, digits: int | None, *, side: Literal["low", "high"]) -> Temporal | None:
    """The first or last moment the value can mean, to `digits` (4 a year … 17 milliseconds; default: the finest); None
    for a precision there is none of. An hour counts as its full hour, since FHIR has no time without minutes."""
    steps = _DIGITS[value.kind]
    wanted = steps[-1] if digits is None else digits
    if wanted not in steps:
        return None
    parts = list(value.parts)
    if len(parts) == (1 if value.kind == "Time" else 4):
        parts.append(0)
    size = 3 if value.kind == "Time" else 6 if value.kind == "DateTime" else 3
    extremes = _EXTREMES[side][6 - size if value.kind == "Time" else 0 :]
    while len(parts) < size:
        last_day = len(parts) == 2 and value.kind != "Time" and side == "high"
        parts.append(monthrange(parts[0], parts[1])[1] if last_day else extremes[len(parts)])
    fraction = value.fraction or ("000" if side == "low" else "999")
    whole = Temporal(value.kind, tuple(parts), fraction if value.kind != "Date" else "", value.offset)
    return _to_digits(whole, wanted, side)


def _to_digits(value: Temporal, digits: int, side: Literal["low", "high"]) -> Temporal:
    has_fraction = digits == _DIGITS[value.kind][-1] and value.kind != "Date"
    count = len(value.parts) if has_fraction else (digits if value.kind == "Time" else digits - 2) // 2
    offset = value.offset
    if offset is None and value.kind == "DateTime" and count > 3:
        offset = 14 * 60 if side == "low" else -12 * 60
    return Temporal(
        value.kind, value.parts[:count], value.fraction if has_fraction else "", offset if count > 3 else None
    )
