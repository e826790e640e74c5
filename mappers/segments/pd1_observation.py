"""PD1-7 -> Observation: whether the patient has a living will. One for a patient.

Source: HL7 v2.5.1 3.4.10.7; official map PD1[Observation-LivingWill].
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Segment


def living_will(pd1: Segment, subject: Sheet, draft: Draft) -> Sheet | None:
    """The Observation; `None` when PD1-7 says nothing."""
    said = pd1.get(7)
    if not said or said == NULL:
        return None
    sheet = draft.resource("Observation", derived_id("Observation", subject.ref, "living-will"), owner=subject.owner)
    sheet.body["subject"] = {"reference": subject.ref}
    apply("PD1[Observation-LivingWill]", pd1, sheet, draft)
    return sheet
