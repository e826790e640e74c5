"""The period of a report: whole days at +08:00, from `since` up to but not including `until`.

Traffic is counted by the time a message was received, clinical figures by the clinical date of the resource. An open
end restricts nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from sqlalchemy import ColumnElement, and_, true

ZONE = timezone(timedelta(hours=8))
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """`until` is the day after the last one. Both `None`: everything there is."""

    since: date | None = None
    until: date | None = None

    @property
    def low(self) -> int | None:
        return _microseconds(self.since) if self.since else None

    @property
    def high(self) -> int | None:
        return _microseconds(self.until) if self.until else None

    @property
    def last(self) -> date | None:
        """The last day that still belongs to the period."""
        return self.until - _DAY if self.until else None

    def holds(self, column: Any) -> ColumnElement[bool]:
        """The condition that a column of microseconds lies inside the period."""
        conditions = [column >= self.low] if self.low is not None else []
        conditions += [column < self.high] if self.high is not None else []
        return and_(*conditions) if conditions else true()

    def options(self) -> str:
        """The same as options of a command, with a leading blank, or nothing."""
        return (f" --since {self.since}" if self.since else "") + (f" --until {self.until}" if self.until else "")


def day(which: date) -> Period:
    return Period(which, which + _DAY)


def instant(microseconds: int) -> str:
    """Microseconds since 1970 UTC as an instant at +08:00 with seconds."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.astimezone(ZONE).isoformat(timespec="seconds")


def moment(text: Any) -> datetime | None:
    """A FHIR dateTime or instant; `None` when absent, only a date, or unreadable: a date has no minutes to compare."""
    if not isinstance(text, str) or "T" not in text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _microseconds(which: date) -> int:
    return int(datetime(which.year, which.month, which.day, tzinfo=ZONE).timestamp()) * 1_000_000
