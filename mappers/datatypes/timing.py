"""RPT, RI, TQ, TM and CQ -> Timing, its `repeat`, Duration: when something is to be done, and how often.

The order of a Timing that a text only names is its `code`; the numbers beside it are `repeat`. A unit that is not one
of FHIR's units of time (s min h d wk mo a) leaves the value to the Provenance: minutes must not become months.
Source: HL7 v2.5.1 2.A.63 (RI), 2.A.66 (RPT), 2.A.81 (TQ); official maps RPT[Timing], RI[Timing], TQ[MedicationRequest],
TQ[ServiceRequest], CQ[decimal], CQ[code]; FHIR R4 Timing tim-1 … tim-10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from mappers import dtm
from mappers.codes import Coded, lookup
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.datatypes.number import decimal
from mappers.message import NULL, Value
from mappers.use import Part, Repetition, Use

_UCUM = "http://unitsofmeasure.org"
_V2_0335 = "http://terminology.hl7.org/CodeSystem/v2-0335"
UNITS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("s", "sec", "second", "seconds", "秒"), "s"),
        **dict.fromkeys(("min", "m", "minute", "minutes", "分", "分钟"), "min"),
        **dict.fromkeys(("h", "hr", "hour", "hours", "小时", "时"), "h"),
        **dict.fromkeys(("d", "day", "days", "天", "日"), "d"),
        **dict.fromkeys(("wk", "w", "week", "weeks", "周"), "wk"),
        **dict.fromkeys(("mo", "l", "month", "months", "月", "个月"), "mo"),
        **dict.fromkeys(("a", "y", "yr", "year", "years", "年"), "a"),
    }
)
"""Words for the units of time, case aside."""
SECONDS: Mapping[str, int] = MappingProxyType({"s": 1, "min": 60, "h": 3600, "d": 86400, "wk": 604800})
"""Those that have a fixed length, in seconds."""
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LETTERS = {"S": "s", "M": "min", "H": "h", "D": "d", "W": "wk", "L": "mo"}
"""Units inside table 0335 and in the old durations (`D4`): the month there is `L`."""
_DURATION = re.compile(r"([SMHDWL])(\d{1,4})", re.ASCII)
_CODED = re.compile(r"Q\d{1,4}[SMHDWL]|Q\d{1,2}J\d{1,7}|\d{1,2}ID", re.ASCII)


def _said(value: Repetition, component: int) -> str:
    text = value.get(component)
    return "" if text is None or text == NULL else text.strip()


def length(value: Repetition, number: int = 1, unit: int = 2) -> tuple[Decimal, str] | None:
    """The number and FHIR unit of time of two components; `None` when one of them is none."""
    found, code = decimal(_said(value, number)), UNITS.get(_said(value, unit).lower(), "")
    return (found, code) if found is not None and found >= 0 and code else None


def duration(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CQ[Duration]: `4^h`, `4^d&day&UCUM`."""
    found = length(value)
    if found is None:
        return None
    use.leaf(1, "value")
    use.leaf(2, "code")
    return {"value": found[0], "unit": found[1], "system": _UCUM, "code": found[1]}


def repeat_duration(value: Repetition, use: Use) -> dict[str, Any] | None:
    """CQ[Timing-Duration]: how long each time lasts, into `repeat`."""
    found = length(value)
    if found is None or not found[0]:
        return None
    use.leaf(1, "duration")
    use.leaf(2, "durationUnit")
    return {"duration": found[0], "durationUnit": found[1]}


def time(value: Repetition, use: Use) -> str | None:
    """TM[time]: `0830`, `083000`."""
    found = _clock(_said(value, 1))
    if found is not None:
        use.leaf(1)
    return found


def _clock(text: str) -> str | None:
    digits = text.replace(":", "").partition("+")[0]
    moment = dtm.read(f"20000101{digits}") if digits.isascii() and digits.isdigit() and len(digits) in (4, 6) else None
    return moment.time if moment is not None else None


def _named(use: Use, component: int, path: str) -> dict[str, Any] | None:
    """The repeat pattern as a concept; `Q6H` is of table 0335, whose `Q<integer>H` stands for every number. A code with
    words (`1011&每日一次&99X`) is told by its words."""
    text = _said(use.value, component)
    if not text:
        return None
    found = lookup(use.site, "RepeatPattern", text)
    words = use.value.get(component, 2) if isinstance(use.value, Value) else None
    if words == NULL or not words:
        words = ""
    if isinstance(found, Coded) and not words:
        use.coded(component, f"{path}.coding[0].code", "RepeatPattern", text, found.code)
        return {"coding": [{"system": found.system, "code": found.code}], "text": text}
    if not isinstance(found, Coded) and _CODED.fullmatch(text):
        use.leaf(component, f"{path}.coding[0].code")
        if words:
            use.leaf(component, f"{path}.text", 2)
        return {"coding": [{"system": _V2_0335, "code": text}], "text": words or text}
    if words:
        own = use.inside(component, path)
        own.table = "RepeatPattern" if isinstance(found, Coded) else ""
        return codeable_concept(own.value, own)
    use.leaf(component, f"{path}.text")
    return {"text": text}


