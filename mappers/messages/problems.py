"""PPR^PC1, PC2, PC3 -> Condition: the problem list of a patient.

Id by the number of the problem (PRB-4), else patient and code. PRB-1 `DE` takes it back; a problem with a resolution
date (PRB-9) is resolved, every other one active (R4 con-3 wants one of them on a problem list). Goals and pathways are
carried. Source: HL7 v2.5.1 12.3.3, 12.4.2 (PRB); HL7 has no map of them.
"""

from __future__ import annotations

from mappers.derived import derived_id
from mappers.draft import Draft
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.notes import annotate
from mappers.messages.subject import Subject, subject
from mappers.messages.surroundings import observations, surround

EVENTS = tuple(("PPR", event) for event in ("PC1", "PC2", "PC3"))
_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def translate(draft: Draft) -> Mapped:
    """The problems of a message."""
    message = draft.message
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    surround(draft, about)
    for prb, notes in _problems(draft):
        _problem(prb, notes, about, draft)
    observations(draft, about)
    return finish(draft, patient=about.patient.id)


def _problems(draft: Draft) -> list[tuple[Segment, list[Segment]]]:
    """Each PRB with the notes that stand right behind it."""
    found: list[tuple[Segment, list[Segment]]] = []
    last = ""
    for segment in draft.message.segments:
        if segment.name == "PRB":
            found.append((segment, []))
        elif segment.name == "NTE" and found and last in ("PRB", "NTE"):
            found[-1][1].append(segment)
        last = segment.name
    return found


def _problem(prb: Segment, notes: list[Segment], about: Subject, draft: Draft) -> None:
    said = next((part for part in (prb.get(3, 1), prb.get(3, 2)) if part and part != NULL), None)
    if said is None:
        return
    number = prb.get(4)
    key = f"number={number}" if number and number != NULL else f"problem={prb.get(3, 3) or ''}|{said}"
    sheet = draft.resource("Condition", derived_id("Condition", about.patient.ref, key), Weight.STATED)
    about.write(sheet)
    apply("PRB[Condition]", prb, sheet, draft)
    body = sheet.body
    if prb.get(1) == "DE":
        body["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": "entered-in-error"}]}
        if body.pop("clinicalStatus", None):
            draft.forget(sheet, "clinicalStatus")  # con-5
        sheet.weight = Weight.REVOKED
        place = "verificationStatus"
    else:
        code = "resolved" if "abatementDateTime" in body else "active"
        body["clinicalStatus"] = {"coding": [{"system": _CLINICAL, "code": code}]}
        place = "clinicalStatus"
    if prb.raw(1):
        draft.ledger.note(Leaf(prb.position, 1, 1, 1, 1), "coded", sheet.path(place), "PRB[Condition]#PRB-1")
    annotate(notes, sheet, draft)
