"""What a change is called in v2: the trigger events of visits, persons, documents and appointments."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.outbound.events import event_of_appointment, event_of_document, event_of_person, event_of_visit

Body = dict[str, Any]


def visit(status: str, kind: str = "IMP", *places: str) -> Body:
    """`places` are references; the last one is the active place."""
    told = [{"location": {"reference": one}, "status": "completed"} for one in places]
    if told:
        told[-1]["status"] = "active"
    return {"resourceType": "Encounter", "status": status, "class": {"code": kind}, "location": told}


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, visit("planned"), "A05"),
        (None, visit("arrived"), "A04"),
        (None, visit("triaged", "EMER"), "A04"),
        (None, visit("in-progress"), "A01"),
        (None, visit("in-progress", "ACUTE"), "A01"),
        (None, visit("in-progress", "NONAC"), "A01"),
        (None, visit("in-progress", "SS"), "A01"),
        (None, visit("in-progress", "AMB"), "A04"),
        (None, visit("finished"), "A03"),
        (None, visit("cancelled"), "A11"),
        (None, visit("onleave"), "A21"),
        (None, visit("unknown"), "A08"),
        (visit("planned"), visit("in-progress"), "A01"),
        (visit("planned", "AMB"), visit("in-progress", "AMB"), "A04"),
        (visit("planned"), visit("arrived"), "A04"),
        (visit("planned"), visit("cancelled"), "A38"),
        (visit("arrived", "AMB"), visit("in-progress", "IMP"), "A01"),
        (visit("triaged"), visit("in-progress"), "A01"),
        (visit("arrived", "AMB"), visit("in-progress", "AMB"), "A08"),
        (visit("in-progress"), visit("cancelled"), "A11"),
        (visit("in-progress"), visit("finished"), "A03"),
        (visit("finished"), visit("in-progress"), "A13"),
        (visit("in-progress"), visit("onleave"), "A21"),
        (visit("onleave"), visit("in-progress"), "A22"),
        (visit("in-progress"), visit("entered-in-error"), "A23"),
        (visit("in-progress", "IMP", "Location/a"), visit("in-progress", "IMP", "Location/a", "Location/b"), "A02"),
        (visit("in-progress", "IMP", "Location/b"), visit("in-progress", "IMP", "Location/a", "Location/b"), "A08"),
        (visit("in-progress", "IMP"), visit("in-progress", "IMP", "Location/a"), "A08"),
        (visit("in-progress", "AMB", "Location/a"), visit("in-progress", "AMB", "Location/b"), "A08"),
        (visit("finished", "IMP", "Location/a"), visit("finished", "IMP", "Location/b"), "A08"),
        (visit("cancelled", "AMB"), visit("cancelled", "IMP"), "A08"),
        (visit("in-progress", "AMB"), visit("in-progress", "IMP"), "A06"),
        (visit("in-progress", "IMP"), visit("in-progress", "AMB"), "A07"),
    ],
)
def test_a_visit_is_called_by_what_happened(before: Body | None, after: Body, event: str) -> None:
    assert event_of_visit(after, before) == event


def test_the_first_place_is_where_the_patient_is_when_none_is_active() -> None:
    before, after = visit("in-progress", "IMP", "Location/a"), visit("in-progress", "IMP", "Location/b", "Location/c")
    for one in (before, after):
        for place in one["location"]:
            del place["status"]
    assert event_of_visit(after, before) == "A02"
    after["location"].insert(0, {"location": {"reference": "Location/a"}})
    assert event_of_visit(after, before) == "A08"


def person(*links: tuple[str, str], active: bool | None = None) -> Body:
    told = [{"type": kind, "other": {"reference": other}} for kind, other in links]
    return {"resourceType": "Patient", "link": told, **({} if active is None else {"active": active})}


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, person(), "A28"),
        (None, person(("replaced-by", "Patient/1")), ""),
        (person(), person(), "A31"),
        (person(), person(("replaces", "Patient/2")), "A40"),
        (person(("replaces", "Patient/2")), person(("replaces", "Patient/2")), "A31"),
        (person(("replaces", "Patient/2")), person(("replaces", "Patient/2"), ("replaces", "Patient/3")), "A40"),
        (person(), person(("replaced-by", "Patient/1"), active=False), ""),
        (person(active=True), person(active=False), "A29"),
        (person(), person(active=False), "A29"),
        (person(active=False), person(active=False), "A31"),
        (person(active=False), person(active=True), "A31"),
        (person(), person(("seealso", "Patient/4")), "A24"),
        (person(("seealso", "Patient/4")), person(("seealso", "Patient/4")), "A31"),
        (person(("seealso", "Patient/4")), person(), "A31"),
    ],
)
def test_a_person_is_called_by_what_happened(before: Body | None, after: Body, event: str) -> None:
    assert event_of_person(after, before) == event


def document(status: str = "current", data: str = "aGk=", relates: str = "", state: str = "final") -> Body:
    content = [{"attachment": {"data": data}}] if data else [{"attachment": {"extension": []}}]
    related = {"relatesTo": [{"code": relates, "target": {"reference": "DocumentReference/0"}}]} if relates else {}
    return {"resourceType": "DocumentReference", "status": status, "docStatus": state, "content": content, **related}


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, document(), "T02"),
        (None, document(relates="replaces"), "T10"),
        (None, document(relates="appends"), "T06"),
        (None, document(relates="signs"), "T02"),
        (None, document(data=""), ""),
        (None, document("superseded"), ""),
        (None, document("entered-in-error"), ""),
        (document(data=""), document(), "T02"),
        (document(state="preliminary"), document(), "T04"),
        (document(), document(data="aG8="), "T08"),
        (document(), document("superseded"), ""),
        (document(), document("entered-in-error"), "T11"),
        (document("entered-in-error"), document("entered-in-error"), ""),
    ],
)
def test_a_document_is_called_by_what_happened(before: Body | None, after: Body, event: str) -> None:
    assert event_of_document(after, before) == event


def appointment(status: str, start: str = "2026-03-02T09:00:00+08:00", end: str = "2026-03-02T09:15:00+08:00") -> Body:
    return {"resourceType": "Appointment", "status": status, "start": start, "end": end}


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (None, appointment("booked"), "S12"),
        (None, appointment("pending"), "S12"),
        (None, appointment("proposed"), ""),
        (None, appointment("waitlist"), ""),
        (None, appointment("cancelled"), ""),
        (appointment("proposed"), appointment("booked"), "S12"),
        (appointment("waitlist"), appointment("cancelled"), ""),
        (appointment("booked"), appointment("booked", start="2026-03-02T10:00:00+08:00"), "S13"),
        (appointment("booked"), appointment("booked", end="2026-03-02T10:00:00+08:00"), "S13"),
        (appointment("booked"), appointment("arrived"), "S14"),
        (appointment("booked"), appointment("cancelled"), "S15"),
        (appointment("booked"), appointment("entered-in-error"), "S17"),
        (appointment("booked"), appointment("noshow"), "S26"),
        (appointment("cancelled"), appointment("cancelled"), "S14"),
    ],
)
def test_an_appointment_is_called_by_what_happened(before: Body | None, after: Body, event: str) -> None:
    assert event_of_appointment(after, before) == event
