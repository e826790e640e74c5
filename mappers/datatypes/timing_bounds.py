"""TQ1-6 beside one of TQ1-7 and TQ1-8: the other end of the period. Source: official rows TQ1-6:2 and TQ1-6:3."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mappers.datatypes.timing import SECONDS, length
from mappers.message import Leaf, Segment

if TYPE_CHECKING:
    from mappers.draft import Draft


def bounds(tq1: Segment, body: dict[str, Any], element: str, place: str, map_: str, draft: Draft) -> None:
    """TQ1-6 beside one of TQ1-7 and 8: the other end of the period (official rows TQ1-6:2 and 3)."""
    value = tq1.first(6)
    period = body.get(element, {}).get("repeat", {}).get("boundsPeriod")
    if value is None or not period or len(period) != 1:
        return
    told, end = length(value), "end" if "start" in period else "start"
    known = next(iter(period.values()))
    if told is None or told[1] not in SECONDS or len(known) < 10:
        return
    seconds = float(told[0] * SECONDS[told[1]]) * (1 if end == "end" else -1)
    other = datetime.fromisoformat(known) + timedelta(seconds=seconds)
    period[end] = other.date().isoformat() if len(known) == 10 else other.isoformat()
    for component in (1, 2):
        leaf = Leaf(tq1.position, 6, value.repetition, component, 1)
        draft.ledger.note(leaf, "coded", f"{place}.repeat.boundsPeriod.{end}", f"{map_}#TQ1-6")
