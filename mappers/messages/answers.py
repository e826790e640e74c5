"""Answers that hold data: RSP, ORF, OSR, ADR, ORR, ORL and the like, and the bare ACK.

A system that was asked tells what it knows of a patient; it is stored as what it is, by what the message holds:
administrations, prescriptions, results, orders, else the persons alone, as mentions, which never overrule what
registration said. Of several patients (candidates) only who they are is stored: their other segments are not told apart
here, and are carried. An answer that speaks of nobody is kept in a Provenance about who sent it; nobody acknowledges an
acknowledgement with an error (HL7 v2.5.1 2.9.2). Queries are not answered here and stay refused.
Source: HL7 v2.5.1 2.9.2, 3.3.56 ff. (RSP^K21 to K25), 4.3, 5.3, 7.3.1 (ORF), 4A.7 (RSP^K31).
"""

from __future__ import annotations

from mappers import identity
from mappers.draft import Draft
from mappers.encounter import encounter
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.messages import administrations, orders, prescriptions, reports
from mappers.messages.adt import parts
from mappers.messages.subject import subject
from mappers.messages.surroundings import observations, surround
from mappers.organization import institution

_CODES = (
    *("ACK", "ADR", "BRP", "EDR", "ERP", "MCF", "MFK", "MFR", "ORB", "ORD", "ORF", "ORG", "ORI", "ORL", "ORN", "ORP"),
    *("ORR", "ORS", "OSR", "RAR", "RCI", "RCL", "RDR", "RER", "RGR", "ROR", "RPI", "RPL", "RPR", "RRA", "RRD", "RRE"),
    *("RRG", "RSP", "RTB", "SRR", "TBR", "VXR", "VXX"),
)
EVENTS = tuple((code, "*") for code in _CODES)
_MEDICINE = frozenset({"RXO", "RXE", "RXD", "RXG"})


def translate(draft: Draft) -> Mapped:
    """What the answer says of its patients, by what it holds."""
    message = draft.message
    names = {segment.name for segment in message.segments}
    if "PID" not in names and "OBX" in names:
        draft.issue("segment-missing", "PID", segment="PID")
        return finish(draft)
    if "PID" not in names:
        draft.issue("answer-noted", "MSH-9")
        institution(draft.site.institution, draft)  # who answered: what the message says is kept with him
        return finish(draft)
    if len(message.all("PID")) > 1:
        return reports.translate(draft) if "OBX" in names and "OBR" in names else _candidates(draft)
    if "RXA" in names:
        return administrations.translate(draft)
    if names & _MEDICINE and not names & {"OBR"}:
        return prescriptions.translate(draft)
    if "OBR" in names:
        return reports.translate(draft) if "OBX" in names else orders.translate(draft)
    return _person(draft)


def _person(draft: Draft) -> Mapped:
    """The one patient, with all that stands around him."""
    message = draft.message
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    surround(draft, about)
    observations(draft, about)
    return finish(draft, patient=about.patient.id)


def _candidates(draft: Draft) -> Mapped:
    """Each patient that the answer proposes, by himself."""
    first = ""
    for part in parts(draft):
        draft.group = {one.name: one for one in (part.pid, part.pd1, part.pv1) if one is not None}
        patient = identity.patient(part.pid, draft, Weight.MENTION)
        if patient is None:
            return finish(draft)
        first = first or patient.id
        if part.pd1 is not None:
            apply("PD1[Patient]", part.pd1, patient, draft)
        if part.pv1 is not None:
            encounter(part.pv1, patient, draft, Weight.MENTION)
    return finish(draft, patient=first)
