"""DG1 -> Condition, and its place among the diagnoses of the Encounter.

Id by DG1-20 when the sender numbers diagnoses, else by patient or visit and code: the same diagnosis said twice is one.
Source: HL7 v2.5.1 6.5.2; official maps DG1[Condition], DG1[Encounter].
"""

from __future__ import annotations

from mappers import path
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment


def conditions(
    draft: Draft, subject: Sheet, visit: Sheet | None, segments: tuple[Segment, ...] | None = None
) -> list[Sheet]:
    """The Conditions of the DG1 segments (all of the message by default). A DG1 without a diagnosis gives none."""
    found: list[Sheet] = []
    for dg1 in draft.message.all("DG1") if segments is None else segments:
        sheet = _condition(dg1, draft, subject, visit)
        if sheet is not None:
            found.append(sheet)
    return found


def _condition(dg1: Segment, draft: Draft, subject: Sheet, visit: Sheet | None) -> Sheet | None:
    parts = [dg1.get(3, 1), dg1.get(3, 2), dg1.get(4)]
    said = [part for part in parts if part and part != NULL]
    if not said:
        return None
    scope = (visit or subject).ref
    number = dg1.get(20)
    identity = f"number={number}" if number and number != NULL else f"code={dg1.get(3, 3) or ''}|{said[0]}"
    sheet = draft.resource("Condition", derived_id("Condition", scope, identity), Weight.STATED)
    sheet.body["subject"] = {"reference": subject.ref}
    if visit is not None:
        sheet.body["encounter"] = {"reference": visit.ref}
    apply("DG1[Condition]", dg1, sheet, draft)
    if visit is not None and dg1.get(21) != "D":
        _rank(dg1, draft, visit, sheet)
    return sheet


def _rank(dg1: Segment, draft: Draft, visit: Sheet, condition: Sheet) -> None:
    """The diagnosis in the list of the Encounter, with its use (DG1-6) and rank (DG1-15)."""
    diagnoses = visit.body.setdefault("diagnosis", [])
    known = [n for n, one in enumerate(diagnoses) if one["condition"]["reference"] == condition.ref]
    if not known:
        diagnoses.append({"condition": {"reference": condition.ref}})
    index = known[0] if known else len(diagnoses) - 1
    apply("DG1[Encounter]", dg1, visit, draft, {("diagnosis", ":", path.WHOLE): index})
