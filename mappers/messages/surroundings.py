"""What stands around the subject in any message: PD1, NK1, PV2, AL1, IN1, and observations about the patient.

A message about something else states these as an ADT does; on the patient and the visit themselves it stays a mention.
Only when the message has one PID: of several patients the segments are not told apart here, and are carried.
Source: V2-to-FHIR ORM_O01, OML_O21, ORU_R01, SIU_S12, VXU_V04 (PATIENT groups), ADT_A01 (OBSERVATION group).
"""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.draft import Draft
from mappers.engine import apply
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import Segment
from mappers.messages.observations import Panel, observe
from mappers.messages.order_groups import Noted
from mappers.messages.subject import Subject
from mappers.order_state import ResultState
from mappers.segments.al1_allergyintolerance import allergies
from mappers.segments.gt1_relatedperson import guarantors
from mappers.segments.in1_coverage import coverages
from mappers.segments.nk1_relatedperson import related_persons
from mappers.segments.pd1_observation import living_will
from mappers.segments.pv1_basic import history
from mappers.segments.rol_careteam import roles

_UNTOLD = ResultState("unknown", "unknown")
"""An observation beside a registration whose OBX-11 is empty: nobody said that it is final."""


_ABOUT = ("PD1", "NK1", "AL1", "IAM", "IN1", "GT1", "PV1", "ROL", "PRT")
_ROLES = ("ROL", "PRT", "IN3")


def surround(draft: Draft, about: Subject) -> None:
    """Translates the segments about patient and visit that the message has beside PID and PV1."""
    message = draft.message
    names = {segment.name for segment in message.segments}
    if names.isdisjoint(_ABOUT) or len(message.all("PID")) != 1:
        return
    patient, visit = about.patient, about.encounter
    if (pd1 := message.first("PD1")) is not None:
        apply("PD1[Patient]", pd1, patient, draft)
        living_will(pd1, patient, draft)
    if "NK1" in names:
        related_persons(draft, patient)
    if "AL1" in names or "IAM" in names:
        allergies(draft, patient)
    if not names.isdisjoint(_ROLES):
        roles(draft, patient)
    pv1, pv2 = message.first("PV1"), message.first("PV2")
    if "IN1" in names or (pv1 is not None and pv1.raw(20)):
        coverages(draft, patient)
    if "GT1" in names:
        guarantors(draft, patient)
    if pv1 is not None:
        apply("PV1[Patient]", pv1, patient, draft)
    if pv1 is not None and visit is not None:
        history(pv1, patient, visit, draft)
        if pv2 is not None:
            apply("PV2[Encounter]", pv2, visit, draft)


def alone(draft: Draft, about: Subject, segment: str) -> Mapped:
    """The end of a message that lacks what it is sent for: who it is about, and what it says of him, is stored and the
    segment that is missing is said. Nothing that the message asks for is left undone unsaid."""
    draft.issue("detail-missing", segment, segment=segment)
    surround(draft, about)
    observations(draft, about)
    return finish(draft, patient=about.patient.id)


def observations(draft: Draft, about: Subject, only: tuple[Segment, ...] | None = None) -> None:
    """OBX (all of the message by default) about the patient, outside of any order. One that cannot be an Observation
    is carried, never refused."""
    segments = draft.message.all("OBX") if only is None else only
    if not segments:
        return
    place = about.encounter.id if about.encounter is not None else about.patient.id
    effective: dict[str, Any] = {"effectiveDateTime": draft.event_time}
    panel = Panel(
        system=systems.local(draft.site.institution, "observation"),
        key=f"{place}|{draft.event_time}",
        subject=about,
        state=_UNTOLD,
        effective=effective,
    )
    counts: dict[tuple[str, str], int] = {}
    for obx in segments:
        if obx.get(3) or obx.get(3, 2):
            observe(Noted(obx), panel, counts, draft)
