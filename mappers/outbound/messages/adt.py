"""Patient, Encounter and what stands around them -> ADT. Inverse of `mappers.messages.adt`.

Source: HL7 v2.5.1 3.3 (structures ADT_A01, A05, A09, A39): EVN PID PD1 {ROL} {NK1} PV1 PV2 {DG1} {AL1} {PR1} {IN1}.
"""

from __future__ import annotations

from typing import Any

from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import identifier
from mappers.outbound.engine import fill
from mappers.outbound.messages import roles
from mappers.outbound.messages.around import allergies, guarantors, insurances, procedures, relatives
from mappers.outbound.messages.header import evn, opening
from mappers.outbound.messages.observations import obx
from mappers.outbound.messages.subject import is_living_will, pd1, pid, visit
from mappers.outbound.pool import refers
from mappers.outbound.receiver import Work
from mappers.outbound.tree import Built, order

Body = dict[str, Any]
MERGES = frozenset({"A18", "A30", "A34", "A36", "A39", "A40", "A46", "A47"})
"""Events that say which number takes the place of which (kind `merge` of `tables/adt_events.csv`)."""


def adt(patient: Body, encounter: Body | None, work: Work) -> list[Built]:
    """The message of one event of a patient or a visit, its parts in the order that the structure has them."""
    if work.envelope.event in MERGES:
        return merged(patient, work)
    if work.envelope.event == "A24":
        return linked(patient, work)
    parts = [
        [pid(patient, work)],
        [pd1(patient, work), *roles.of_patient(patient, work)],
        relatives(patient, work),
        [*visit(encounter, work), *(roles.of_visit(encounter, work) if encounter is not None else ())],
        _observations(patient, work),
        allergies(patient, work),
        diagnoses(_of_visit("Condition", patient, encounter, work), encounter, work),
        procedures(_of_visit("Procedure", patient, encounter, work), work),
        guarantors(patient, work),
        insurances(patient, work),
    ]
    names = order(f"ADT^{work.envelope.event}", work.receiver.version)
    places = {name: number for number, name in enumerate(names)}
    parts.sort(key=lambda part: places.get(part[0].name, len(names)) if part else 0)
    return [*opening(work), evn(work), *(one for part in parts for one in part)]


def _observations(patient: Body, work: Work) -> list[Built]:
    """OBX: what was measured at admission."""
    found = [one for one in work.pool.about("Observation", "subject", patient) if not is_living_will(one)]
    segments: list[Built] = []
    for number, one in enumerate(found, 1):
        segments += obx(one, number, work)
    return segments


def _of_visit(kind: str, patient: Body, encounter: Body | None, work: Work) -> list[Body]:
    """What is said of the patient, without what belongs to another visit than the one that is told of."""
    about = work.pool.about(kind, "subject", patient)
    return [one for one in about if encounter is None or "encounter" not in one or refers(one["encounter"], encounter)]


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


def linked(patient: Body, work: Work) -> list[Built]:
    """A24: two records of one person."""
    segments = [*opening(work), evn(work), pid(patient, work), pd1(patient, work)]
    for link in patient.get("link", ()):
        other = work.resource(link.get("other"), "Patient") if link.get("type") == "seealso" else None
        if other is not None:
            return [*segments, pid(other, work), pd1(other, work)]
    return []


def merged(kept: Body, work: Work) -> list[Built]:
    """A40: the patient that stays, and the numbers of each one it replaces."""
    segments = [*opening(work), evn(work)]
    gone = [
        found
        for one in kept.get("link", ())
        if one.get("type") == "replaces" and (found := work.resource(one.get("other"), "Patient")) is not None
    ]
    for patient in gone:
        mrg = Built("MRG")
        for number in patient.get("identifier", ()):
            mrg.add(1, identifier.cx(number, Ask(work, "MRG-1")))
        for account in work.pool.about("Account", "subject", patient):
            fill("MRG[Account]", account, mrg, work)
        segments += [pid(kept, work), pd1(kept, work), mrg]
    return segments if gone else []
