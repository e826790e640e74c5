"""PID, PV1, NK1, DG1 and IN1 in the dialect of each sender.

Every sender writes the same local number of a patient, with the assigning authority when it is not the sender's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from examples.county.er7 import day_of, parts, segment, stamp
from examples.county.places import Coded, Patient

_MARITAL = {"10": ("S", "未婚"), "20": ("M", "已婚"), "30": ("W", "丧偶"), "40": ("D", "离婚")}


@dataclass(frozen=True, slots=True)
class Visit:
    """One encounter. `kind` is O, E or I; `diagnosis` an ICD-10 code and text; `bed` is `ward^room^bed`."""

    patient: Patient
    number: str
    kind: str
    department: Coded
    doctor: Coded
    start: datetime
    diagnosis: Coded
    bed: str = ""
    end: datetime | None = None
    source: str = "1"
    """PV1-14: 1 as usual, 2 by referral, 7 through the emergency department."""


def _local(patient: Patient, facility: str, kind: str, written: str) -> str:
    """The local number as its own house writes it, or another house's number echoed with that house as authority."""
    if patient.place.facility == facility:
        return parts(patient.number, "", "", written, kind)
    foreign = "IDCard" if patient.place.code == "township-b" else "MR"
    return parts(patient.number, "", "", patient.place.facility, foreign)


def _county_his(patient: Patient) -> dict[int, str]:
    person = patient.person
    marital = _MARITAL[person.marital]
    ids = [parts(patient.number, "", "", "QHRY", "BLH"), parts(person.resident_id, "", "", "", "SFZH")]
    if patient.inpatient:
        ids.insert(1, parts(patient.inpatient, "", "", "QHRY", "ZYH"))
    return {
        1: "1",
        3: "~".join(ids),
        5: person.name,
        7: day_of(person.born),
        8: person.sex,
        11: parts(person.address, "", "", "", "999999", "", "H"),
        13: person.phone,
        16: parts(*marital),
        22: parts(*person.ethnicity),
    }


def _township_a(patient: Patient) -> dict[int, str]:
    person = patient.person
    ids = (
        _local(patient, "YXWSY", "MR", "YXWSY"),
        parts(person.resident_id, "", "", "MPS", "NNCHN"),
        parts(f"999999001{person.number:08d}", "", "", "JKDA", "JKDA"),
    )
    return {
        1: "1",
        3: "~".join(ids),
        5: parts(person.name, "", "", "", "", "", "L", "I"),
        7: day_of(person.born),
        8: person.sex,
        11: parts(person.address, "", "青禾县", "某省", "999999", "CHN", "H"),
        13: parts(person.phone, "PRN", "CP", "", "", "", person.phone),
        16: parts(*_MARITAL[person.marital]),
        22: parts(*person.ethnicity),
    }


def _township_b(patient: Patient) -> dict[int, str]:
    person = patient.person
    ids = [_local(patient, "SLWSY", "IDCard", ""), parts(person.resident_id, "", "", "", "IdentifyNO")]
    if patient.inpatient:
        ids.insert(1, parts(patient.inpatient, "", "", "", "PatientNO"))
    plan_number = {"310": "2", "390": "2", "000": "1"}[person.plan[0]]
    return {
        1: "1",
        2: patient.number,
        3: "~".join(ids),
        5: person.name,
        7: day_of(person.born) + "000000",
        8: person.sex,
        11: f"{parts(person.address, '', '', '', '999999', '', 'H')}~{parts('无', '', '', '', '999999', '', 'O')}",
        13: parts("", "", "", "", "", "", "", "", person.phone),
        16: parts(*_MARITAL[person.marital]),
        22: parts(*person.ethnicity),
        28: "156^中国",
        35: parts(plan_number, person.plan[1]),
    }


def _village(patient: Patient) -> dict[int, str]:
    person = patient.person
    return {
        3: patient.number,
        5: person.name,
        7: day_of(person.born),
        8: "男" if person.sex == "M" else "女",
        11: person.address,
        13: person.phone,
        19: person.resident_id,
    }


def _lis(patient: Patient) -> dict[int, str]:
    person = patient.person
    card = patient.place.code == "township-b"
    ids = (
        parts("" if card else patient.number, "", "", "" if card else patient.place.facility, "21"),
        parts(patient.inpatient, "", "", patient.place.facility if patient.inpatient else "", "51"),
        parts(person.resident_id, "", "", "", "1"),
        parts(patient.number if card else "", "", "", patient.place.facility if card else "", "25"),
    )
    return {
        1: "1",
        2: patient.number,
        3: "~".join(ids),
        5: person.name,
        7: day_of(person.born),
        8: "1" if person.sex == "M" else "2",
    }


