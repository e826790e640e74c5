"""Patient and Encounter -> PID, PD1, PV1, PV2. Inverse of `mappers.identity`, `mappers.encounter`."""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import identifier
from mappers.outbound.engine import fill
from mappers.outbound.inverse import code_of
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built

Body = dict[str, Any]
_LIVING_WILL = "75320-2"
"""LOINC, as `PD1[Observation-LivingWill]` has it."""
MOTHER = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}


def pid(patient: Body, work: Work) -> Built:
    """PID, with the account (18) and the mother of a newborn (21)."""
    out = Built("PID")
    out.put(1, "1")
    numbers, again = _numbers(patient)
    fill("PID[Patient]", {**patient, "identifier": numbers}, out, work)
    for number in again[:1]:
        out.put(2, identifier.cx(number, Ask(work, "PID-2")))
    for account in work.pool.about("Account", "subject", patient):
        fill("PID[Account]", account, out, work)
    for told in work.pool.about("Provenance", "target", patient):
        if not told.get("entity"):
            fill("PID[Provenance-Patient]", told, out, work)
    for mother in filter(is_mother, work.pool.about("RelatedPerson", "patient", patient)):
        fill("PID[RelatedPerson-Mother]", mother, out, work)
    return out


def _numbers(patient: Body) -> tuple[list[Body], list[Body]]:
    """The identifiers for PID-3, and those that repeat the number of another one, as PID-2 does."""
    found: list[Body] = []
    again: list[Body] = []
    for one in patient.get("identifier", ()):
        (again if any(other.get("value") == one.get("value") for other in found) else found).append(one)
    return [*found, *again[1:]], again


def is_mother(person: Body) -> bool:
    """Whether the RelatedPerson is the mother of PID-21: a number and nothing else."""
    codes = (coding for one in person.get("relationship", ()) for coding in one.get("coding", ()))
    return "name" not in person and any(one.get("code") == MOTHER["code"] for one in codes)


def pd1(patient: Body, work: Work) -> Built:
    out = Built("PD1")
    told = [_person_first(one, work) for one in patient.get("generalPractitioner", ())]
    fill("PD1[Patient]", {**patient, "generalPractitioner": told}, out, work)
    for will in work.pool.about("Observation", "subject", patient):
        if is_living_will(will):
            fill("PD1[Observation-LivingWill]", will, out, work)
    return out


def _person_first(told: Body, work: Work) -> Body:
    """Of a role the person (PD1-4), whose institution would be taken for the patient's (PD1-3)."""
    role = work.resource(told, "PractitionerRole") or {}
    person: Body = role.get("practitioner") or told
    return person


def is_living_will(observation: Body) -> bool:
    """Whether the Observation is that of PD1-7."""
    return any(one.get("code") == _LIVING_WILL for one in observation.get("code", {}).get("coding", ()))


def visit(encounter: Body | None, work: Work) -> list[Built]:
    """PV1 and PV2."""
    if encounter is None:
        return []
    one, two = Built("PV1"), Built("PV2")
    one.put(1, "1")
    taken: set[tuple[Any, ...]] = set()
    fill("PV1[Encounter]", encounter, one, work, taken)
    fill("PV2[Encounter]", encounter, two, work, taken)
    patient = work.resource(encounter.get("subject"), "Patient")
    if patient is not None:
        fill("PV1[Patient]", patient, one, work)
    for coverage in work.pool.about("Coverage", "beneficiary", patient)[:1] if patient is not None else ():
        fill("PV1[Coverage]", coverage, one, work)
    for episode in work.pool.all(encounter.get("episodeOfCare")):
        fill("PV1[EpisodeOfCare]", episode, one, work)
    for history in work.pool.of("Basic"):
        if any(refers(part.get("valueReference"), encounter) for part in history.get("extension", ())):
            fill("PV1[Basic-EncounterHistory]", history, one, work)
    _bed(encounter, one, work)
    return [one, two]


def _bed(encounter: Body, out: Built, work: Work) -> None:
    """PV1-40: the state of the bed."""
    first: Body = next(iter(encounter.get("location", ())), {})
    place = work.resource(first.get("location"), "Location") or {}
    state = place.get("operationalStatus", {}).get("code", "")
    out.put(40, code_of(work.receiver, "BedStatus", state) if state else "")


def patient_of(body: Body, work: Work) -> Body | None:
    """The Patient a resource is about."""
    for element in ("subject", "patient", "for", "beneficiary"):
        found = work.resource(body.get(element), "Patient")
        if found is not None:
            return found
    return None


def head(patient: Body | None, work: Work) -> list[Built]:
    """PID and PD1 of whom a resource is about."""
    return [pid(patient, work), pd1(patient, work)] if patient is not None else []


def visit_of(body: Body, work: Work) -> list[Built]:
    """PV1 and PV2 of what a resource belongs to."""
    return visit(work.resource(body.get("encounter"), "Encounter"), work)
