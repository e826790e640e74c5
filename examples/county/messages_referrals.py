"""Referrals and their answers: REF^I12 and RRI^I12 (HL7 v2.5.1 chapter 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from examples.county.er7 import day_of, escape, parts, segment, stamp
from examples.county.places import Coded, Place
from examples.county.visits import Visit, dg1, pid, pv1


@dataclass(frozen=True, slots=True)
class Referral:
    """`origin` is the up-referral that a down-referral answers; `kind` I inpatient, O outpatient, E emergency."""

    visit: Visit
    number: str
    sender: Place
    receiver: Place
    reason: Coded
    summary: str
    when: datetime
    kind: str = "O"
    urgent: str = "R"
    origin: str = ""

    @property
    def identity(self) -> str:
        return parts(self.number, self.sender.facility)


def _rf1(referral: Referral, status: Coded, processed: datetime | None, reason: Coded | None = None) -> str:
    fields = {
        1: parts(*status),
        2: parts(referral.urgent, {"R": "普通", "A": "加急", "S": "紧急"}[referral.urgent]),
        3: "MED^医疗",
        5: parts(referral.kind, {"I": "住院", "O": "门诊", "E": "急诊"}[referral.kind]),
        6: referral.identity,
        7: stamp(referral.when),
        8: day_of(referral.when + timedelta(days=7)),
        9: stamp(processed) if processed else "",
        10: parts(*(reason or referral.reason), "L"),
        11: referral.origin,
    }
    return segment("RF1", fields)


_NAMES = {
    "county-hospital": "青禾县人民医院",
    "township-a": "青禾县云溪镇中心卫生院",
    "township-b": "青禾县石梁乡卫生院",
    "village-a": "云溪镇柳湾村卫生室",
}


def _prd(role: Coded, place: Place, doctor: Coded) -> str:
    """Provider data: PRD-4 the department and the institution, PRD-7 the doctor's number there."""
    code, name = place.departments[0]
    fields = {
        1: parts(*role),
        2: doctor[1],
        3: parts(_NAMES[place.code], "", "", "", "", "", "O"),
        4: parts(code, "", "", place.facility, "", "", "", "", name),
        5: parts("", "WPN", "PH", "", "", "", "", "", "0999-1234567"),
        7: parts(doctor[0], place.facility),
    }
    return segment("PRD", fields)


def _providers(referral: Referral) -> list[str]:
    return [
        _prd(("RP", "转出机构"), referral.sender, referral.visit.doctor),
        _prd(("RT", "转入机构"), referral.receiver, referral.receiver.doctors[0]),
    ]


def ref(site: str, referral: Referral) -> list[str]:
    """REF^I12: the request, pending."""
    note = segment("NTE", {1: "1", 2: "P", 3: escape(referral.summary)})
    return [
        _rf1(referral, ("P", "待处理"), None),
        *_providers(referral),
        pid(site, referral.visit.patient),
        dg1(referral.visit, "W"),
        pv1(site, referral.visit),
        note,
    ]


def rri(
    site: str, referral: Referral, answered: str, status: Coded, when: datetime, reason: Coded | None = None
) -> list[str]:
    """RRI^I12: the answer to the message with control id `answered`: accepted, or rejected with a reason."""
    note = [segment("NTE", {1: "1", 2: "P", 3: escape(reason[1])})] if reason else []
    return [
        segment("MSA", {1: "AA", 2: answered}),
        _rf1(referral, status, when, reason),
        *_providers(referral),
        pid(site, referral.visit.patient),
        *note,
    ]
