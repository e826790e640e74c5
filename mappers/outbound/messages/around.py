"""What stands around a patient -> NK1, AL1, PR1, GT1, IN1, IN2, IN3.

Inverse of `mappers.segments.nk1_relatedperson`, `.al1_allergyintolerance`, `.pr1_procedure`, `.gt1_relatedperson`,
`.in1_coverage`. Source: HL7 v2.5.1 3.4.5 (NK1), 3.4.6 (AL1), 6.5.4 (PR1), 6.5.5 (GT1), 6.5.6 to 6.5.8 (IN1 to IN3).
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import identifier, reference
from mappers.outbound.datatypes.person import human_name
from mappers.outbound.engine import fill
from mappers.outbound.messages.header import provenance
from mappers.outbound.messages.subject import is_mother
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]


def relatives(patient: Body, work: Work) -> list[Built]:
    """NK1: not the mother of PID-21, not the insured of IN1-16, not a guarantor; then contacts that are nobody's
    RelatedPerson."""
    insured = [one.get("subscriber") for one in work.pool.about("Coverage", "beneficiary", patient)]
    found = work.pool.about("RelatedPerson", "patient", patient)
    guarding = _guarantors(patient, work)
    named = [one for one in found if not is_mother(one) and not refers(insured, one) and one not in guarding]
    named = [one for one in named if not _said_guarantor(one, patient, work)]
    contacts = list(patient.get("contact", ()))
    segments: list[Built] = []
    for person in named:
        out = _next("NK1", segments)
        fill("NK1[RelatedPerson]", person, out, work)
        contact = next((one for one in contacts if _same(one, person)), None)
        if contact is not None:
            contacts.remove(contact)
            _contact(contact, out, work)
    for contact in contacts:
        _contact(contact, _next("NK1", segments), work)
    return segments


def _contact(contact: Body, out: Built, work: Work) -> None:
    fill("NK1[Patient]", {"contact": [contact]}, out, work)
    house = work.resource(contact.get("organization"), "Organization")
    if house is not None:
        fill("NK1[Organization]", {"contact": house.get("contact", [])[:1]}, out, work)


def _same(contact: Body, person: Body) -> bool:
    """Whether the contact of the Patient is that RelatedPerson: the same name, without one the same telephone."""
    name = contact.get("name", {}).get("text")
    if name or person.get("name"):
        return any(one.get("text") == name for one in person.get("name", ()))
    numbers = {one.get("value") for one in person.get("telecom", ())}
    return any(one.get("value") in numbers for one in contact.get("telecom", ()))


def _next(name: str, segments: list[Built]) -> Built:
    """One more segment of that name, numbered in its first field."""
    out = Built(name)
    out.put(1, str(sum(one.name == name for one in segments) + 1))
    segments.append(out)
    return out


def _numbered(name: str, map_id: str, bodies: list[Body], work: Work) -> list[Built]:
    found: list[Built] = []
    for body in bodies:
        fill(map_id, body, _next(name, found), work)
    return found


def allergies(patient: Body, work: Work) -> list[Built]:
    """AL1; in the message of A60 IAM, which it has instead."""
    found = work.pool.about("AllergyIntolerance", "patient", patient)
    name = "IAM" if work.envelope.event == "A60" else "AL1"
    return _numbered(name, f"{name}[AllergyIntolerance]", found, work)


def procedures(found: list[Body], work: Work) -> list[Built]:
    """PR1; the words of PR1-4 are those of the code."""
    return _numbered("PR1", "PR1[Procedure]", found, work)


def _guarantors(patient: Body, work: Work) -> list[Body]:
    """Who guarantees an account of the patient, the patient himself apart."""
    accounts = work.pool.about("Account", "subject", patient)
    parties = (one.get("party") for account in accounts for one in account.get("guarantor", ()))
    return [one for one in work.pool.all(parties) if one["resourceType"] == "RelatedPerson"]


def _said_guarantor(person: Body, patient: Body, work: Work) -> bool:
    """Whether a v2 message that is given back named the person in a GT1: who came by an NK1 is a contact as well."""
    if provenance(work) is None or not work.envelope.given_back:
        return False
    return not any(_same(one, person) for one in patient.get("contact", ()))


def guarantors(patient: Body, work: Work) -> list[Built]:
    """GT1 of the guarantors of the patient's accounts; of the patient himself name and relationship."""
    found: list[Built] = []
    insured = [one.get("subscriber") for one in work.pool.about("Coverage", "beneficiary", patient)]
    persons = _guarantors(patient, work)
    for one in work.pool.about("RelatedPerson", "patient", patient):
        if one not in persons and not is_mother(one) and not refers(insured, one):
            persons += [one] if _said_guarantor(one, patient, work) else []
    for person in persons:
        fill("GT1[RelatedPerson]", person, _next("GT1", found), work)
    accounts = work.pool.about("Account", "subject", patient)
    if any(refers(one.get("party"), patient) for account in accounts for one in account.get("guarantor", ())):
        out = _next("GT1", found)
        for name in patient.get("name", ())[:1]:
            out.put(3, human_name(name, Ask(work, "GT1-3")))
        out.put(11, "SEL")
    return found


def insurances(patient: Body, work: Work) -> list[Built]:
    """IN1 with the payer's number and name, its IN2; the case manager (IN3) behind the first."""
    found: list[Built] = []
    for coverage in work.pool.about("Coverage", "beneficiary", patient):
        if not coverage.get("class") and not coverage.get("payor", [{}])[0].get("reference"):
            continue  # only the financial class of PV1-20
        in1, in2 = _next("IN1", found), Built("IN2")
        _payer(coverage, in1, work)
        _insured(coverage, in1, work)
        fill("IN1[Coverage]", {**coverage, "payor": [] if in1.fields.get(3) else coverage.get("payor", [])}, in1, work)
        fill("IN2[Coverage]", {**coverage, "relationship": {}}, in2, work)
        insured = work.resource(coverage.get("subscriber"), "RelatedPerson")
        if insured is not None:
            fill("IN2[RelatedPerson]", insured, in2, work)
        found.append(in2)
        if len(found) == 2:
            found += _managers(patient, work)
    return found


def _payer(coverage: Body, in1: Built, work: Work) -> None:
    ask = Ask(work, "IN1-3")
    payer = next((reference.organization_of(one, ask) for one in coverage.get("payor", ())), None)
    if payer is None:
        return
    number, _ = reference.number_of(payer)
    in1.put(3, identifier.cx(number, ask))
    in1.put(4, payer.get("name"))
    fill("IN1[Organization]", payer, in1, work)


def _insured(coverage: Body, in1: Built, work: Work) -> None:
    insured = work.pool.get(coverage.get("subscriber"))
    if insured is not None and insured["resourceType"] == "RelatedPerson":
        fill("IN1[RelatedPerson]", insured, in1, work)
    elif insured is not None:
        for name in insured.get("name", ())[:1]:
            in1.put(16, human_name(name, Ask(work, "IN1-16")))


_CASE_MANAGER = "768832004"


def is_manager(participant: Body) -> bool:
    """Whether the member of a CareTeam is the case manager of IN3-21."""
    roles = (coding for one in participant.get("role", ()) for coding in one.get("coding", ()))
    return any(one.get("code") == _CASE_MANAGER for one in roles) and "reference" not in participant.get("member", {})


def _managers(patient: Body, work: Work) -> list[Built]:
    found: list[Built] = []
    for team in work.pool.about("CareTeam", "subject", patient):
        for one in filter(is_manager, team.get("participant", ())):
            fill("IN3[CareTeam]", {"participant": [one]}, _next("IN3", found), work)
    return found
