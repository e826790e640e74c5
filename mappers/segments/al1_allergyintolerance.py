"""AL1, IAM -> AllergyIntolerance. Id by the number of the allergy (IAM-7), else by patient and what the allergy is to.

Of an IAM that deletes (IAM-6 `D`) the AllergyIntolerance was entered in error. Source: HL7 v2.5.1 3.4.6, 3.4.7;
official maps AL1[AllergyIntolerance], IAM[AllergyIntolerance].
"""

from __future__ import annotations

from typing import Any

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment

_VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"


def allergies(draft: Draft, subject: Sheet) -> list[Sheet]:
    """The AllergyIntolerances of the message; a segment that names nothing gives none."""
    found: list[Sheet] = []
    for name in ("AL1", "IAM"):
        for segment in draft.message.all(name):
            sheet = _allergy(segment, subject, draft)
            if sheet is not None:
                found.append(sheet)
    return found


def _allergy(segment: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    said = next((part for part in (segment.get(3, 1), segment.get(3, 2)) if part and part != NULL), None)
    if said is None:
        return None
    number = segment.get(7) if segment.name == "IAM" else None
    key = f"number={number}" if number and number != NULL else f"{segment.get(3, 3) or ''}|{said}"
    sheet = draft.resource("AllergyIntolerance", derived_id("AllergyIntolerance", subject.ref, key), Weight.STATED)
    sheet.body["patient"] = {"reference": subject.ref}
    apply(f"{segment.name}[AllergyIntolerance]", segment, sheet, draft)
    if segment.name == "IAM":
        _action(segment, sheet, draft)
    return sheet


def _action(iam: Segment, sheet: Sheet, draft: Draft) -> None:
    """IAM-6: `D` takes it back; then it has no clinical status (ait-2), else it is active (ait-1)."""
    if iam.get(6) == "D":
        sheet.body["verificationStatus"] = _concept(_VERIFICATION, "entered-in-error")
        sheet.body.pop("clinicalStatus", None)
        draft.forget(sheet, "clinicalStatus")
        leaf = Leaf(iam.position, 6, 1, 1, 1)
        draft.ledger.note(leaf, "coded", sheet.path("verificationStatus"), "IAM[AllergyIntolerance]#IAM-6")
    else:
        sheet.body.setdefault("clinicalStatus", _concept(_CLINICAL, "active"))


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
