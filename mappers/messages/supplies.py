"""OMS^O05 and OMN^O07: stock and other supplies for a patient -> SupplyRequest.

One SupplyRequest an RQD, under the number of its ORC. Id by the placer number, else the filler number, with the item;
without any by patient and item, so that a replay finds it.
Source: HL7 v2.5.1 4.10 to 4.12 (OMS, OMN, RQD, RQ1); HL7 has no map of them.
"""

from __future__ import annotations

from mappers.datatypes.order_number import Number
from mappers.derived import derived_id
from mappers.draft import Draft
from mappers.engine import apply
from mappers.mapped import Mapped
from mappers.message import Segment
from mappers.messages.notes import annotate
from mappers.messages.order_blocks import Block, each, own_number
from mappers.messages.order_groups import Group
from mappers.messages.service_request import state
from mappers.messages.subject import Subject, absent
from mappers.order_state import weight

EVENTS = (("OMS", "O05"), ("OMN", "O07"))
_STATUS = {"revoked": "cancelled", "on-hold": "suspended"}


def translate(draft: Draft) -> Mapped:
    """The supplies of a message."""
    return each(draft, ("RQD",), _requests)


def _requests(block: Block, key: Number | None, about: Subject, draft: Draft) -> None:
    for rqd in block.details:
        _request(rqd, block, key, about, draft)


def _request(rqd: Segment, block: Block, key: Number | None, about: Subject, draft: Draft) -> None:
    system, own = own_number(block, key, about, "supply", draft)
    item = next((found for field in (2, 3, 4) if (found := rqd.get(field) or rqd.get(field, 2))), "")
    said = state(Group(orc=block.orc), draft).request
    identity = derived_id("SupplyRequest", system, f"{own}|{item}|{rqd.get(1) or ''}")
    sheet = draft.resource("SupplyRequest", identity, weight(said))
    body = sheet.body
    body["status"] = _STATUS.get(said, said)
    draft.group = {"RQD": rqd}
    if block.orc is not None:
        apply("ORC[SupplyRequest]", block.orc, sheet, draft)
    apply("RQD[SupplyRequest]", rqd, sheet, draft)
    body.setdefault("itemCodeableConcept", absent())
    body.setdefault("quantity", absent())
    body["deliverTo"] = {"reference": about.patient.ref}
    annotate(block.notes, sheet, draft, "http://hl7.org/fhir/5.0/StructureDefinition/extension-SupplyRequest.note")
