"""OBX of a report that are no measurements: documents, links, images, studies, conclusions.

A document goes to `presentedForm`, a picture of an ECG or an image to Media, a DICOM study to ImagingStudy, a
conclusion to `conclusion` (and stays an Observation). A broken attachment is dropped with an issue; the report stays.
Source: HL7 v2.5.1 7.4.2.5; V2-to-FHIR OBX[DocumentReference] rows; FHIR R4 diagnosticreport.html.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

from mappers.datatypes.attachment import Attached, account, encapsulated, link, pointer
from mappers.datatypes.reference_range import is_url
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.mapped import Weight
from mappers.message import NULL, Leaf, Segment, Value
from mappers.messages.order_groups import Noted
from mappers.messages.subject import Subject

_LINKING = frozenset({"", "ST", "TX", "FT"})
"""Kinds of values that may be a link."""
_PICTURES = ("image/", "video/", "audio/")


def is_attachment(obx: Segment) -> bool:
    """Whether OBX-5 is a document or a link to one."""
    kind = obx.raw(2).strip().upper()
    if kind in ("ED", "RP"):
        return True
    if kind not in _LINKING or "://" not in obx.raw(5):
        return False
    text = (obx.values(5)[0].text() or "").strip()
    return is_url(text) and not any(sign.isspace() for sign in text)


def attachment(value: Value, kind: str, draft: Draft) -> Attached:
    """The Attachment of one OBX-5, its issues said."""
    found = encapsulated(value) if kind == "ED" else pointer(value)
    for code in found.issues:
        draft.issue(code, Leaf(value.segment.position, value.field, value.repetition, 1, 1))
    return found


def attach(noted: Noted, report: Sheet, key: str, about: Subject, weight: Weight, draft: Draft) -> None:
    """Puts the attachments of an OBX into the report (or Media beside it)."""
    obx = noted.segment
    kind = (obx.get(2) or "").strip().upper()
    title = obx.get(3, 2) or obx.get(3)
    for value in obx.values(5):
        found = attachment(value, kind, draft).attachment
        if found is None:
            for leaf in value.leaves():
                draft.ledger.note(leaf, "dropped", "attachment-unusable", "OBX[DiagnosticReport]#OBX-5")
            continue
        if title and title != NULL and title.strip():
            found.setdefault("title", title)
        if "data" in found and found.get("contentType", "").startswith(_PICTURES):
            place = _media(obx, value, found, report, key, about, weight, draft)
        else:
            place = report.path(report.add("presentedForm", found))
        _account(obx, value, found, place, draft)


def _account(obx: Segment, value: Value, found: dict[str, Any], place: str, draft: Draft) -> None:
    note = draft.ledger.note
    account(value, found, place, "OBX[DiagnosticReport]#OBX-5", draft)
    for field in (2, 11):
        if obx.raw(field):
            note(Leaf(obx.position, field, 1, 1, 1), "coded", place, f"OBX[DiagnosticReport]#OBX-{field}")
    title = found.get("title")
    if title is not None and title in (obx.get(3, 2), obx.get(3)):
        component = 2 if title == obx.get(3, 2) else 1
        note(Leaf(obx.position, 3, 1, component, 1), "stored", f"{place}.title", "OBX[DiagnosticReport]#OBX-3")


def _media(
    obx: Segment,
    value: Value,
    found: dict[str, Any],
    report: Sheet,
    key: str,
    about: Subject,
    weight: Weight,
    draft: Draft,
) -> str:
    identity = derived_id(
        "Media", report.ref, f"{key}|{obx.get(3) or ''}|{obx.raw(4)}|{obx.occurrence}|{value.repetition}"
    )
    sheet = draft.resource("Media", identity, weight)
    sheet.body["status"] = "entered-in-error" if weight == Weight.REVOKED else "completed"
    about.write(sheet)
    sheet.body["content"] = found
    report.add("media", {"link": {"reference": sheet.ref}})
    return sheet.path("content")


def link_in_range(obx: Segment, report: Sheet, draft: Draft) -> None:
    """Some senders put the address of the report into OBX-7."""
    if "://" not in obx.raw(7) or not is_url(obx.get(7) or ""):
        return
    value = obx.values(7)[0]
    found = link((value.text() or "").strip())
    leaf = Leaf(obx.position, 7, 1, 1, 1)
    for code in found.issues:
        draft.issue(code, leaf)
    if found.attachment is not None:
        place = report.path(report.add("presentedForm", found.attachment))
        for one in value.leaves():
            draft.ledger.note(one, "stored", f"{place}.url", "OBX[DiagnosticReport]#OBX-7")


@cache
def _conclusions() -> frozenset[tuple[str, str]]:
    with (Path(__file__).parent.parent / "tables" / "conclusions.csv").open(encoding="utf-8", newline="") as file:
        return frozenset((row["kind"], row["text"]) for row in csv.DictReader(file))


def is_conclusion(obx: Segment, draft: Draft) -> bool:
    """Whether the OBX is the conclusion of the report: by the site (`conclusion`), `&IMP`, LOINC or its name."""
    code, suffix, name = obx.get(3), obx.get(3, 1, 2), obx.get(3, 2)
    if code and ("conclusion", code) in draft.site.codes:
        return True
    known = _conclusions()
    if ("code", suffix) in known or ("code", code) in known:
        return True
    return any(("name", text.strip(" *:：").upper()) in known for text in (name, code) if text)
