"""Timing, its `repeat`, Duration -> RPT, CQ, TM. Inverse of `mappers.datatypes.timing`.

Source: HL7 v2.5.1 2.A.66 (RPT), 2.A.18 (CQ).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes.coded import concept
from mappers.outbound.inverse import code_of
from mappers.outbound.tree import Repetition

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NONE: dict[str, Any] = {}


def pattern(value: Any, ask: Ask) -> Repetition | None:
    """RPT: pattern 1, days of the week 2 to 4, period 5 and 6, meal 8 with its offset in minutes 9 and 10."""
    if not isinstance(value, dict):
        return None
    code, repeat = value.get("code", _NONE), value.get("repeat", _NONE)
    out: Repetition = {1: _named(code, ask), **_week(repeat.get("dayOfWeek", ()))}
    if "period" in repeat:
        out |= {5: str(repeat["period"]), 6: repeat.get("periodUnit", "")}
    for event in repeat.get("when", ())[:1]:
        out[8] = code_of(ask.receiver, "EventRelatedPeriod", event)
        if "offset" in repeat:
            out |= {9: str(repeat["offset"]), 10: "min"}
    return {number: part for number, part in out.items() if part} or None


def _named(code: dict[str, Any], ask: Ask) -> str | dict[int, str]:
    """The pattern: a code alone, or with its words and system."""
    text, codings = code.get("text", ""), code.get("coding", ())
    if not codings or not text or any(one.get("code") == text for one in codings):
        return str(text or next((one.get("code", "") for one in codings), ""))
    told = concept(code, replace(ask, vocabulary="RepeatPattern")) or {}
    return {number: part for number, part in told.items() if isinstance(part, str)}


def _week(days: Any) -> Repetition:
    """Days that follow one another, from the first to the last; others cannot be said."""
    numbers = [_DAYS.index(day) + 1 for day in days if day in _DAYS]
    if not numbers or any((after - before) % 7 != 1 for before, after in pairwise(numbers)):
        return {}
    ends = {3: str(numbers[0])} if len(numbers) == 1 else {3: str(numbers[0]), 4: str(numbers[-1])}
    return {2: "DW", **ends}


def duration(value: Any, ask: Ask) -> Repetition | None:
    """CQ of a Duration."""
    if not isinstance(value, dict) or "value" not in value:
        return None
    return {1: str(value["value"]), 2: value.get("code") or value.get("unit") or ""}


def each(value: Any, ask: Ask) -> Repetition | None:
    """CQ: how long each time lasts."""
    if not isinstance(value, dict) or "duration" not in value:
        return None
    return {1: str(value["duration"]), 2: value.get("durationUnit", "")}


def clock(value: Any, ask: Ask) -> Repetition | None:
    """TM."""
    if not isinstance(value, str):
        return None
    digits = value.replace(":", "")
    return {1: digits[:4] if digits[4:] in ("", "00") else digits}