def _pacs(patient: Patient) -> dict[int, str]:
    kind = "25" if patient.place.code == "township-b" else "21"
    ids = (
        parts(patient.number, "", "", patient.place.facility, kind),
        parts(patient.person.resident_id, "", "", "", "1"),
    )
    return {3: "~".join(ids), 5: patient.person.name, 7: day_of(patient.person.born), 8: patient.person.sex}


def _centre(patient: Patient) -> dict[int, str]:
    person = patient.person
    kind = "JZK" if patient.place.code == "township-b" else "MR"
    ids = f"{patient.number}^^^{patient.place.facility}^{kind}~{person.resident_id}^^^MPS^NNCHN"
    return {1: "1", 3: ids, 5: parts(person.name, "", "", "", "", "", "L"), 7: day_of(person.born), 8: person.sex}


def _analyser(patient: Patient) -> dict[int, str]:
    person = patient.person
    return {1: "1", 3: patient.number, 5: person.name, 7: day_of(person.born) + "000000", 8: person.sex}


_PID: Mapping[str, Callable[[Patient], dict[int, str]]] = {
    "county-his": _county_his,
    "township-a-his": _township_a,
    "township-b-his": _township_b,
    "village-clinic": _village,
    "county-lis": _lis,
    "county-pacs": _pacs,
    "county-ecg": _centre,
    "county-pathology": _centre,
    "county-referral": _centre,
    "county-analyser": _analyser,
}


def pid(site: str, patient: Patient, changes: Mapping[int, str] | None = None) -> str:
    """PID as that site writes it, with some fields written otherwise."""
    return segment("PID", {**_PID[site](patient), **(changes or {})})


_TOWNSHIP_B_CLASS = {"O": "1", "E": "2", "I": "3"}


def xcn(doctor: Coded, facility: str = "") -> str:
    """A doctor; a centre names the house whose number it is."""
    return parts(*doctor, "", "", "", "", "", "", facility)


def pv1(site: str, visit: Visit, changes: Mapping[int, str] | None = None) -> str:
    """PV1 as that site writes it; a centre names who gave the visit number."""
    own = site == f"{visit.patient.place.code}-his" or site in ("village-clinic", "county-his", "county-analyser")
    fields = {
        1: "1",
        2: _TOWNSHIP_B_CLASS[visit.kind] if site == "township-b-his" else visit.kind,
        3: _location(site, visit),
        7: xcn(visit.doctor, "" if own else visit.patient.place.facility),
        10: visit.department[0] if own else "",
        14: visit.source,
        19: visit.number if own else parts(visit.number, "", "", visit.patient.place.facility),
        44: stamp(visit.start) if own else "",
        45: stamp(visit.end) if own and visit.end else "",
        36: ("01" if visit.kind == "I" else "") if own and visit.end else "",
    }
    return segment("PV1", {**fields, **(changes or {})})


def _location(site: str, visit: Visit) -> str:
    code, name = visit.department
    if site == "township-b-his":
        ward, _, bed = (visit.bed + "^^").split("^")[:3]
        return parts(ward, "", bed, code, name)
    if visit.bed:
        return parts(*visit.bed.split("^"), visit.patient.place.facility)
    return parts(code, "", "", visit.patient.place.facility, "", "", "", "", name)


def nk1(visit: Visit) -> str:
    person = visit.patient.person
    return segment("NK1", {1: "1", 2: person.kin, 3: "SPO^配偶", 5: f"1380000{(person.number + 5000) % 10000:04d}"})


def dg1(visit: Visit, kind: str = "A") -> str:
    """The diagnosis: `kind` A admitting, W working, F final."""
    return segment(
        "DG1", {1: "1", 3: parts(*visit.diagnosis, "I10"), 4: visit.diagnosis[1], 5: stamp(visit.start), 6: kind}
    )


def in1(patient: Patient) -> str:
    person = patient.person
    fields = {1: "1", 2: parts(*person.plan), 3: "999999YB", 4: "青禾县医疗保障局", 16: person.name, 17: "SEL^本人"}
    return segment("IN1", fields | {36: f"YB{person.number:010d}"})
