"""PMU^B01 to B08: personnel management -> Practitioner, PractitionerRole.

The same segments as in a staff master file (`master_files`), without its MFE. B03 (deleted), B05 (deactivated) and B06
(left) make the person inactive, B01 and B04 active; the others change nothing of it.
Source: HL7 v2.5.1 15.3 (PMU) and 15.4 (STF, PRA).
"""

from __future__ import annotations

from mappers.draft import Draft
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import Leaf
from mappers.segments.stf_practitioner import staff

EVENTS = tuple(("PMU", f"B0{n}") for n in range(1, 9))
_ACTIVE = {"B01": True, "B04": True, "B03": False, "B05": False, "B06": False}


def translate(draft: Draft) -> Mapped:
    """The person of the message; refused without STF or without any number."""
    message = draft.message
    stf = message.first("STF")
    if stf is None:
        draft.issue("segment-missing", "STF", segment="STF")
        return finish(draft)
    sheet = staff(stf, message.first("PRA"), stf.first(2) or stf.first(1), draft)
    if sheet is None:
        draft.issue("field-missing", "STF-2")
        return finish(draft)
    active = _ACTIVE.get(message.event)
    if active is not None and "active" not in sheet.body:
        sheet.body["active"] = active
        draft.ledger.note(Leaf(0, 9, 1, 2, 1), "coded", sheet.path("active"), "MSH[Practitioner]#MSH-9")
    return finish(draft)
