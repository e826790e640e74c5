"""ADT: registration, visits, admission, transfer, discharge, cancellation and merge (HL7 v2.5.1 chapter 3)."""

from __future__ import annotations

from datetime import datetime

from examples.county.er7 import parts, segment, stamp
from examples.county.places import Patient
from examples.county.visits import Visit, dg1, in1, nk1, pid, pv1


def evn(event: str, when: datetime) -> str:
    return segment("EVN", {1: event, 2: stamp(when), 6: stamp(when)})


def registration(site: str, patient: Patient, when: datetime) -> list[str]:
    """A28: the person becomes known, no visit yet (PV1 is required and says N)."""
    return [evn("A28", when), pid(site, patient), "PV1|1|N"]


def visit_start(site: str, visit: Visit, event: str) -> list[str]:
    """A01 or A04 with next of kin (inpatients), diagnosis and insurance."""
    head = [evn(event, visit.start), pid(site, visit.patient)]
    kin = [nk1(visit)] if visit.kind == "I" else []
    paid = [] if visit.patient.person.plan[0] == "000" or site == "village-clinic" else [in1(visit.patient)]
    local = [_zvi(visit)] if site == "county-his" else []
    return [*head, *kin, pv1(site, visit), dg1(visit), *paid, *local]


def visit_event(
    site: str, visit: Visit, event: str, when: datetime, changes: dict[int, str] | None = None
) -> list[str]:
    """A02, A03, A08, A11 or A13: the visit as it stands, with some PV1 fields written otherwise."""
    return [evn(event, when), pid(site, visit.patient), pv1(site, visit, changes)]


def person_update(site: str, visit: Visit, when: datetime, changes: dict[int, str]) -> list[str]:
    """A08 with some PID fields written otherwise."""
    return [evn("A08", when), pid(site, visit.patient, changes), pv1(site, visit)]


def transfer(site: str, visit: Visit, when: datetime, bed: str) -> list[str]:
    """A02: the new bed in PV1-3, the old one in PV1-6."""
    facility = visit.patient.place.facility
    old, new = parts(*visit.bed.split("^"), facility), parts(*bed.split("^"), facility)
    return visit_event(site, visit, "A02", when, {3: new, 6: old})


def merge(site: str, kept: Patient, gone: Patient, when: datetime) -> list[str]:
    """A40: the record of `gone` ends up in the one of `kept`."""
    kind = {"county-his": "BLH", "township-a-his": "MR", "township-b-his": "IDCard"}[site]
    authority = "" if site == "township-b-his" else gone.place.facility
    old = parts(gone.number, "", "", authority, kind)
    return [evn("A40", when), pid(site, kept), segment("MRG", {1: old, 7: gone.person.name})]


def _zvi(visit: Visit) -> str:
    """A Z-segment as the lead hospital's HIS adds it: visit count, fee class and a note for the cashier."""
    return segment("ZVI", {1: "1", 2: visit.number, 3: "普通号", 4: "12.00", 5: "已缴费"})
