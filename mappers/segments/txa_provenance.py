"""TXA-8, 9, 23, 26 -> Provenance of the document: when it was edited, by whom, why, and who got copies.

Made only when the document was edited or its distribution changed: a first edition says all of that of itself. Id by
document, time, reason and receivers. Source: HL7 v2.5.1 9.6.1; official map TXA[Provenance], whose role of the
originator is mended (it calls him a receiver of copies) and whose agents have their roles as types.
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Segment
from mappers.organization import institution


def edition(txa: Segment, document: Sheet, draft: Draft) -> Sheet | None:
    """The Provenance; `None` when TXA speaks of no edit, reason or copies."""
    said = [value.raw for field in (8, 23, 26) for value in txa.values(field) if value.raw and value.raw != NULL]
    if not said:
        return None
    sheet = draft.resource("Provenance", derived_id("Provenance", document.ref, "|".join(said)), owner=document.owner)
    sheet.body["target"] = [{"reference": document.ref}]
    apply("TXA[Provenance]", txa, sheet, draft)
    sheet.body.setdefault("recorded", draft.event_time)
    sheet.body.setdefault("agent", [{"who": {"reference": institution(document.owner, draft).ref}}])
    return sheet
