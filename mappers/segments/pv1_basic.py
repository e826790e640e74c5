"""PV1-43 (and PV1-11) -> Basic: where the visit was before, as an EncounterHistory, which R4 does not have yet.

Id by the visit and the places. Source: HL7 v2.5.1 3.4.3.43; official map PV1[Basic-EncounterHistory], of which the
paths are mended: what it puts into `location` of a Basic stands in the extension for EncounterHistory.location.
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment

_ENCOUNTER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-EncounterHistory.encounter"


def history(pv1: Segment, subject: Sheet, visit: Sheet, draft: Draft) -> Sheet | None:
    """The Basic of the prior temporary location; `None` without one."""
    before = pv1.first(43)
    if before is None or before.is_null:
        return None
    now = pv1.first(11)
    key = f"{before.raw}|{now.raw if now is not None else ''}"
    sheet = draft.resource("Basic", derived_id("Basic", visit.ref, key), Weight.STATED, owner=visit.owner)
    sheet.body["subject"] = {"reference": subject.ref}
    sheet.add("extension", {"url": _ENCOUNTER, "valueReference": {"reference": visit.ref}})
    apply("PV1[Basic-EncounterHistory]", pv1, sheet, draft)
    return sheet
