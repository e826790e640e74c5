"""Appointment -> SIU^S12 to S26. Inverse of `mappers.messages.appointments`.

Source: HL7 v2.5.1 10.4 (structure SIU_S12: SCH {NTE} PID PV1 {RGS {AIS} {AIG} {AIL} {AIP}}), 10.6 (SCH, AIS, AIG, AIL,
AIP).
"""

from __future__ import annotations

from functools import partial
from typing import Any

from mappers.messages.appointments import NOTE
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded, identifier, reference
from mappers.outbound.datatypes.moment import dtm
from mappers.outbound.engine import fill
from mappers.outbound.messages.adt import diagnoses
from mappers.outbound.messages.header import opening
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.observations import obx
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import head, is_living_will, visit
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built, Repetition

Body = dict[str, Any]
_CONTACT, _ENTERED, _ROLES = "CALLBCK", "ENT", "http://terminology.hl7.org/CodeSystem/v3-"


def appointment_message(appointment: Body, work: Work) -> list[Built]:
    """The message about one appointment."""
    patient = next((one for one in _actors(appointment, work) if one["resourceType"] == "Patient"), None)
    said = [one.get("valueAnnotation", {}) for one in appointment.get("extension", ()) if one["url"] == NOTE]
    if appointment.get("comment"):
        said.append({"text": appointment["comment"]})
    about = _visit(appointment, patient, work)
    rgs = Built("RGS")
    rgs.put(1, "1")
    rgs.put(2, _action(work))
    return [
        *opening(work),
        sch(appointment, work),
        *notes(said, work),
        *head(patient, work),
        *visit(about, work),
        *_findings(patient, about, work),
        rgs,
        *services(appointment, work),
        *resources(appointment, work),
    ]


def _visit(appointment: Body, patient: Body | None, work: Work) -> Body | None:
    """The visit that the appointment led to, else the only one of the patient that is at hand."""
    visits = work.pool.about("Encounter", "subject", patient) if patient is not None else []
    own = [one for one in visits if refers(one.get("appointment"), appointment)]
    return own[0] if own else visits[0] if len(visits) == 1 else None


def _findings(patient: Body | None, about: Body | None, work: Work) -> list[Built]:
    """OBX and DG1: what belongs to the visit; all there is, when the message is given back."""
    if patient is None or (about is None and not work.envelope.given_back):
        return []
    found = [one for one in work.pool.about("Observation", "subject", patient) if not is_living_will(one)]
    segments: list[Built] = []
    for number, one in enumerate(filter(partial(_belongs, about, work), found), 1):
        segments += obx(one, number, work)
    told = filter(partial(_belongs, about, work), work.pool.about("Condition", "subject", patient))
    return [*segments, *diagnoses(list(told), about, work)]


def _belongs(about: Body | None, work: Work, one: Body) -> bool:
    return work.envelope.given_back or (about is not None and refers(one.get("encounter"), about))


def _action(work: Work) -> str:
    """Table 0206: what the message does to the resources."""
    return {"S12": "A", "S15": "D", "S17": "D"}.get(work.envelope.event, "U")


def _actors(appointment: Body, work: Work) -> list[Body]:
    return [
        found for one in appointment.get("participant", ()) if (found := work.pool.get(one.get("actor"))) is not None
    ]


def sch(appointment: Body, work: Work) -> Built:
    """SCH: when (11), who asks and who entered it (12, 16, 20), how it stands (25), the order (26)."""
    out, ask = Built("SCH"), Ask(work, "SCH-2")
    fill("SCH[Appointment]", appointment, out, work)
    for number in appointment.get("identifier", ())[:1]:
        out.put(2, identifier.ei(number, ask))
    if appointment.get("id"):
        out.put(2, appointment["id"])
    if appointment.get("minutesDuration"):
        out.put(9, str(appointment["minutesDuration"]))
        out.put(10, "min")
        out.beside(11, 3, f"M{appointment['minutesDuration']}")
    for participant in appointment.get("participant", ()):
        codes = _codes(participant)
        who = reference.xcn(participant.get("actor"), ask)
        if _CONTACT in codes:
            out.put(12, who)
            out.add(16, who)
        elif _ENTERED in codes:
            out.add(20, who)
    out.put(25, code(work.receiver, "appointment-status", appointment.get("status", "")))
    for request in work.pool.all(appointment.get("basedOn")):
        if request["resourceType"] == "ServiceRequest":
            for number in request.get("identifier", ())[:1]:
                out.put(26, identifier.ei(number, ask))
    return out


def _codes(participant: Body) -> set[str]:
    return {coding.get("code", "") for one in participant.get("type", ()) for coding in one.get("coding", ())}


def services(appointment: Body, work: Work) -> list[Built]:
    """AIS of each service."""
    found: list[Built] = []
    for one in appointment.get("serviceType", ()):
        out = _next("AIS", found, work)
        fill("AIS[Appointment]", {"serviceType": [one]}, out, work)
        _when(appointment, {}, out, (4, 7, 8), work)
    return found


def resources(appointment: Body, work: Work) -> list[Built]:
    """AIG of devices, AIL of places, AIP of persons, in the order that RGS has them."""
    ask = Ask(work, "AIP-3")
    things: list[Built] = []
    places: list[Built] = []
    people: list[Built] = []
    for participant in appointment.get("participant", ()):
        actor = participant.get("actor")
        kind = (actor or {}).get("reference", "").partition("/")[0]
        if kind == "Device":
            out = _next("AIG", things, work)
            out.put(3, _thing(actor, work))
            _role(participant, out, Ask(work, "AIG-4"))
            _when(appointment, participant, out, (8, 11, 12), work)
        elif kind == "Location":
            out = _next("AIL", places, work)
            out.put(3, reference.pl(actor, ask))
            _when(appointment, participant, out, (6, 9, 10), work)
        elif kind in ("Practitioner", "PractitionerRole") and _acts(participant):
            out = _next("AIP", people, work)
            out.put(3, reference.xcn(actor, ask))
            _role(participant, out, Ask(work, "AIP-4"))
            _when(appointment, participant, out, (6, 9, 10), work)
    return [*things, *places, *people]


def _acts(participant: Body) -> bool:
    """Whether the person is more than a contact, or who entered the appointment."""
    return not _codes(participant) & {_CONTACT, _ENTERED} or any(map(_own, participant.get("type", ())))


def _own(concept: Body) -> bool:
    """Whether the words are the sender's own, not the participation of v3 that stands beside them."""
    return not any(coding.get("system", "").startswith(_ROLES) for coding in concept.get("coding", ()))


def _next(name: str, found: list[Built], work: Work) -> Built:
    out = Built(name)
    out.put(1, str(len(found) + 1))
    out.put(2, _action(work))
    found.append(out)
    return out


def _thing(actor: Any, work: Work) -> Repetition | None:
    """CE of a Device: its number and name."""
    found = reference.device(actor, Ask(work, "AIG-3"))
    return found or ({2: actor["display"]} if actor.get("display") else None)


def _role(participant: Body, out: Built, ask: Ask) -> None:
    """What the resource does."""
    for one in filter(_own, participant.get("type", ())):
        out.put(4, coded.concept(one, ask))


def _when(appointment: Body, participant: Body, out: Built, at: tuple[int, int, int], work: Work) -> None:
    """When the resource is needed: its own time, else that of the appointment."""
    start, length, unit = at
    time = participant.get("period", {}).get("start") or appointment.get("start")
    out.put(start, dtm(time, work.receiver.site.offset))
    if appointment.get("minutesDuration"):
        out.put(length, str(appointment["minutesDuration"]))
        out.put(unit, "min")
