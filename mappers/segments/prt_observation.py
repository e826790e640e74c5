"""PRT behind OBX -> device, performer and place of the Observation; PRT behind ORC or OBR -> who asks for it.

Source: HL7 v2.8 7.4.4 (PRT); official maps PRT[Device], PRT[Observation-Location], PRT[PractitionerRole] in OML_O21 and
ORU_R01.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mappers import systems
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import NULL, Segment
from mappers.segments.rol_careteam import acting

_ORDERER = "OP"


def take_part(segments: Iterable[Segment], sheet: Sheet, draft: Draft) -> None:
    """Devices, performers and places of one Observation."""
    for prt in segments:
        number = prt.get(10)
        if number and number != NULL and "device" not in sheet.body:
            device = _device(prt, number, draft)
            sheet.body["device"] = {"reference": device.ref}
        apply("PRT[Observation]", prt, sheet, draft)
        who = acting(prt, draft) if prt.raw(5) else None
        if who is not None:
            sheet.add("performer", {"reference": who.ref})


def _device(prt: Segment, number: str, draft: Draft) -> Sheet:
    system = systems.local(draft.site.institution, "device", prt.get(10, 2) or "")
    sheet = draft.resource("Device", derived_id("Device", system, number), Weight.MENTION)
    apply("PRT[Device]", prt, sheet, draft)
    return sheet


def orderer(segments: Iterable[Segment], draft: Draft) -> dict[str, Any] | None:
    """The role of who orders (PRT-4 `OP`), `None` when no segment names him."""
    for prt in segments:
        if prt.get(4) == _ORDERER and (found := acting(prt, draft)) is not None:
            return {"reference": found.ref}
    return None
