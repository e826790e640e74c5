"""What two fields of one message say against each other: an end before its start, a time as a moment and a span.

The span keeps its start, the moment gives way to the span; what gives way is carried, with an issue, and is no reason
to refuse a whole message. Source: FHIR R4 per-1 and the rule of choice elements (formats.html#choice).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from mappers.draft import Draft, Sheet
from mappers.dtm import later

PERIODS = ("period", "effectivePeriod", "occurrencePeriod", "collection.collectedPeriod")
CHOICES = (
    ("effectiveDateTime", "effectivePeriod"),
    ("occurrenceDateTime", "occurrencePeriod"),
    ("collection.collectedDateTime", "collection.collectedPeriod"),
)
_CONCERNED = frozenset(
    (
        "occurrenceTiming",
        "orderDetail",
        *(path.partition(".")[0] for path in (*PERIODS, *(span for _, span in CHOICES))),
    )
)
"""Elements without which there is nothing to settle."""


def settle(draft: Draft) -> None:
    """Goes through the sheets once; most of them have none of these elements."""
    for sheet in draft.sheets.values():
        if within := _WITHIN.get(sheet.type):
            within(sheet, draft)
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


def _members(sheet: Sheet, draft: Draft) -> None:
    _spans(sheet, "participant", draft)


def _stays(sheet: Sheet, draft: Draft) -> None:
    _spans(sheet, "participant", draft)
    _spans(sheet, "location", draft)


def _contacts(sheet: Sheet, draft: Draft) -> None:
    _spans(sheet, "contact", draft)


def _spans(sheet: Sheet, name: str, draft: Draft) -> None:
    for number, one in enumerate(sheet.body.get(name, ())):
        period = one.get("period", {})
        if "start" in period and "end" in period and later(period["start"], period["end"]):
            del period["end"]
            draft.forget(sheet, f"{name}[{number}].period.end")
            draft.issue("date-order", expression=f"{sheet.type}.{name}.period")


def _doses(sheet: Sheet, draft: Draft) -> None:
    """A range says more than an amount; of a range whose ends are exchanged the lower one stays (rng-2)."""
    for number, instruction in enumerate(sheet.body.get("dosageInstruction", ())):
        for nth, one in enumerate(instruction.get("doseAndRate", ())):
            place, span = f"dosageInstruction[{number}].doseAndRate[{nth}]", one.get("doseRange")
            if span is None:
                continue
            if one.pop("doseQuantity", None):
                draft.forget(sheet, f"{place}.doseQuantity")
            low, high = (span.get(name, {}).get("value") for name in ("low", "high"))
            if low is not None and high is not None and Decimal(low) > Decimal(high):
                del span["high"]
                draft.forget(sheet, f"{place}.doseRange.high")
                draft.issue("dose-order", expression=f"{sheet.type}.dosageInstruction.doseAndRate.doseRange")


def _dosage(sheet: Sheet, draft: Draft) -> None:
    """mad-1: how something was given belongs to how much was."""
    dosage = sheet.body.get("dosage")
    if dosage is not None and not any(name.startswith(("dose", "rate")) for name in dosage):
        _give_up(sheet, "dosage", draft)


_WITHIN: Mapping[str, Callable[[Sheet, Draft], None]] = {
    "CareTeam": _members,
    "Encounter": _stays,
    "MedicationAdministration": _dosage,
    "MedicationRequest": _doses,
    "Patient": _contacts,
}
"""What is to be settled inside of the repeated parts of a type."""


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
