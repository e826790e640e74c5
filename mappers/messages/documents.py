"""MDM^T01 to T11: document notifications -> DocumentReference.

Id by TXA-12 and its authority. A replacement or addendum (T05, T06, T09, T10) relates to its parent TXA-13; a
cancellation (T11) makes the document entered in error. The content is OBX-5, an ED as it is, texts joined; without any,
the content says that it is absent, because FHIR wants one. TXA-14 relates the order; TXA-15 the report by its number
alone, since the id of a report also follows from OBR-4. The final report of a centre completes the work on its order.
Source: HL7 v2.5.1 9.5 and 9.6.1 (TXA); V2-to-FHIR MDM_T02, TXA[DocumentReference], OBX[DocumentReference].
"""

from __future__ import annotations

import csv
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

from mappers import systems
from mappers.codes import Coded, lookup
from mappers.datatypes.attachment import account
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.notes import annotate
from mappers.messages.order_groups import Group, walk
from mappers.messages.report_parts import attachment, is_attachment
from mappers.messages.service_request import beside, key_of, mention, task
from mappers.messages.subject import Subject, absent, subject
from mappers.organization import institution
from mappers.organization import reference as named
from mappers.segments.txa_provenance import edition
from mappers.service_section import section

EVENTS = tuple(("MDM", f"T{n:02d}") for n in range(1, 12))
PATHOLOGY_REPORT = "11526-1"
"""LOINC: pathology study."""
_RELATES = {"T05": "appends", "T06": "appends", "T09": "replaces", "T10": "replaces"}
NOTE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-DocumentReference.note"


@cache
def _availability() -> dict[str, str]:
    path = Path(__file__).parent.parent / "tables" / "document_availability.csv"
    with path.open(encoding="utf-8", newline="") as table:
        return {row["code"]: row["status"] for row in csv.DictReader(table, strict=True)}


def translate(draft: Draft) -> Mapped:
    """One document."""
    message = draft.message
    txa = message.first("TXA")
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if txa is None:
        draft.issue("segment-missing", "TXA", segment="TXA")
    key = (number(draft, txa.first(12), "document") or _unnumbered(txa, draft)) if txa is not None else None
    if about is None or txa is None or key is None:
        return finish(draft)
    status = _status(txa, draft)
    sheet = draft.resource(
        "DocumentReference", derived_id("DocumentReference", key.system, key.value), _weight(txa, status)
    )
    sheet.body["status"] = status
    if txa.get(19) in _availability() and status != "entered-in-error":
        leaf = Leaf(txa.position, 19, 1, 1, 1)
        draft.ledger.note(leaf, "coded", sheet.path("status"), "TXA[DocumentReference]#TXA-19")
    sheet.body["subject"] = {"reference": about.patient.ref}
    apply("TXA[DocumentReference]", txa, sheet, draft)
    if "masterIdentifier" in sheet.body:
        sheet.body["identifier"] = [dict(sheet.body["masterIdentifier"]), *sheet.body.get("identifier", [])]
    sheet.body["custodian"] = named(institution(draft.site.institution, draft))
    _parent(txa, sheet, about, draft)
    edition(txa, sheet, draft)
    orders = _context(txa, about, sheet, draft)
    _content(txa, sheet, draft)
    _presentation(txa, sheet, draft)
    return finish(draft, patient=about.patient.id, order_key=f"{orders.system}|{orders.value}" if orders else "")


def _unnumbered(txa: Segment, draft: Draft) -> Number | None:
    """A new document without a number is known by its message; a change of one that nobody can find is refused."""
    site, message = draft.site, draft.message
    if message.event not in ("T01", "T02") or not message.control_id or txa.raw(13):
        draft.issue("order-unidentified", "TXA-12")
        return None
    draft.issue("unnumbered", "TXA-12")
    return Number(systems.local(site.institution, "document-message"), message.control_id, site.institution)


def _status(txa: Segment, draft: Draft) -> str:
    if draft.message.event == "T11":
        return "entered-in-error"
    code = txa.get(19)
    if not code or code == NULL:
        return "current"
    found = _availability().get(draft.site.codes.get(("document-availability", code), code))
    leaf = Leaf(txa.position, 19, 1, 1, 1)
    if found is None:
        draft.unmapped("document-availability", code, "", leaf)
        return "current"
    return found


def _weight(txa: Segment, status: str) -> Weight:
    if status == "entered-in-error":
        return Weight.REVOKED
    return Weight.FINAL if txa.get(17) in ("AU", "LA") else Weight.STATED


def _parent(txa: Segment, sheet: Sheet, about: Subject, draft: Draft) -> None:
    """TXA-13: the document that this one replaces or appends to, mentioned so that the link does not dangle."""
    parent = number(draft, txa.first(13), "document")
    if parent is None:
        return
    identity = derived_id("DocumentReference", parent.system, parent.value)
    if identity == sheet.id:
        return
    code = _RELATES.get(draft.message.event, "appends")
    other = draft.resource("DocumentReference", identity, Weight.MENTION)
    identifier = {"system": parent.system, "value": parent.value}
    other.body |= {"masterIdentifier": identifier, "identifier": [identifier], "status": "current"}
    if code == "replaces":
        other.body["status"] = "superseded"
        other.weight = Weight.STATED
    other.body["subject"] = {"reference": about.patient.ref}
    other.body["content"] = [{"attachment": absent()}]
    place = sheet.add("relatesTo", {"code": code, "target": {"reference": other.ref}})
    for leaf in txa.values(13)[0].leaves():
        draft.ledger.note(leaf, "stored", sheet.path(f"{place}.target"), "TXA[DocumentReference]#TXA-13")


