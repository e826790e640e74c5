"""Appointments."""

from __future__ import annotations

import pytest

from mappers import Mapped
from tests.mappers.orders_sample import PID, TOWNSHIP, mapped
from tests.mappers.sample import codes, only

SCH = "SCH|Y1|Y2||||ROUTINE^常规|FOLLOWUP^复诊||15|min|^^^20260302090000^20260302091500|||||||||0001^张护士|||||Booked"


def appointment(*segments: str, event: str = "S12") -> Mapped:
    return mapped(f"SIU^{event}", segments[0], PID, *segments[1:], site=TOWNSHIP)


def test_an_appointment_has_time_status_and_participants() -> None:
    done = appointment(SCH, "RGS|1", "AIP|1||0002^王医生|DOC^医师", "AIL|1||01^101^^TOWNSHIP")
    found = only(done, "Appointment")
    assert (found["status"], found["minutesDuration"]) == ("booked", 15)
    assert (found["start"], found["end"]) == ("2026-03-02T09:00:00+08:00", "2026-03-02T09:15:00+08:00")
    actors = [one["actor"]["reference"].split("/")[0] for one in found["participant"]]
    assert sorted(actors) == ["Location", "Patient", "Practitioner", "Practitioner"]


@pytest.mark.parametrize(
    ("event", "status"), [("S13", "booked"), ("S15", "cancelled"), ("S17", "entered-in-error"), ("S26", "noshow")]
)
def test_the_event_decides_when_sch_25_is_silent(event: str, status: str) -> None:
    assert only(appointment(SCH.removesuffix("Booked"), event=event), "Appointment")["status"] == status


def test_a_cancellation_is_one_whatever_sch_25_repeats() -> None:
    assert only(appointment(SCH, event="S15"), "Appointment")["status"] == "cancelled"


def test_the_time_of_the_service_counts_when_sch_11_is_silent() -> None:
    bare = SCH.replace("^^^20260302090000^20260302091500", "").replace("|15|min", "||")
    found = only(appointment(bare, "AIS|1||02^内科^L|20260302100000|||30|min"), "Appointment")
    assert (found["start"], found["end"]) == ("2026-03-02T10:00:00+08:00", "2026-03-02T10:30:00+08:00")


def test_an_appointment_without_a_time_is_only_proposed() -> None:
    bare = SCH.replace("^^^20260302090000^20260302091500", "")
    assert only(appointment(bare), "Appointment")["status"] == "proposed"


def test_an_appointment_without_a_number_is_refused() -> None:
    assert codes(appointment(SCH.replace("Y1|Y2", "|"))) == ["order-unidentified"]
