"""SPM, and OBR-15 of older messages, -> Specimen.

Id by the specimen number (SPM-2, or the bar code in OBR-2 where the site says so) and its authority; without a number
by the order it belongs to: a replay finds it again.
Source: HL7 v2.5.1 7.4.3 (SPM) and 7.4.1.15 (OBR-15); V2-to-FHIR SPM[Specimen], OBR[Specimen].
"""

from __future__ import annotations

from mappers.datatypes.order_number import Number, number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Group, Noted
from mappers.messages.subject import Subject
from mappers.use import Part

_OBR_SPECIMEN = (9, 10, 14, 15, 39)
"""The fields of OBR that only a specimen can have."""


def specimens(group: Group, key: Number, subject: Subject, draft: Draft) -> list[Sheet]:
    """The specimens of an order group."""
    if group.specimens:
        return [_specimen(noted, n, key, subject, draft) for n, noted in enumerate(group.specimens)]
    obr, own = group.obr, barcode(group, draft)
    if obr is None or not (own or any(obr.raw(field) for field in _OBR_SPECIMEN)):
        return []
    system, value = (own.system, own.value) if own is not None else (key.system, f"{key.value}|OBR-15")
    sheet = draft.resource("Specimen", derived_id("Specimen", system, value), Weight.STATED)
    sheet.body["subject"] = {"reference": subject.patient.ref}
    if own is not None:
        sheet.body["accessionIdentifier"] = {"system": system, "value": value}
        for leaf in obr.values(2)[0].leaves():
            draft.ledger.note(leaf, "stored", sheet.path("accessionIdentifier.value"), "OBR[Specimen]#OBR-2")
    apply("OBR[Specimen]", obr, sheet, draft)
    return [sheet]


def barcode(group: Group, draft: Draft) -> Number | None:
    """The bar code of the sample in OBR-2, at sites that write it there."""
    if group.obr is None or draft.site.obr2 != "barcode":
        return None
    return number(draft, group.obr.first(2), "barcode")


def _specimen(noted: Noted, place: int, key: Number, subject: Subject, draft: Draft) -> Sheet:
    spm = noted.segment
    own = _number(spm, draft)
    identity = (
        derived_id("Specimen", own.system, own.value)
        if own is not None
        else derived_id("Specimen", key.system, f"{key.value}|{place}")
    )
    sheet = draft.resource("Specimen", identity, Weight.STATED)
    sheet.body["subject"] = {"reference": subject.patient.ref}
    apply("SPM[Specimen]", spm, sheet, draft)
    annotate(noted.notes, sheet, draft)
    return sheet


def _number(spm: Segment, draft: Draft) -> Number | None:
    """The number of SPM-2: the placer's (2.1), else the filler's (2.2)."""
    value = spm.first(2)
    if value is None:
        return None
    return number(draft, Part(value, 1), "specimen") or number(draft, Part(value, 2), "specimen")
