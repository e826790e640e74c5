"""ServiceRequest of a referral and its Task -> REF^I12, I13, I14 and RRI^I12. Inverse of `mappers.messages.referrals`.

Up, down and back are one message: the direction follows from who refers (RP) and who is asked (RT); RF1-11 names the
referral that this one answers. Source: HL7 v2.5.1 chapter 11 (REF, RRI, RF1, PRD, AUT).
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded, identifier, person, reference
from mappers.outbound.engine import fill
from mappers.outbound.messages.adt import diagnoses
from mappers.outbound.messages.contacts import ctd, roles
from mappers.outbound.messages.header import opening
from mappers.outbound.messages.notes import notes
from mappers.outbound.messages.observations import obx
from mappers.outbound.messages.orders import task_of
from mappers.outbound.messages.state import code
from mappers.outbound.messages.subject import patient_of, pid, visit
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]
_REFERRAL = "3457005"
_BACK = frozenset({"rejected", "failed", "cancelled"})


def is_referral(request: Body) -> bool:
    """Whether the request asks to take over a patient."""
    codings = (one for concept in request.get("category", ()) for one in concept.get("coding", ()))
    return any(one.get("code") == _REFERRAL for one in codings)


def referral_message(request: Body, work: Work) -> list[Built]:
    """REF: the referral and what travels with it; RRI: how it stands."""
    task, answer = task_of(request, work), work.envelope.code == "RRI"
    patient = patient_of(request, work)
    segments = opening(work)
    segments += [rf1(request, task, work), *_authorizations(request, work), *parties(request, work)]
    if patient is not None:
        segments.append(pid(patient, work))
    if not answer:
        conditions = work.pool.all([one for one in request.get("reasonReference", ()) if _is(one, "Condition")])
        segments += diagnoses(list(conditions), _visit(request, work), work)
        segments += _findings(request, work)
    segments += visit(_visit(request, work), work)
    said = (task or {}).get("note", ()) if answer or (task or {}).get("status") in _BACK else request.get("note", ())
    return [*segments, *notes(said, work)]


def _visit(request: Body, work: Work) -> Body | None:
    return work.resource(request.get("encounter"), "Encounter")


def _is(reference_: Body, kind: str) -> bool:
    return bool(reference_.get("reference", "").startswith(f"{kind}/"))


def rf1(request: Body, task: Body | None, work: Work) -> Built:
    """RF1: how it stands (1), what rows say, the referral it answers (11)."""
    out, ask = Built("RF1"), Ask(work, "RF1-1")
    business = (task or {}).get("businessStatus", {})
    state = next((one.get("code", "") for one in business.get("coding", ())), "")
    told = code(work.receiver, "referral-status", state)
    if told:
        out.put(1, {1: told, 2: business["text"]} if business.get("text") else told)
    why = coded.concept((task or {}).get("statusReason"), Ask(work, "RF1-10"))
    if why and (task or {}).get("status") in _BACK:
        out.add(10, why)
    wanted = {
        **request,
        "category": [one for one in request.get("category", ()) if not is_referral({"category": [one]})],
    }
    fill("RF1[ServiceRequest]", wanted, out, work)
    if work.envelope.code == "RRI" and task is not None:
        out.fields.pop(9, None)
    for before in work.pool.all(request.get("basedOn")):
        for number in before.get("identifier", ())[:1]:
            out.put(11, identifier.ei(number, ask))
    return out


def _authorizations(request: Body, work: Work) -> list[Built]:
    found: list[Built] = []
    for coverage in work.pool.all(request.get("insurance")):
        out = Built("AUT")
        fill("AUT[Coverage]", coverage, out, work)
        payer = next((reference.organization_of(one, Ask(work, "AUT-2")) for one in coverage.get("payor", ())), None)
        if payer is not None:
            out.put(2, reference.number_of(payer)[1])
            out.put(3, payer.get("name"))
        found.append(out)
    return found


def parties(request: Body, work: Work) -> list[Built]:
    """PRD: who refers, and who is asked to take over."""
    found: list[Built] = []
    asked = roles(request, work)
    for role, element in (("RP", "requester"), ("RT", "performer")):
        told = request.get(element)
        one = told[0] if isinstance(told, list) and told else told
        if isinstance(one, dict):
            found.append(_party(role, one, work))
            house = reference.organization_of(one, Ask(work, "PRD-10")) or request
            there = [one for one in asked if refers(one.get("organization"), house)]
            asked = [one for one in asked if one not in there]
            found += [ctd(one, work) for one in there]
    return [*found, *(ctd(one, work) for one in asked)] if found else []


def _party(role: str, told: Body, work: Work) -> Built:
    out, ask = Built("PRD"), Ask(work, "PRD-7")
    out.put(1, work.receiver.own_code("referral-role", role) or role)
    who, house = reference.person_of(told, ask), reference.organization_of(told, ask)
    if who is not None:
        for name in who.get("name", ())[:1]:
            out.put(2, person.human_name(name, ask))
        for number in who.get("identifier", ())[:1]:
            out.put(7, _number(number, work))
    rows = work.pool.get(told)
    if rows is not None and rows["resourceType"] == "PractitionerRole":
        fill("PRD[PractitionerRole]", rows, out, work)
    if house is not None:
        _house(house, out, work)
    elif who is None and told.get("display"):
        out.put(2, told["display"])
    return out


def _number(number: Body, work: Work) -> dict[int, Any]:
    """PLN: number 1, type 2 (the authority is said by the institution)."""
    return {1: number.get("value", "")}


def _house(house: Body, out: Built, work: Work) -> None:
    """The institution: PRD-10 (v2.6) does not exist before, where PRD-4.4 names it."""
    number, code_ = reference.number_of(house)
    name = (
        work.receiver.name_of(code_)
        if number.get("system", "").endswith("/institution")
        else code_ or house.get("name", "")
    )
    if out.fields.get(4):
        out.beside(4, 4, name)
    else:
        out.put(4, {4: name})
    out.put(10, reference.xon({"reference": f"Organization/{house['id']}"}, Ask(work, "PRD-10")))


def _findings(request: Body, work: Work) -> list[Built]:
    """OBR and OBX of what is sent along."""
    found = list(work.pool.all([one for one in request.get("supportingInfo", ()) if _is(one, "Observation")]))
    if not found:
        return []
    head = Built("OBR")
    head.put(1, "1")
    head.put(4, {1: "57133-1", 2: "Referral note", 3: "LN"})
    segments = [head]
    for number, observation in enumerate(found, 1):
        segments += obx(observation, number, work)
    return segments
