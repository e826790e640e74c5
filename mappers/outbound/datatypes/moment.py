"""dateTime, date, instant, Period -> DTM, DT, TS, DR.

The digits of the time where the receiver is; the offset is left out when it is the receiver's own, for old systems read
none. Precision is kept. Source: HL7 v2.5.1 2.A.21 (DTM); the inverse of `mappers.dtm`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.tree import Repetition

_TIME = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?\Z")


def dtm(text: Any, offset: str) -> str:
    """The DTM of a FHIR time at that offset, `''` when it is none."""
    found = _TIME.match(text) if isinstance(text, str) else None
    if found is None:
        return ""
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    fraction = fraction if fraction and fraction.strip(".0") else ""
    if hour is None:
        return "".join(filter(None, (year, month, day)))
    if zone not in (None, offset):
        return _moved(f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}", zone, offset) + fraction[:5]
    return f"{year}{month}{day}{hour}{minute}{second or '00'}{fraction[:5]}"


def _moved(text: str, zone: str, offset: str) -> str:
    moment = datetime.fromisoformat(text + ("+00:00" if zone == "Z" else zone))
    sign = -1 if offset[0] == "-" else 1
    minutes = sign * (int(offset[1:3]) * 60 + int(offset[4:6]))
    return moment.astimezone(timezone(timedelta(minutes=minutes))).strftime("%Y%m%d%H%M%S")


def time(value: Any, ask: Ask) -> Repetition | None:
    """DTM, TS, DT."""
    text = dtm(value, ask.receiver.site.offset)
    return {1: text} if text else None


def day(value: Any, ask: Ask) -> Repetition | None:
    """DT: the day alone."""
    text = dtm(value, ask.receiver.site.offset)[:8]
    return {1: text} if text else None


def period(value: Any, ask: Ask) -> Repetition | None:
    """DR: start in 1, end in 2."""
    return ends(value, ask, 1, 2) or None


def ends(value: Any, ask: Ask, start: int, end: int) -> Repetition:
    """The ends of a Period in two components."""
    if not isinstance(value, dict):
        return {}
    offset = ask.receiver.site.offset
    said = {start: dtm(value.get("start"), offset), end: dtm(value.get("end"), offset)}
    return {number: text for number, text in said.items() if text}
