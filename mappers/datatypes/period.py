"""DR, and pairs of effective and expiration dates, -> Period; DTM, TS, DT -> dateTime, date, instant.

A time that does not exist is left out with an issue, and its leaf stays for the Provenance to carry.
Source: HL7 v2.5.1 2.A.20 (DR), 2.A.21 (DTM); official maps DR[Period], DTM[dateTime], TS[dateTime].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mappers import dtm
from mappers.message import NULL
from mappers.use import Part, Repetition, Use

_Reader = Callable[[str, str], "str | None"]


def _read(use: Use, component: int, subpath: str, reader: _Reader) -> str | None:
    text = use.value.get(component)
    if text is None or text == NULL:
        return None
    found = reader(text, use.site.offset)
    if found is None:
        use.issue("date-impossible", component)
        return None
    use.leaf(component, subpath)
    return found


def date_time(value: Repetition, use: Use) -> str | None:
    """DTM[dateTime], TS[dateTime]."""
    return _read(use, 1, "", dtm.dateTime)


def day(value: Repetition, use: Use) -> str | None:
    """DTM[date]: the day of a time."""
    return _read(use, 1, "", dtm.date)


def birth_time(value: Repetition, use: Use) -> str | None:
    """DTM[dateTime-birthTime]: `None` for midnight, which senders write where they know no time."""
    known = dtm.read(value.get(1) or "")
    return _read(use, 1, "", dtm.dateTime) if known and known.time.strip("0:.") else None


def moment(value: Repetition, use: Use) -> str | None:
    """DTM[instant]."""
    return _read(use, 1, "", dtm.instant)


def period(value: Repetition, use: Use) -> dict[str, Any] | None:
    """DR[Period]: start in 1, end in 2."""
    return _period(use, {"start": 1, "end": 2}) or None


def within(use: Use, components: Mapping[str, int], nested: int = 0, under: str = "") -> dict[str, Any]:
    """The Period of two components of a larger datatype, or of a DR in component `nested` when they are absent. `under`
    is where its owner stands, with a dot."""
    value = use.value
    size = len(value.components)
    if isinstance(value, Part) or (size < min(components.values()) and size < (nested or 99)):
        return {}
    if any(value.get(component) for component in components.values()):
        return _period(use, components, f"{under}period.")
    if nested and value.get(nested):
        return _period(use.inside(nested, f"{under}period"), {"start": 1, "end": 2})
    return {}


def _period(use: Use, components: Mapping[str, int], under: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, component in components.items():
        if name == "end" and _reversed(use, component, found):
            continue
        if time := _read(use, component, f"{under}{name}", dtm.dateTime):
            found[name] = time
    return found


def _reversed(use: Use, component: int, found: Mapping[str, str]) -> bool:
    """Whether the end lies before the start (per-1): then the start stays, and the end is for the Provenance to carry,
    as in `mappers.contradiction`."""
    end = dtm.dateTime(use.value.get(component) or "", use.site.offset) if "start" in found else None
    if end is None or not dtm.later(found["start"], end):
        return False
    use.issue("date-order", component)
    return True
