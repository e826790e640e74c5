"""AL1 -> AllergyIntolerance. Id by patient and what the allergy is to.

Source: HL7 v2.5.1 3.4.6; official map AL1[AllergyIntolerance].
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL


def allergies(draft: Draft, subject: Sheet) -> list[Sheet]:
    """The AllergyIntolerances of the message; an AL1 that names nothing gives none."""
    found: list[Sheet] = []
    for al1 in draft.message.all("AL1"):
        said = next((part for part in (al1.get(3, 1), al1.get(3, 2)) if part and part != NULL), None)
        if said is None:
            continue
        identity = derived_id("AllergyIntolerance", subject.ref, f"{al1.get(3, 3) or ''}|{said}")
        sheet = draft.resource("AllergyIntolerance", identity, Weight.STATED)
        sheet.body["patient"] = {"reference": subject.ref}
        apply("AL1[AllergyIntolerance]", al1, sheet, draft)
        found.append(sheet)
    return found
