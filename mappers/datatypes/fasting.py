"""OBR-13 that speaks of fasting -> Specimen.collection.fastingStatus[x]: a code of table 0916, or how long.

Anything else in OBR-13 is no fasting status; it stays a note of the request. Source: HL7 v2.8 table 0916; V2-to-FHIR
OBR[Specimen] rows OBR-13 (whose conditions are prose).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mappers.datatypes.number import decimal
from mappers.message import NULL, Leaf

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet
    from mappers.message import Segment

V2_0916 = "http://terminology.hl7.org/CodeSystem/v2-0916"
UCUM = "http://unitsofmeasure.org"
_CODES = {"F": "F", "NF": "NF", "NG": "NG", "空腹": "F", "禁食": "F", "非空腹": "NF", "未空腹": "NF"}
_DURATION = re.compile(r"(?:空腹|禁食|fasting)\s*(?P<hours>\d{1,3}(?:\.\d)?)\s*(?:h|hr|hrs|hours?|小时)", re.IGNORECASE)
_RULE = "OBR[Specimen]#OBR-13"


def fasting(obr: Segment, sheet: Sheet, draft: Draft) -> None:
    """Writes what OBR-13 says about fasting; `空腹12小时` is a duration."""
    value = obr.first(13)
    if value is None or value.is_null:
        return
    for component in (1, 2):
        text = (value.get(component) or "").strip()
        leaf = Leaf(obr.position, 13, value.repetition, component, 1)
        if text == NULL or not text:
            continue
        if found := _DURATION.fullmatch(text):
            duration = {"value": decimal(found["hours"]), "unit": "h", "system": UCUM, "code": "h"}
            sheet.set("collection.fastingStatusDuration", duration)
            draft.ledger.note(leaf, "stored", sheet.path("collection.fastingStatusDuration.value"), _RULE)
            return
        if code := _CODES.get(text):
            concept = {"coding": [{"system": V2_0916, "code": code}]} | ({"text": text} if text != code else {})
            sheet.set("collection.fastingStatusCodeableConcept", concept)
            place = sheet.path("collection.fastingStatusCodeableConcept.coding[0].code")
            draft.ledger.note(leaf, "coded", place, _RULE)
            return
