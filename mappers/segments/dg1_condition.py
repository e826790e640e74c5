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
from mappers.message import NULL, Leaf, Segment
from mappers.segments.pv1_episodeofcare import rank

_DUE_TO = "http://hl7.org/fhir/StructureDefinition/condition-dueTo"


def conditions(
    draft: Draft, subject: Sheet, visit: Sheet | None, segments: tuple[Segment, ...] | None = None
) -> list[Sheet]:
    """The Conditions of the DG1 segments (all of the message by default). A DG1 without a diagnosis gives none."""
    found: list[Sheet] = []
    for dg1 in draft.message.all("DG1") if segments is None else segments:
        sheet = _condition(dg1, draft, subject, visit)
        if sheet is not None:
            found.append(sheet)
    _causes(found)
    return found


def _causes(found: list[Sheet]) -> None:
    """A parent diagnosis (DG1-22) that the message has is referred to itself, not by its number alone."""
    for sheet in found:
        for one in sheet.body.get("extension", ()):
            if one["url"] != _DUE_TO:
                continue
            number = one["valueReference"]["identifier"]
            parent = next((each for each in found if number in each.body.get("identifier", ())), None)
            if parent is not None and parent is not sheet:
                one["valueReference"]["reference"] = parent.ref


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
    _described(dg1, sheet, draft)
    if visit is not None and dg1.get(21) != "D":
        _rank(dg1, draft, visit, sheet)
        rank(dg1, visit, sheet, draft)
    return sheet


def _described(dg1: Segment, sheet: Sheet, draft: Draft) -> None:
    """DG1-4 is what the clinician called it: the text of the code, which else repeats the name that the coding has."""
    words, code = dg1.get(4), sheet.body.get("code")
    if code is None or not words or words == NULL or words == code.get("text"):
        return
    if any(code.get("text") in (one.get("display"), one.get("code")) for one in code.get("coding", ())):
        draft.forget(sheet, "code.text")
        code["text"] = words
        draft.ledger.note(Leaf(dg1.position, 4, 1, 1, 1), "stored", sheet.path("code.text"), "DG1[Condition]#DG1-4")


def _rank(dg1: Segment, draft: Draft, visit: Sheet, condition: Sheet) -> None:
    """The diagnosis in the list of the Encounter, with its use (DG1-6) and rank (DG1-15)."""
    diagnoses = visit.body.setdefault("diagnosis", [])
    known = [n for n, one in enumerate(diagnoses) if one["condition"]["reference"] == condition.ref]
    if not known:
        diagnoses.append({"condition": {"reference": condition.ref}})
    index = known[0] if known else len(diagnoses) - 1
    apply("DG1[Encounter]", dg1, visit, draft, {("diagnosis", ":", path.WHOLE): index})
