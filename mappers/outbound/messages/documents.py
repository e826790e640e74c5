"""DocumentReference -> MDM^T01 to T11. Inverse of `mappers.messages.documents`.

A text goes out as OBX of type TX, a repetition of OBX-5 a line; a file as ED, a link as RP. Events of the structure
MDM_T01 name the document without its content. Source: HL7 v2.5.1 9.5 (MDM_T01, MDM_T02), 9.6.1 (TXA).
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from typing import Any

from mappers.messages.documents import NOTE
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded, identifier
from mappers.outbound.engine import fill
from mappers.outbound.messages.header import evn, opening
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.observations import attached
from mappers.outbound.messages.orders import obr, orc, task_of
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import patient_of, pid, visit
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built, Repetition

Body = dict[str, Any]
_BARE = frozenset({"T01", "T03", "T05", "T07", "T09", "T11"})
"""Events that are told without the content (structure MDM_T01)."""


def document_message(document: Body, work: Work) -> list[Built]:
    """The message about one document."""
    patient = patient_of(document, work)
    context = document.get("context", {})
    segments = [*opening(work), evn(work)]
    if patient is not None:
        segments.append(pid(patient, work))
    segments += visit(work.resource(context.get("encounter"), "Encounter"), work)[:1]
    for number, request in enumerate(_requests(document, work), 1):
        result = code(work.receiver, "order-control", "result")
        segments += [orc(request, task_of(request, work), work, result), obr(request, None, [], number, work)]
    said = [one.get("valueAnnotation", {}) for one in document.get("extension", ()) if one["url"] == NOTE]
    told = contents(document, work) if work.envelope.event not in _BARE else []
    remarks = notes(said, work)
    if not told and _requests(document, work):
        segments, remarks = [*segments, *remarks], []  # behind the order; alone a TXA has no notes
    return [*segments, txa(document, work), *told[:1], *(remarks if told else ()), *told[1:]]


def _requests(document: Body, work: Work) -> list[Body]:
    related = work.pool.all(document.get("context", {}).get("related"))
    return [one for one in related if one["resourceType"] == "ServiceRequest"]


def txa(document: Body, work: Work) -> Built:
    """TXA: kind of content (3), parent (13), order (14), report (15), availability (19), and what rows say."""
    out, numbers = Built("TXA"), document.get("identifier", [])
    out.put(1, "1")
    main = document.get("masterIdentifier")
    rest = [one for one in numbers if one != main]
    fill("TXA[DocumentReference]", {**document, "identifier": rest}, out, work)
    if main is None and numbers:
        out.put(12, identifier.ei(numbers[0], Ask(work, "TXA-12")))
    out.put(12, document.get("id", ""))
    for told in work.pool.about("Provenance", "target", document):
        if not told.get("entity"):
            fill("TXA[Provenance]", told, out, work)
    out.put(3, _presentation(document))
    for relation in document.get("relatesTo", ())[:1]:
        parent = work.resource(relation.get("target"), "DocumentReference") or {}
        out.put(13, _number(parent, work))
    for request in _requests(document, work)[:1]:
        for one in request.get("identifier", ())[:1]:
            out.add(14, identifier.ei(one, Ask(work, "TXA-14")))
    for related in document.get("context", {}).get("related", ()):
        if related.get("type") == "DiagnosticReport":
            out.put(15, identifier.logical(related, Ask(work, "TXA-15")))
    out.put(17, "AU" if document.get("docStatus") == "final" else "")
    out.put(19, code(work.receiver, "document-status", document.get("status", "")))
    return out


def _number(document: Body, work: Work) -> Repetition | None:
    main = document.get("masterIdentifier") or next(iter(document.get("identifier", ())), None)
    return identifier.ei(main, Ask(work, "TXA-13")) if main else None


_KINDS = {"text": "TX", "image": "IM", "audio": "AU", "video": "VS", "application": "AP"}


def _presentation(document: Body) -> str:
    """TXA-3, table 0191: the kind of the first content."""
    for content in document.get("content", ()):
        kind = content.get("attachment", {}).get("contentType", "").partition("/")[0]
        if kind:
            return _KINDS.get(kind, "AP")
    return "TX"


def contents(document: Body, work: Work) -> list[Built]:
    """OBX of each content."""
    found: list[Built] = []
    kind: Body = next(iter(document.get("type", {}).get("coding", ())), {})
    for content in document.get("content", ()):
        attachment = content.get("attachment", {})
        out = Built("OBX")
        text = _text(attachment)
        if text:
            out.put(2, "TX")
            out.fields[5] = [{1: line} for line in text.split("\n") if line.strip()]
        else:
            type_, written = attached(attachment)
            out.put(2, type_)
            out.put(5, written)
        if not out.fields.get(5):
            continue
        out.put(1, str(len(found) + 1))
        title = attachment.get("title")
        named = coded.concept(document.get("type"), Ask(work, "OBX-3"))
        out.put(3, {1: kind.get("code", "") or title, 2: title} if title else named)
        out.put(11, code(work.receiver, "document-result", document.get("docStatus", "")) or "F")
        found.append(out)
    return found


def _text(attachment: Body) -> str:
    """The words of a plain text, `''` of anything else."""
    if not attachment.get("contentType", "").startswith("text/plain") or "data" not in attachment:
        return ""
    try:
        return b64decode(attachment["data"], validate=True).decode("utf-8")
    except (Error, ValueError):
        return ""
