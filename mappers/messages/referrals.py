"""REF^I12, I13, I14 and RRI^I12, I13, I14: two-way referral -> ServiceRequest, Task, and what is sent along.

One ServiceRequest a referral number (RF1-6, with its authority), one Task on it that the receiving institution owns; an
answer (RRI) only mentions the request and states how the Task stands: when and why it was asked belongs to the REF.
Whether a referral goes up or down follows from the levels of the two institutions, unless the site tells it. A
rejection without a reason is refused, for the rules demand one; a referral without one is stored, and says so.
Source: HL7 v2.5.1 chapter 11 (REF, RRI, RF1, PRD, AUT); no official map exists.
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.datatypes.codeable_concept import codeable_concept
from mappers.datatypes.order_number import Number, number
from mappers.derived import derived_id
from mappers.draft import Draft, Sheet
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped, Weight
from mappers.message import NULL, Leaf, Segment
from mappers.messages.notes import annotate
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Noted, walk
from mappers.messages.referral_parties import Party, complete, parties
from mappers.messages.service_request import REQUESTER_ORGANIZATION, later, moment
from mappers.messages.subject import Subject, subject
from mappers.order_state import ResultState
from mappers.organization import institution, organization
from mappers.organization import reference as named
from mappers.referral_state import ReferralState, known, of_event
from mappers.segments.ctd_practitionerrole import contact
from mappers.segments.dg1_condition import conditions
from mappers.service_section import observation_category, section
from mappers.systems import CANONICAL
from mappers.use import Use

EVENTS = tuple((code, event) for code in ("REF", "RRI") for event in ("I12", "I13", "I14"))
CATEGORY = {"system": "http://snomed.info/sct", "code": "3457005", "display": "Patient referral"}
DIRECTION = f"{CANONICAL}/StructureDefinition/referral-direction"
_DIRECTIONS = f"{CANONICAL}/CodeSystem/referral-direction"
_BUSINESS = f"{CANONICAL}/CodeSystem/referral-task-status"
_LEVELS = ("village", "township", "county")
_SENT_ALONG = ResultState("unknown", "unknown")


def translate(draft: Draft) -> Mapped:
    """One referral, or one answer to it."""
    message = draft.message
    rf1 = message.first("RF1")
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if rf1 is None and not _is_new(None, draft):
        draft.issue("segment-missing", "RF1", segment="RF1")
        return finish(draft)
    key = (number(draft, rf1.first(6), "referral") if rf1 is not None else None) or _unnumbered(rf1, draft)
    if about is None or key is None:
        return finish(draft)
    # The standard lets a new referral come without RF1: it then says nothing.
    rf1 = rf1 or Segment("RF1", "RF1", -1, 1, message.delimiters)
    found = parties(draft)
    state = _state(rf1, draft)
    if message.code == "REF":
        complete(found, draft)
        request = _request(rf1, key, about, found, state, draft)
        _along(request, key, about, found, draft)
    else:
        request = _mention(rf1, key, about, found, draft)
    if state is not None:
        _task(rf1, request, key, about, found, state, draft)
    return finish(draft, patient=about.patient.id, order_key=f"{key.system}|{key.value}")


def _is_new(rf1: Segment | None, draft: Draft) -> bool:
    """Whether it asks for something that no earlier message asked for."""
    message = draft.message
    code = rf1.get(1) if rf1 is not None else None
    return (message.code, message.event) == ("REF", "I12") and code in (None, "P")


def _unnumbered(rf1: Segment | None, draft: Draft) -> Number | None:
    """A new referral without a number is known by its message; a change, an answer or a cancellation of one that
    nobody can find is refused."""
    site, message = draft.site, draft.message
    if not _is_new(rf1, draft) or not message.control_id:
        draft.issue("order-unidentified", "RF1-6")
        return None
    draft.issue("unnumbered", "RF1-6")
    return Number(systems.local(site.institution, "referral-message"), message.control_id, site.institution)


def _state(rf1: Segment, draft: Draft) -> ReferralState | None:
    """What RF1-1 says, else the event; an unknown code of RF1-1 goes on the work list."""
    message = draft.message
    code = rf1.get(1)
    if message.event == "I14" or not code or code == NULL:
        return of_event(message.code, message.event)
    found = known(draft.site, code)
    if found is None:
        draft.unmapped("referral-status", code, rf1.get(1, 2) or "", Leaf(rf1.position, 1, 1, 1, 1))
        return of_event(message.code, message.event)
    return found


def _request(
    rf1: Segment, key: Number, about: Subject, found: dict[str, Party], state: ReferralState | None, draft: Draft
) -> Sheet:
    status = state.request if state is not None else "active"
    weight = Weight.REVOKED if status == "revoked" else Weight.STATED
    sheet = draft.resource("ServiceRequest", derived_id("ServiceRequest", key.system, key.value), weight, key.owner)
    _head(sheet, status, about, found, draft)
    apply("RF1[ServiceRequest]", rf1, sheet, draft)
    sheet.body["category"] = [{"coding": [dict(CATEGORY)]}, *sheet.body.get("category", [])]
    _answers(rf1, key, sheet, about, draft)
    return sheet


def _answers(rf1: Segment, key: Number, sheet: Sheet, about: Subject, draft: Draft) -> None:
    """RF1-11: the referral that this one answers, as a down-referral does the up-referral it brings back."""
    before = number(draft, rf1.first(11), "referral")
    if before is None or before == key:
        return
    identity = derived_id("ServiceRequest", before.system, before.value)
    other = draft.resource("ServiceRequest", identity, Weight.MENTION, before.owner)
    other.body |= {"status": "unknown", "intent": "order", "subject": {"reference": about.patient.ref}}
    other.body["identifier"] = [{"system": before.system, "value": before.value}]
    other.body["category"] = [{"coding": [dict(CATEGORY)]}]
    sheet.body["basedOn"] = [{"reference": other.ref}]
    for leaf in rf1.values(11)[0].leaves():
        draft.ledger.note(leaf, "stored", other.path("identifier[0].value"), "RF1[ServiceRequest]#RF1-11")


def _mention(rf1: Segment, key: Number, about: Subject, found: dict[str, Party], draft: Draft) -> Sheet:
    identity = derived_id("ServiceRequest", key.system, key.value)
    sheet = draft.resource("ServiceRequest", identity, Weight.MENTION, key.owner)
    _head(sheet, "unknown", about, found, draft)
    apply("RF1[ServiceRequest-Answer]", rf1, sheet, draft)
    sheet.body["category"] = [{"coding": [dict(CATEGORY)]}]
    return sheet


def _head(sheet: Sheet, status: str, about: Subject, found: dict[str, Party], draft: Draft) -> None:
    body = sheet.body
    body["status"], body["intent"] = status, "order"
    about.write(sheet)
    giver, taker = found.get("RP"), found.get("RT")
    note = draft.ledger.note
    if giver is not None:
        body["requester"] = giver.reference
        if giver.role is not None:
            note(giver.role, "coded", sheet.path("requester"), "PRD[ServiceRequest]#PRD-1")
    if taker is not None:
        body["performer"] = [taker.reference]
        if taker.role is not None:
            note(taker.role, "coded", sheet.path("performer[0]"), "PRD[ServiceRequest]#PRD-1")
    direction = _direction(giver, taker, draft)
    if direction:
        coding = {"system": _DIRECTIONS, "code": direction}
        body["extension"] = [{"url": DIRECTION, "valueCoding": coding}]
    if giver is not None and giver.organization["reference"].startswith("Organization/"):
        sheet.add("extension", {"url": REQUESTER_ORGANIZATION, "valueReference": giver.organization})


def _direction(giver: Party | None, taker: Party | None, draft: Draft) -> str:
    told = draft.message.get("RF1", 3) or ""
    own = draft.site.codes.get(("referral-direction", told))
    if own is not None:
        return own
    levels = []
    for party in (giver, taker):
        one = draft.site.institutions.get(party.code) if party is not None else None
        if one is None or one.level not in _LEVELS:
            return ""
        levels.append(_LEVELS.index(one.level))
    return "lateral" if levels[0] == levels[1] else "up" if levels[0] < levels[1] else "down"


def _task(
    rf1: Segment,
    request: Sheet,
    key: Number,
    about: Subject,
    found: dict[str, Party],
    state: ReferralState,
    draft: Draft,
) -> None:
    weight = Weight.REVOKED if state.task == "cancelled" else Weight.STATED
    sheet = draft.resource("Task", derived_id("Task", key.system, key.value), weight, key.owner)
    body = sheet.body
    body["status"], body["intent"] = state.task, "order"
    body["code"] = {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]}
    body["businessStatus"] = {"coding": [{"system": _BUSINESS, "code": state.business}]}
    if (said := (rf1.get(1, 2) or "").strip()) and said != NULL:
        body["businessStatus"]["text"] = said
        place = sheet.path("businessStatus.text")
        draft.ledger.note(Leaf(rf1.position, 1, 1, 2, 1), "stored", place, "RF1[Task]#RF1-1")
    body["focus"] = {"reference": request.ref}
    body["for"] = {"reference": about.patient.ref}
    _when(rf1, sheet, draft)
    if "RP" in found:
        body["requester"] = found["RP"].organization
    if "RT" in found:
        body["owner"] = found["RT"].organization
    leaf = Leaf(rf1.position, 1, 1, 1, 1)
    if rf1.get(1) and known(draft.site, rf1.get(1) or ""):
        draft.ledger.note(leaf, "coded", sheet.path("businessStatus.coding[0].code"), "RF1[Task]#RF1-1")
    if state.task in ("rejected", "failed", "cancelled"):
        _reason(rf1, sheet, state, draft)
    if draft.message.code == "RRI" or "statusReason" in body:
        annotate(draft.message.all("NTE"), sheet, draft)


def _when(rf1: Segment, task: Sheet, draft: Draft) -> None:
    """When it was asked, by a request: RF1-9, else RF1-7. RF1-9 of an answer is the time of the answer."""
    body = task.body
    body["lastModified"] = draft.event_time
    time = moment(rf1, 9, draft)
    if draft.message.code == "REF":
        time = time or moment(rf1, 7, draft)
        if time and not later(time, draft.event_time):
            body["authoredOn"] = time
    elif time == body["lastModified"]:
        draft.ledger.note(Leaf(rf1.position, 9, 1, 1, 1), "stored", task.path("lastModified"), "RF1[Task]#RF1-9")


def _reason(rf1: Segment, sheet: Sheet, state: ReferralState, draft: Draft) -> None:
    """RF1-10, else NTE, else MSA-3: why it was rejected, failed or cancelled. An acceptance echoes the reason why it
    was asked, and has none of its own."""
    for value in rf1.values(10):
        use = Use(draft, value, "RF1[Task]#RF1-10")
        concept = codeable_concept(value, use)
        if concept is not None and "statusReason" not in sheet.body:
            sheet.body["statusReason"] = concept
            use.settle(sheet.path("statusReason"))
    said = (draft.message.get("NTE", 3) or draft.message.get("MSA", 3) or "").strip()
    if "statusReason" not in sheet.body and said and said != NULL:
        sheet.body["statusReason"] = {"text": said}
    if state.task == "rejected" and "statusReason" not in sheet.body:
        draft.issue("field-missing", "RF1-10")


def _along(request: Sheet, key: Number, about: Subject, found: dict[str, Party], draft: Draft) -> None:
    """What travels with a referral: diagnoses, notes, findings, authorization."""
    body = request.body
    for one in conditions(draft, about.patient, about.encounter):
        request.add("reasonReference", {"reference": one.ref})
    letter = any(draft.message.all(name) for name in ("OBX", "NTE"))
    if "reasonReference" not in body and "reasonCode" not in body:
        # A patient who is on the way is worth more than the form (the guide warns, R4 demands no reason).
        draft.issue("reason-uncoded" if letter else "reason-absent", "DG1-3")
    _contacts(request, found, draft)
    for aut in draft.message.all("AUT"):
        _authorization(aut, request, about, draft)
    walked = walk(draft.message)
    annotate((one.segment for one in walked.loose if one.segment.name == "NTE"), request, draft)
    for group in walked.groups:
        annotate(group.notes, request, draft)
    counts: dict[tuple[str, str], int] = {}
    for noted, obr in _findings(draft):
        observed = observe(noted, _panel(key, about, obr, draft), counts, draft)
        if observed is not None:
            request.add("supportingInfo", {"reference": observed.sheet.ref})


def _contacts(request: Sheet, found: dict[str, Party], draft: Draft) -> None:
    """CTD: whom to ask, at the institution of the party it stands behind."""
    houses = {
        one.role.position: one.organization
        for one in found.values()
        if one.role is not None and one.organization["reference"].startswith("Organization/")
    }
    for ctd in draft.message.all("CTD"):
        before = [place for place in houses if place < ctd.position]
        house = houses[max(before)] if before else named(institution(draft.site.institution, draft))
        if (role := contact(ctd, house, draft)) is not None:
            request.add("supportingInfo", {"reference": role.ref})


def _authorization(aut: Segment, request: Sheet, about: Subject, draft: Draft) -> None:
    """AUT: the payer's consent to the referral; without payer or number it cannot be found again and is carried."""
    value = aut.first(6)
    key = number(draft, value, "authorization")
    payer = organization(aut.get(2), aut.get(3), draft)
    if key is None or payer is None:
        return
    sheet = draft.resource("Coverage", derived_id("Coverage", key.system, key.value), Weight.STATED)
    sheet.body["status"] = "active"
    sheet.body["beneficiary"] = {"reference": about.patient.ref}
    sheet.body["payor"] = [{"reference": payer.ref, "display": payer.body["name"]}]
    apply("AUT[Coverage]", aut, sheet, draft)
    for field, element in ((2, "identifier"), (3, "name")):
        told = aut.get(field)
        if told and told != NULL and element in payer.body:
            leaf = Leaf(aut.position, field, 1, 1, 1)
            draft.ledger.note(leaf, "stored", payer.path(element), f"AUT[Coverage]#AUT-{field}")
    request.add("insurance", {"reference": sheet.ref})


def _findings(draft: Draft) -> list[tuple[Noted, Segment | None]]:
    found = walk(draft.message)
    loose = [(one, None) for one in found.loose if one.segment.name == "OBX"]
    return [*loose, *((one, group.obr) for group in found.groups for one in group.observations)]


def _panel(key: Number, about: Subject, obr: Segment | None, draft: Draft) -> Panel:
    time = moment(obr, 7, draft)
    effective: dict[str, Any] = {"effectiveDateTime": time} if time else {}
    return Panel(
        system=key.system,
        key=f"referral|{key.value}|{obr.get(4) if obr is not None else ''}",
        subject=about,
        state=_SENT_ALONG,
        category=observation_category(section(obr, draft)),
        effective=effective,
    )