def repeat_pattern(value: Repetition, use: Use) -> dict[str, Any] | None:
    """RPT[Timing]: pattern in 1, days of the week in 3 and 4, period in 5 and 6, event in 8, its offset in 9 and 10."""
    timing: dict[str, Any] = {}
    if (code := _named(use, 1, "code")) is not None:
        timing["code"] = code
    repeat: dict[str, Any] = {}
    if _said(value, 2).upper() == "DW":
        days = _days(_said(value, 3), _said(value, 4))
        if days:
            repeat["dayOfWeek"] = days
            use.leaf(2, "repeat.dayOfWeek")
            use.leaf(3, "repeat.dayOfWeek")
            if _said(value, 4):
                use.leaf(4, "repeat.dayOfWeek")
    period = length(value, 5, 6)
    if period is not None:
        repeat["period"], repeat["periodUnit"] = period
        use.leaf(5, "repeat.period")
        use.leaf(6, "repeat.periodUnit")
    _event(value, use, repeat)
    if (clock := _clock(_said(value, 7))) is not None and "when" not in repeat:
        repeat["timeOfDay"] = [clock]
        use.leaf(7, "repeat.timeOfDay")
    if repeat:
        timing["repeat"] = repeat
    return timing or None


def _days(first: str, last: str) -> list[str]:
    """Day 1 is Monday (HL7 v2.5.1 2.A.66.3); from the first to the last of them."""
    if first not in "1234567" or not first or (last and last not in "1234567"):
        return []
    start, end = int(first) - 1, int(last or first) - 1
    return list(_DAYS[start : end + 1]) if start <= end else [*_DAYS[start:], *_DAYS[: end + 1]]


def _event(value: Repetition, use: Use, repeat: dict[str, Any]) -> None:
    """RPT.8 to 10: before or after which meal; R4 tim-9 allows an offset only beside the event."""
    event = _said(value, 8)
    found = lookup(use.site, "EventRelatedPeriod", event) if event else None
    if not isinstance(found, Coded) or not found.system.endswith("v3-TimingEvent"):
        return
    repeat["when"] = [found.code]
    use.coded(8, "repeat.when[0]", "EventRelatedPeriod", event, found.code)
    offset = length(value, 9, 10)
    if offset is not None and offset[1] in SECONDS and found.code not in ("C", "CM", "CD", "CV"):
        minutes = offset[0] * SECONDS[offset[1]] / 60
        if minutes == minutes.to_integral_value():
            repeat["offset"] = int(minutes)
            use.leaf(9, "repeat.offset")
            use.leaf(10, "repeat.offset")


def repeat_interval(value: Repetition, use: Use) -> dict[str, Any] | None:
    """RI[Timing]: pattern in 1, times of day in 2 (`0600,1200`)."""
    timing: dict[str, Any] = {}
    if (code := _named(use, 1, "code")) is not None:
        timing["code"] = code
    clocks = [_clock(part) for part in _said(value, 2).split(",") if part]
    if clocks and all(clocks):
        timing["repeat"] = {"timeOfDay": clocks}
        use.leaf(2, "repeat.timeOfDay")
    return timing or None


def quantity_timing(value: Repetition, use: Use) -> dict[str, Any] | None:
    """TQ[Timing]: interval in 2, duration in 3, start in 4, end in 5, number of times in 12."""
    timing: dict[str, Any] = {}
    if not isinstance(value, Part) and _said(value, 2):
        timing = repeat_interval(Part(value, 2), use.inside(2)) or {}
    repeat: dict[str, Any] = timing.pop("repeat", {})
    _bounds(value, use, repeat)
    count = decimal(_said(value, 12))
    if count is not None and count > 0 and count == count.to_integral_value():
        repeat["count"] = int(count)
        use.leaf(12, "repeat.count")
    if repeat:
        timing["repeat"] = repeat
    return timing or None


def _bounds(value: Repetition, use: Use, repeat: dict[str, Any]) -> None:
    period: dict[str, str] = {}
    for component, name in ((4, "start"), (5, "end")):
        text = _said(value, component)
        if text and (found := dtm.dateTime(text, use.site.offset)):
            period[name] = found
            use.leaf(component, f"repeat.boundsPeriod.{name}")
    if period:
        repeat["boundsPeriod"] = period
        return
    written = _DURATION.fullmatch(_said(value, 3).upper())
    if written is not None:
        unit = _LETTERS[written[1]]
        repeat["boundsDuration"] = {"value": int(written[2]), "unit": unit, "system": _UCUM, "code": unit}
        use.leaf(3, "repeat.boundsDuration.value")


TIMING_DATATYPES: Mapping[str, Callable[[Repetition, Use], Any]] = MappingProxyType(
    {
        "CQ[Duration]": duration,
        "CQ[Timing-Duration]": repeat_duration,
        "TM[time]": time,
        "RPT[Timing]": repeat_pattern,
        "RI[Timing]": repeat_interval,
        "TQ[Timing]": quantity_timing,
    }
)
"""Names of the datatype registry that timings add."""
