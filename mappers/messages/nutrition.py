"""OMD^O03: diets -> NutritionOrder.

One NutritionOrder an ORC, with the diets, supplements and preferences (ODS) and trays (ODT) behind it. Id by the placer
number, else the filler number; without any by patient and what is ordered, so that a replay finds it.
Source: HL7 v2.5.1 4.7 (OMD, ODS, ODT); HL7 has no map of them.
"""

from __future__ import annotations

from mappers.datatypes.order_number import Number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Mapped
from mappers.message import Segment
from mappers.messages.notes import annotate
from mappers.messages.order_blocks import Block, each, own_number
from mappers.messages.order_groups import Group
from mappers.messages.service_request import state
from mappers.messages.subject import Subject
from mappers.order_state import weight

EVENTS = (("OMD", "O03"),)
_STATUS = {"unknown": "unknown", "entered-in-error": "entered-in-error"}


def translate(draft: Draft) -> Mapped:
    """The diets of a message."""
    return each(draft, ("ODS", "ODT"), _order)


def _order(block: Block, key: Number | None, about: Subject, draft: Draft) -> None:
    system, own = own_number(block, key, about, "diet", draft)
    said = state(Group(orc=block.orc), draft).request
    sheet = draft.resource("NutritionOrder", derived_id("NutritionOrder", system, own), weight(said))
    sheet.body |= {"status": _STATUS.get(said, said), "intent": "order"}
    about.write(sheet, "patient")
    if block.orc is not None:
        apply("ORC[NutritionOrder]", block.orc, sheet, draft)
    for detail in block.details:
        _diet(detail, sheet, draft)
    sheet.body.setdefault("dateTime", draft.event_time)
    annotate(block.notes, sheet, draft)


def _diet(detail: Segment, sheet: Sheet, draft: Draft) -> None:
    draft.group = {detail.name: detail}
    apply(f"{detail.name}[NutritionOrder]", detail, sheet, draft)
