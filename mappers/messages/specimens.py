"""SPM, and OBR-15 of older messages, -> Specimen.

Id by the specimen number (SPM-2, or the bar code in OBR-2 where the site says so) and its authority; without a number
by the order it belongs to: a replay finds it again.
Source: HL7 v2.5.1 7.4.3 (SPM) and 7.4.1.15 (OBR-15); V2-to-FHIR SPM[Specimen], OBR[Specimen].
"""

from __future__ import annotations

from mappers.datatypes.fasting import fasting
from mappers.datatypes.order_number import Number, number
from mappers.datatypes.order_number import specimen as specimen_number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.mapped import Weight
from mappers.message import Segment, Value
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Group, Noted
from mappers.messages.subject import Subject
from mappers.use import Part, Use

_OBR_SPECIMEN = (9, 10, 14, 15, 39)
"""The fields of OBR that only a specimen can have."""


def specimens(group: Group, key: Number, subject: Subject, draft: Draft) -> list[Sheet]:
    """The specimens of an order group."""
    if group.specimens:
        found = [_specimen(noted, n, key, subject, draft) for n, noted in enumerate(group.specimens)]
        if group.obr is not None and len(found) == 1:
            fasting(group.obr, found[0], draft)
        return found
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
    fasting(obr, sheet, draft)
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
    for value in spm.values(3) if spm.raw(3) else ():
        parent = mentioned(value, subject, draft, "SPM[Specimen]#SPM-3")
        if parent is not None and parent is not sheet:
            sheet.add("parent", {"reference": parent.ref})
    annotate(noted.notes, sheet, draft)
    return sheet


def mentioned(value: Value, about: Subject, draft: Draft, rule: str) -> Sheet | None:
    """The specimen that an EIP names in another place (SPM-3, OBX-33): known by its number alone."""
    own = _key(value, draft)
    if own is None:
        return None
    sheet = draft.resource("Specimen", derived_id("Specimen", own.system, own.value), Weight.MENTION)
    sheet.body.setdefault("subject", {"reference": about.patient.ref})
    for component in (1, 2):
        use = Use(draft, Part(value, component), rule)
        if (found := specimen_number(use.value, use)) is not None:
            use.settle(sheet.path(sheet.add("identifier", found)))
    return sheet


def _number(spm: Segment, draft: Draft) -> Number | None:
    """The number of SPM-2."""
    value = spm.first(2)
    return _key(value, draft) if value is not None else None


def _key(value: Value, draft: Draft) -> Number | None:
    """The number of an EIP: the placer's (1), else the filler's (2)."""
    return number(draft, Part(value, 1), "specimen") or number(draft, Part(value, 2), "specimen")