def _context(txa: Segment, about: Subject, sheet: Sheet, draft: Draft) -> Number | None:
    """The visit, the orders of ORC and OBR and of TXA-14, the report of TXA-15; comes back with the first number."""
    if about.encounter is not None:
        sheet.set("context.encounter", [{"reference": about.encounter.ref}])
    orders: list[tuple[Number, Sheet]] = []
    for group in _groups(draft):
        beside(group, draft)
        key = key_of(group, draft, PLACER) or key_of(group, draft, FILLER)
        if key is not None:
            orders.append((key, mention(group, key, about, draft)))
    placer, filler = number(draft, txa.first(14), PLACER), number(draft, txa.first(15), FILLER)
    if placer is not None:
        request = mention(Group(), placer, about, draft)
        orders.append((placer, request))
        _stored(txa, 14, request.path("identifier[0].value"), draft)
    for _, request in orders:
        sheet.add("context.related", {"reference": request.ref})
    if filler is not None:
        identifier = {"system": filler.system, "value": filler.value}
        place = sheet.add("context.related", {"type": "DiagnosticReport", "identifier": identifier})
        _stored(txa, 15, sheet.path(f"{place}.identifier.value"), draft)
    if _is_final_report(txa, sheet, draft):
        for key, request in orders:
            task(request, key, key.value, "completed", about, draft)
    return orders[0][0] if orders else filler


def _stored(txa: Segment, field: int, place: str, draft: Draft) -> None:
    for leaf in txa.values(field)[0].leaves():
        draft.ledger.note(leaf, "stored", place, f"TXA[DocumentReference]#TXA-{field}")


def _is_final_report(txa: Segment, sheet: Sheet, draft: Draft) -> bool:
    """Whether the document is the final report on an order: of a centre, or of pathology by its type."""
    if sheet.body["status"] != "current" or sheet.body.get("docStatus") not in ("final", "amended"):
        return False
    part = section(draft.message.first("OBR"), draft)
    return (part is not None and bool(part.centre)) or txa.get(2) == PATHOLOGY_REPORT


def _groups(draft: Draft) -> list[Group]:
    return [group for group in walk(draft.message).groups if group.obr is not None or group.orc is not None]


def _content(txa: Segment, sheet: Sheet, draft: Draft) -> None:
    contents: list[dict[str, Any]] = []
    texts: list[Segment] = []
    for obx in draft.message.all("OBX"):
        if not is_attachment(obx):
            texts.append(obx)
            continue
        kind = (obx.get(2) or "").strip().upper()
        for value in obx.values(5):
            found = attachment(value, kind, draft).attachment
            place = sheet.path(f"content[{len(contents)}].attachment")
            if found is None:
                for leaf in value.leaves():
                    draft.ledger.note(leaf, "dropped", "attachment-unusable", "OBX[DocumentReference]#OBX-5")
            else:
                account(value, found, place, "OBX[DocumentReference]#OBX-5", draft)
                title = obx.get(3, 2) or obx.get(3)
                if title and title != NULL and title.strip():
                    found.setdefault("title", title)
                    leaf = Leaf(obx.position, 3, 1, 2 if title == obx.get(3, 2) else 1, 1)
                    draft.ledger.note(leaf, "stored", f"{place}.title", "OBX[DocumentReference]#OBX-3")
                contents.append({"attachment": found})
    if text := _text(texts, sheet, len(contents), draft):
        contents.append({"attachment": text})
    sheet.body["content"] = contents or [{"attachment": absent()}]
    annotate(draft.message.all("NTE"), sheet, draft, NOTE)


def _presentation(txa: Segment, sheet: Sheet, draft: Draft) -> None:
    """TXA-3: the kind of content, where it does not say so itself or says the same."""
    said = txa.get(3)
    found = lookup(draft.site, "DocumentContentPresentation", said) if said and said != NULL else None
    kind = found.code if isinstance(found, Coded) else said if said and "/" in said else ""
    for index, content in enumerate(sheet.body["content"]):
        place = content["attachment"]
        if kind and place.setdefault("contentType", kind).startswith(kind):
            path = sheet.path(f"content[{index}].attachment.contentType")
            draft.ledger.note(Leaf(txa.position, 3, 1, 1, 1), "coded", path, "TXA[DocumentReference]#TXA-3")
            return


def _text(texts: list[Segment], sheet: Sheet, index: int, draft: Draft) -> dict[str, Any] | None:
    """The text of a transcription: every OBX-5 a line, a heading where OBX-3 changes."""
    lines: list[str] = []
    heading = ""
    place = sheet.path(f"content[{index}].attachment.data")
    for obx in texts:
        name = (obx.get(3, 2) or obx.get(3) or "").strip()
        said = [text for value in obx.values(5) if (text := value.text()) and text != NULL and text.strip()]
        if not said:
            continue
        if name != heading and (heading or len(texts) > 1) and name:
            lines.append(f"【{name}】")
            draft.ledger.note(
                Leaf(obx.position, 3, 1, 2 if obx.get(3, 2) else 1, 1), "stored", place, "OBX[DocumentReference]#OBX-3"
            )
        heading = name
        lines += said
        for value in obx.values(5):
            for leaf in value.leaves():
                draft.ledger.note(leaf, "stored", place, "OBX[DocumentReference]#OBX-5")
    if not lines:
        return None
    data = "\n".join(lines).encode()
    return {"contentType": "text/plain; charset=utf-8", "data": b64encode(data).decode("ascii"), "size": len(data)}
