"""When an appointment is and how long it takes, by whichever segment says it first; who takes part; how it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers import Mapped, Site
from mappers.mapped import Weight
from tests.mappers.orders_sample import PID, TOWNSHIP, mapped
from tests.mappers.sample import line, only, resources

SCH = {1: "Y1^TOWNSHIP", 2: "Y2^TOWNSHIP"}


def appointment(fields: dict[int, str], *segments: str, event: str = "S12", site: Site = TOWNSHIP) -> Mapped:
    return mapped(f"SIU^{event}", line("SCH", {**SCH, **fields}), PID, *segments, site=site)


AT = "20260302100000"
SERVICES = {
    "AIS": line("AIS", {3: "02^内科^L", 4: AT, 7: "30", 8: "min"}),
    "AIG": line("AIG", {3: "CT1", 8: AT, 11: "30", 12: "min"}),
    "AIL": line("AIL", {3: "01^101^^TOWNSHIP", 6: AT, 9: "30", 10: "min"}),
    "AIP": line("AIP", {3: "0002^王医生", 6: AT, 9: "30", 10: "min"}),
}


@pytest.mark.parametrize("name", SERVICES)
def test_the_time_of_a_resource_is_that_of_the_appointment(name: str) -> None:
    found = only(appointment({}, SERVICES[name]), "Appointment")
    assert (found["start"], found["end"]) == ("2026-03-02T10:00:00+08:00", "2026-03-02T10:30:00+08:00")
    assert (found["minutesDuration"], found["status"]) == (30, "booked")


def test_the_first_service_that_tells_a_time_counts_and_a_later_one_of_another_time_is_carried() -> None:
    other = line("AIP", {3: "0002^王医生", 6: "20260302110000", 9: "45", 10: "min"})
    found = only(appointment({}, 'AIS|1||02|""', SERVICES["AIL"], other), "Appointment")
    assert (found["start"], found["minutesDuration"]) == ("2026-03-02T10:00:00+08:00", 30)


@pytest.mark.parametrize(
    ("length", "unit", "minutes"),
    [
        ("30", "min", 30),
        ("30", "", 30),
        ("1.5", "H", 90),
        ("2", "小时", 120),
        ("45", "分钟", 45),
        ("20", "M", 20),
        ("1", "hr", 60),
        ("90", "S", None),
        ("0", "min", None),
        ("-5", "min", None),
        ("半天", "min", None),
        ("30", "DAY", None),
        ("", "min", None),
    ],
)
def test_a_length_is_counted_in_minutes(length: str, unit: str, minutes: int | None) -> None:
    found = only(appointment({}, line("AIS", {3: "02", 4: AT, 7: length, 8: unit})), "Appointment")
    assert found.get("minutesDuration") == minutes
    ends = {None: "10:00", 20: "10:20", 30: "10:30", 45: "10:45", 60: "11:00", 90: "11:30", 120: "12:00"}
    assert found["end"] == f"2026-03-02T{ends[minutes]}:00+08:00"


@pytest.mark.parametrize(
    ("quantity", "start", "end", "status"),
    [
        ("^^^20260302090000^20260302091500", "09:00", "09:15", "booked"),
        ("^^^20260302090000", "09:00", "09:00", "booked"),
        ("^^^^20260302091500", "09:15", "09:15", "booked"),
    ],
)
def test_an_appointment_has_both_its_ends_or_neither(quantity: str, start: str, end: str, status: str) -> None:
    found = only(appointment({11: quantity}), "Appointment")
    assert (found["start"][11:16], found["end"][11:16], found["status"]) == (start, end, status)


@pytest.mark.parametrize(
    ("event", "said", "status", "participant", "weight"),
    [
        ("S12", "", "proposed", "accepted", Weight.STATED),
        ("S14", "Waitlist", "waitlist", "tentative", Weight.STATED),
        ("S13", "Pending", "proposed", "tentative", Weight.STATED),
        ("S15", "", "cancelled", "declined", Weight.REVOKED),
        ("S17", "Booked", "proposed", "declined", Weight.REVOKED),
        ("S14", "Cancelled", "cancelled", "declined", Weight.REVOKED),
        ("S14", "deleted", "proposed", "declined", Weight.REVOKED),
        ("S26", "Booked", "proposed", "accepted", Weight.STATED),
        ("S12", '""', "proposed", "accepted", Weight.STATED),
    ],
)
def test_an_appointment_without_a_time_is_proposed_unless_it_waits_or_is_off(
    event: str, said: str, status: str, participant: str, weight: Weight
) -> None:
    done = appointment({25: said}, event=event)
    found = only(done, "Appointment")
    assert (found["status"], found["participant"][0]["status"]) == (status, participant)
    assert [one.weight for one in done.statements if one.key[0] == "Appointment"] == [weight]


@pytest.mark.parametrize(
    ("event", "said", "status"),
    [
        ("S12", "Started", "checked-in"),
        ("S12", "^Complete", "fulfilled"),
        ("S12", "已约", "booked"),
        ("S12", "何状态", "booked"),
        ("S26", "", "noshow"),
        ("S17", "", "entered-in-error"),
        ("S15", "Booked", "cancelled"),
    ],
)
def test_how_an_appointment_stands(event: str, said: str, status: str) -> None:
    site = replace(TOWNSHIP, codes={("appointment-status", "已约"): "Booked"})
    done = appointment({25: said}, SERVICES["AIS"], event=event, site=site)
    assert only(done, "Appointment")["status"] == status
    assert [one["code"] for one in done.unmapped] == (["何状态"] if said == "何状态" else [])


def test_a_status_that_nobody_knows_is_on_the_work_list_with_its_words() -> None:
    done = appointment({25: "9^加号"})
    assert [dict(one) for one in done.unmapped] == [
        {"table": "appointment-status", "code": "9", "text": "加号", "location": "SCH-25.1"}
    ]


def test_an_appointment_is_known_by_the_number_of_the_filler_else_of_the_placer() -> None:
    both, filler, placer = appointment({}), appointment({1: ""}), appointment({2: ""})
    assert only(both, "Appointment")["id"] == only(filler, "Appointment")["id"] != only(placer, "Appointment")["id"]
    assert both.order_key.endswith("filler-appointment|Y2")
    assert placer.order_key.endswith("placer-appointment|Y1")
    assert both.patient == only(both, "Patient")["id"]


def roles(done: Mapped) -> list[tuple[str, list[str]]]:
    return [
        (
            one["actor"].get("display", ""),
            [coding["code"] for each in one.get("type", ()) for coding in each.get("coding", ())],
        )
        for one in only(done, "Appointment")["participant"]
    ]


def test_whoever_is_named_takes_part_once_in_the_first_role() -> None:
    done = appointment(
        {12: "0041^联系人", 16: "0042^填写人~0043^录入人", 20: "0043^录入人"},
        line("AIP", {3: "0041^联系人~0044^护士", 4: "NUR^护士"}),
        'AIP|2||""',
        'AIL|1||""~01^101^^TOWNSHIP',
    )
    assert roles(done) == [
        ("", []),
        ("联系人", ["CALLBCK", "NUR"]),
        ("填写人", ["CALLBCK"]),
        ("录入人", ["CALLBCK"]),
        ("护士", ["PPRF", "NUR"]),
        ("01-101", ["LOC"]),
    ]


@pytest.mark.parametrize(("aig", "display"), [("CT1^CT机^L", "CT机"), (" CT1 ", "CT1")])
def test_a_device_takes_part_under_its_name_else_its_number(aig: str, display: str) -> None:
    done = appointment({}, line("AIG", {3: aig, 4: '""'}))
    (device,) = [one for one in resources(done, "Device") if one["identifier"][0]["value"] == "CT1"]
    assert roles(done)[1] == (display, ["DEV"])
    assert ("deviceName" in device) == (display == "CT机")
    assert [one.weight for one in done.statements if one.key[1] == device["id"]] == [Weight.MENTION]


@pytest.mark.parametrize(
    ("fields", "order", "kind"),
    [
        ({26: "A100^TOWNSHIP", 27: "F100^LAB"}, "A100", "placer-order"),
        ({27: "F100^LAB"}, "F100", "filler-order"),
        ({26: '""', 27: "F100^LAB"}, "F100", "filler-order"),
        ({}, None, None),
    ],
)
def test_the_order_of_an_appointment_is_sch_26_else_sch_27(
    fields: dict[int, str], order: str | None, kind: str | None
) -> None:
    done = appointment(fields)
    requests = resources(done, "ServiceRequest")
    assert [one["identifier"][0]["value"] for one in requests] == ([order] if order else [])
    assert [one["identifier"][0]["system"].rpartition("/")[2] for one in requests] == ([kind] if kind else [])
    based = only(done, "Appointment").get("basedOn", [])
    assert based == [{"reference": f"ServiceRequest/{one['id']}"} for one in requests]
