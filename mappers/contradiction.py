"""What two fields of one message say against each other: an end before its start, a time as a moment and a span.

The span keeps its start, the moment gives way to the span; what gives way is carried, with an issue, and is no reason
to refuse a whole message. Source: FHIR R4 per-1 and the rule of choice elements (formats.html#choice).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mappers.draft import Draft, Sheet

PERIODS = ("period", "effectivePeriod", "occurrencePeriod", "collection.collectedPeriod")
CHOICES = (
    ("effectiveDateTime", "effectivePeriod"),
    ("occurrenceDateTime", "occurrencePeriod"),
    ("collection.collectedDateTime", "collection.collectedPeriod"),
)
_CONCERNED = frozenset(
    ("orderDetail", *(path.partition(".")[0] for path in (*PERIODS, *(span for _, span in CHOICES))))
)
"""Elements without which there is nothing to settle."""
_INSTANT = 19
"""Characters of a time to the second."""


def settle(draft: Draft) -> None:
    """Goes through the sheets once; most of them have none of these elements."""
    for sheet in draft.sheets.values():
        if _CONCERNED.isdisjoint(sheet.body):
            continue
        for path in PERIODS:
            _order(sheet, path, draft)
        for moment, span in CHOICES:
            if _find(sheet.body, moment) and _find(sheet.body, span):
                _give_up(sheet, moment, draft)
        if "occurrenceTiming" in sheet.body:
            _repeated(sheet, draft)
        if sheet.type == "ServiceRequest" and "orderDetail" in sheet.body and "code" not in sheet.body:
            _give_up(sheet, "orderDetail", draft)  # prr-1: a detail is the detail of a code


def _repeated(sheet: Sheet, draft: Draft) -> None:
    """What repeats says more than a moment or a span of the same order."""
    for plain in ("occurrenceDateTime", "occurrencePeriod"):
        if plain in sheet.body:
            _give_up(sheet, plain, draft)
    _order(sheet, "occurrenceTiming.repeat.boundsPeriod", draft)


def _order(sheet: Sheet, path: str, draft: Draft) -> None:
    period = _find(sheet.body, path)
    if isinstance(period, dict) and "start" in period and "end" in period and later(period["start"], period["end"]):
        _give_up(sheet, f"{path}.end", draft)
        draft.issue("date-order", expression=f"{sheet.type}.{path}")


def later(start: str, end: str) -> bool:
    """Whether `start` lies after `end`, as far as both are precise; equal precision is compared as time."""
    size = min(len(start), len(end), _INSTANT)
    if size == _INSTANT:
        try:
            return datetime.fromisoformat(start) > datetime.fromisoformat(end)
        except (ValueError, TypeError):
            pass
    return start[:size] > end[:size]


def _find(body: dict[str, Any], path: str) -> Any:
    node: Any = body
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    return node


def _give_up(sheet: Sheet, path: str, draft: Draft) -> None:
    *way, name = path.split(".")
    node = _find(sheet.body, ".".join(way)) if way else sheet.body
    del node[name]
    draft.forget(sheet, path)
