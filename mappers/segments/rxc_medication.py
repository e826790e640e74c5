"""RXO-1, RXE-2, RXD-2, RXG-4 and RXC -> what is given: a concept, or a contained Medication.

A code alone is `medicationCodeableConcept`. With a form, a strength or components (RXC) it is a Medication, contained:
none of them is the master data of a drug, all of them belong to this one order.
Source: HL7 v2.5.1 4.14.1 (RXO), 4.14.3 (RXC), 4.14.4 (RXE), 4.14.5 (RXD), 4.14.6 (RXG); official map
RXO[MedicationRequest].
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mappers import path
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.message import NULL, Segment
from mappers.messages.subject import absent
from mappers.use import Use

MEDICATION = "medication"
"""The id of the contained Medication."""


class Fields(NamedTuple):
    """Where a segment has its code, and the fields that make a Medication of it."""

    code: int
    more: tuple[int, ...]
    strength: int


FIELDS: Mapping[str, Fields] = {
    "RXO": Fields(1, (5, 18, 25), 18),
    "RXE": Fields(2, (6, 25, 33), 25),
    "RXD": Fields(2, (6, 16, 18, 19), 16),
    "RXG": Fields(4, (8, 17, 19, 20), 17),
}


def medication(segment: Segment, components: Iterable[Segment], sheet: Sheet, draft: Draft) -> None:
    """Writes what the segment orders or gives, unless another segment of the order did."""
    if any(name in sheet.body for name in ("medicationCodeableConcept", "medicationReference")):
        return
    fields, parts = FIELDS[segment.name], list(components)
    if not parts and not any(segment.raw(field) for field in fields.more):
        _concept(segment, fields.code, sheet, draft)
        return
    inner = {"resourceType": "Medication", "id": MEDICATION}
    sheet.body["contained"] = [inner]
    apply(f"{segment.name}[Medication]", segment, sheet, draft)
    body = sheet.body["contained"][0]
    if "ingredient" in body:
        body["ingredient"][0]["itemCodeableConcept"] = dict(body.get("code") or absent())
    for part in parts:
        items = {("contained[0].ingredient", ":", path.WHOLE): len(body.get("ingredient", ()))}
        apply("RXC[Medication]", part, sheet, draft, items)
    for one in body.get("ingredient", ()):
        one.setdefault("itemCodeableConcept", absent())
        if "strength" in one:
            # R4 rat-1: a numerator has a denominator; nobody said here in how much of the medicine.
            one["strength"].setdefault("denominator", absent())
    if len(body) == 2:
        del sheet.body["contained"]
        return
    sheet.body["medicationReference"] = {"reference": f"#{MEDICATION}"}
    if text := body.get("code", {}).get("text"):
        sheet.body["medicationReference"]["display"] = text


def _concept(segment: Segment, field: int, sheet: Sheet, draft: Draft) -> None:
    value = segment.first(field)
    if value is None or value.raw == NULL:
        return
    use = Use(draft, value, f"{segment.name}[Medication]#{segment.name}-{field}")
    concept = codeable_concept(value, use)
    if concept is not None:
        sheet.body["medicationCodeableConcept"] = concept
        use.settle(sheet.path("medicationCodeableConcept"))
