"""Patient, Encounter and what stands around them -> ADT. Inverse of `mappers.messages.adt`.

Source: HL7 v2.5.1 3.3 (structures ADT_A01, A05, A09, A39): EVN PID PD1 {ROL} {NK1} PV1 PV2 {DG1} {AL1} {PR1} {IN1}.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import identifier, reference
from mappers.outbound.datatypes.person import human_name
from mappers.outbound.engine import fill
from mappers.outbound.messages.header import evn, msh
from mappers.outbound.messages.observations import obx
from mappers.outbound.messages.subject import is_living_will, is_mother, pd1, pid, visit
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]
_MERGES = frozenset({"A18", "A34", "A39", "A40"})


def adt(patient: Body, encounter: Body | None, work: Work) -> list[Built]:
    """The message of one event of a patient or a visit."""
    if work.envelope.event in _MERGES:
        return merged(patient, work)
    segments = [msh(work), evn(work), pid(patient, work), pd1(patient, work)]
    segments += relatives(patient, work)
    segments += visit(encounter, work)
    if encounter is not None:
        segments += roles(encounter, work)
    segments += _observations(patient, work)
    segments += diagnoses(_conditions(patient, encounter, work), encounter, work)
    segments += allergies(patient, work)
    segments += procedures(patient, work)
    return [*segments, *insurances(patient, work)]


def relatives(patient: Body, work: Work) -> list[Built]:
    """NK1: not the mother of PID-21, not the insured of IN1-16."""
    insured = [one.get("subscriber") for one in work.pool.about("Coverage", "beneficiary", patient)]
    found = work.pool.about("RelatedPerson", "patient", patient)
    named = [one for one in found if not is_mother(one) and not refers(insured, one)]
    return _numbered("NK1", "NK1[RelatedPerson]", named, work)


def _observations(patient: Body, work: Work) -> list[Built]:
    """OBX: what was measured at admission."""
    found = [one for one in work.pool.about("Observation", "subject", patient) if not is_living_will(one)]
    segments: list[Built] = []
    for number, one in enumerate(found, 1):
        segments += obx(one, number, work)
    return segments


def _numbered(name: str, map_id: str, bodies: list[Body], work: Work) -> list[Built]:
    found: list[Built] = []
    for number, body in enumerate(bodies, 1):
        one = Built(name)
        one.put(1, str(number))
        fill(map_id, body, one, work)
        found.append(one)
    return found


def allergies(patient: Body, work: Work) -> list[Built]:
    """AL1."""
    found = work.pool.about("AllergyIntolerance", "patient", patient)
    return _numbered("AL1", "AL1[AllergyIntolerance]", found, work)


def procedures(patient: Body, work: Work) -> list[Built]:
    """PR1; the words of PR1-4 are those of the code."""
    return _numbered("PR1", "PR1[Procedure]", work.pool.about("Procedure", "subject", patient), work)


def roles(encounter: Body, work: Work) -> list[Built]:
    """ROL: participants that PV1 and PV2 have no field for."""
    found: list[Built] = []
    for participant in encounter.get("participant", ()):
        types = participant.get("type", ())
        codes = {coding.get("code") for one in types for coding in one.get("coding", ())}
        if codes & {"ATND", "REF", "CON", "ADM", "PART"} or not types:
            continue
        rol = Built("ROL")
        rol.put(1, str(len(found) + 1))
        rol.put(2, "UP")
        fill("ROL[Encounter]", {"participant": [participant]}, rol, work)
        found.append(rol)
    return found


def _conditions(patient: Body, encounter: Body | None, work: Work) -> list[Body]:
    about = work.pool.about("Condition", "subject", patient)
    return [one for one in about if encounter is None or "encounter" not in one or _of(one, encounter)]


def _of(condition: Body, encounter: Body) -> bool:
    return bool(condition["encounter"].get("reference", "") == f"Encounter/{encounter.get('id', '')}")


def diagnoses(conditions: list[Body], encounter: Body | None, work: Work) -> list[Built]:
    """DG1, with its use and rank among the diagnoses of the visit."""
    found: list[Built] = []
    for number, condition in enumerate(conditions, 1):
        dg1 = Built("DG1")
        dg1.put(1, str(number))
        fill("DG1[Condition]", condition, dg1, work)
        for one in (encounter or {}).get("diagnosis", ()):
            if work.pool.get(one.get("condition")) is condition:
                fill("DG1[Encounter]", {"diagnosis": [one]}, dg1, work)
        if _state(condition) == "D":
            dg1.put(21, "D")
        found.append(dg1)
    return found


def _state(condition: Body) -> str:
    codes = {one.get("code") for one in condition.get("verificationStatus", {}).get("coding", ())}
    return "D" if "entered-in-error" in codes else ""


def insurances(patient: Body, work: Work) -> list[Built]:
    """IN1; the payer's number and name."""
    found: list[Built] = []
    for coverage in work.pool.about("Coverage", "beneficiary", patient):
        if not coverage.get("class") and not coverage.get("payor", [{}])[0].get("reference"):
            continue  # only the financial class of PV1-20
        in1 = Built("IN1")
        in1.put(1, str(len(found) + 1))
        ask = Ask(work, "IN1-3")
        payer = next((reference.organization_of(one, ask) for one in coverage.get("payor", ())), None)
        if payer is not None:
            number, code = reference.number_of(payer)
            found_at = identifier.assigner(number, work.receiver)
            in1.put(3, {1: code, 4: found_at} if code and isinstance(found_at, str) else {1: code})
            in1.put(4, payer.get("name"))
            fill("IN1[Organization]", payer, in1, work)
        insured = work.pool.get(coverage.get("subscriber"))
        if insured is not None and insured["resourceType"] == "RelatedPerson":
            fill("IN1[RelatedPerson]", insured, in1, work)
        elif insured is not None:
            for name in insured.get("name", ())[:1]:
                in1.put(16, human_name(name, ask))
        fill("IN1[Coverage]", coverage, in1, work)
        found.append(in1)
    return found


def merged(kept: Body, work: Work) -> list[Built]:
    """A40: the patient that stays, and the numbers of each one it replaces."""
    segments = [msh(work), evn(work)]
    gone = [
        found
        for one in kept.get("link", ())
        if one.get("type") == "replaces" and (found := work.resource(one.get("other"), "Patient")) is not None
    ]
    for patient in gone:
        mrg = Built("MRG")
        for number in patient.get("identifier", ()):
            mrg.add(1, identifier.cx(number, Ask(work, "MRG-1")))
        segments += [pid(kept, work), pd1(kept, work), mrg]
    return segments
