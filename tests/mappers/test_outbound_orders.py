"""What goes out about orders, visits and results: whose they are, who ordered, and what belongs to another visit."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.er7 import parse
from mappers import Message, map_message
from mappers.outbound import Envelope, Pool, Receiver, Rendered, Unfit, focus_of, of_bundle, render
from mappers.site import Context
from tests.mappers.sample import SITE, message

Body = dict[str, Any]
NOW = "2026-03-01T10:00:00+08:00"
PID = "PID|1||100200^^^^MRN||张三||19900101|M"
PATIENT: Body = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "9"}]}
SUBJECT = {"reference": "Patient/p"}


def sent(kind: str, *bodies: Body) -> str:
    """The text of a message of our own."""
    pool = Pool(bodies)
    code, _, event = kind.partition("^")
    envelope = Envelope(kind, "M1", NOW, sending=("QIAO", "QH"))
    made = render(focus_of(code, event, pool), pool, Receiver(SITE, "2.5.1"), envelope)
    assert isinstance(made, Rendered)
    return made.text


def back(one: Message, version: str = "2.5.1") -> str:
    """A message given back as it came."""
    mapped = map_message(one, Context(SITE, NOW, "urn:qiao:message:t:1"))
    pool = of_bundle(mapped.bundle)
    envelope = Envelope(f"{one.code}^{one.event}", "1", mapped.event_time)
    made = render(focus_of(one.code, one.event, pool), pool, Receiver(SITE, version), envelope)
    assert isinstance(made, Rendered)
    return made.text


def field(text: str, name: str, number: int, which: int = 1) -> str:
    """A field of the so-many-th segment of that name, `""` when there is none."""
    found = [line.split("|") for line in text.split("\r") if line.startswith(f"{name}|")]
    if len(found) < which:
        return ""
    line = found[which - 1]
    return line[number] if number < len(line) else ""


def test_everybody_who_ordered_is_told_once_and_the_requester_first() -> None:
    one = message("ORM^O01", PID, "ORC|NW|O1||||||||1^A^a|2^B^b|5^E^e~6^F^f~7^G^g~5^E^e", "OBR|1|O1||X^血")
    assert [field(back(one), "ORC", number) for number in (10, 11, 12)] == ["1^A^a", "2^B^b", "5^E^e~6^F^f~7^G^g"]


def test_a_parent_specimen_is_told_with_both_its_numbers() -> None:
    one = message("OML^O21", PID, "ORC|NW|O1", "OBR|1|O1||X^血", "SPM|1|S2&LAB^F2&LIS|S1&LAB^F1&LIS~S0&LAB|BLD")
    assert field(back(one), "SPM", 3) == "S1&LAB^F1&LIS~S0&LAB"


@pytest.mark.parametrize(
    ("came", "version", "given"),
    [
        ("SIU^S14^SIU_S14", "2.5.1", "SIU^S14^SIU_S14"),
        ("SIU^S14", "2.5.1", "SIU^S14^SIU_S12"),
        ("SIU^S14^SIU_S12", "2.3", "SIU^S14"),
    ],
)
def test_the_structure_that_was_named_is_given_back(came: str, version: str, given: str) -> None:
    one = message(came, "SCH|Y1|Y1||||ROUTINE|||15|min|^^^20260302090000", PID)
    assert field(back(one, version), "MSH", 8) == given


def test_a_message_of_our_own_names_the_structure_of_the_standard() -> None:
    appointment = {"resourceType": "Appointment", "id": "a", "status": "booked"}
    source = {
        "resourceType": "Provenance",
        "id": "s",
        "activity": {"text": "SIU^S14^SIU_S99"},
        "entity": [{"role": "source"}],
    }
    assert field(sent("SIU^S14", appointment, source), "MSH", 8) == "SIU^S14^SIU_S12"


def visit(name: str, **more: Any) -> Body:
    kind = {"code": "IMP"}
    return {"resourceType": "Encounter", "id": name, "status": "in-progress", "class": kind, "subject": SUBJECT, **more}


def said(kind: str, name: str, encounter: str = "") -> Body:
    """A diagnosis or a procedure of a visit, or of none."""
    where = {"encounter": {"reference": f"Encounter/{encounter}"}} if encounter else {}
    return {"resourceType": kind, "id": name, "subject": SUBJECT, "code": {"text": name}, **where}


@pytest.mark.parametrize(("kind", "segment"), [("Condition", "DG1"), ("Procedure", "PR1")])
def test_what_belongs_to_another_visit_stays_out(kind: str, segment: str) -> None:
    bodies = [said(kind, "of this visit", "now"), said(kind, "of another", "then"), said(kind, "of none")]
    of_visit = sent("ADT^A01", PATIENT, visit("now"), *bodies)
    assert [field(of_visit, segment, 3, which) for which in (1, 2, 3)] == ["^of this visit", "^of none", ""]
    of_person = sent("ADT^A31", PATIENT, *bodies)
    assert field(of_person, segment, 3, 3) == "^of none"


def test_a_result_of_a_patient_who_is_not_at_hand_is_no_message() -> None:
    report = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": {"text": "x"}}
    envelope = Envelope("ORU^R01", "M1", NOW)

    def made(subject: Body, *pool: Body) -> Rendered | Unfit:
        one = {**report, "subject": subject}
        return render([one], Pool([one, *pool]), Receiver(SITE, "2.5.1"), envelope)

    assert made(SUBJECT) == Unfit("Patient")
    assert isinstance(made(SUBJECT, PATIENT), Rendered)
    assert isinstance(made({"display": "an analyser's control"}), Rendered)
    assert isinstance(made({"reference": "Device/d"}), Rendered)


def test_an_order_whose_task_has_no_state_stands_as_the_request_says() -> None:
    request = {
        "resourceType": "ServiceRequest",
        "id": "r",
        "intent": "order",
        "subject": SUBJECT,
        "code": {"text": "x"},
    }
    task = {"resourceType": "Task", "id": "t", "focus": {"reference": "ServiceRequest/r"}}
    for status, state in (("active", ""), ("revoked", "CA"), ("completed", "CM"), ("unknown", "")):
        told = sent("ORM^O01", PATIENT, {**request, "status": status}, task)
        assert (
            field(told, "ORC", 5) == field(sent("ORM^O01", PATIENT, {**request, "status": status}), "ORC", 5) == state
        )


def test_a_study_without_modality_or_number_is_told_as_far_as_it_is_known() -> None:
    request = {"resourceType": "ServiceRequest", "id": "r", "status": "active", "subject": SUBJECT}
    study = {"resourceType": "ImagingStudy", "id": "s", "basedOn": [{"reference": "ServiceRequest/r"}]}
    uid = {"identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}]}
    modality = {"modality": [{"code": "CT"}]}
    assert field(sent("OMI^O23", PATIENT, request, {**study, **uid, **modality}), "IPC", 3) == "1.2.3"
    assert field(sent("OMI^O23", PATIENT, request, {**study, **uid}), "IPC", 3) == "1.2.3"
    only = sent("OMI^O23", PATIENT, request, {**study, **modality})
    assert (field(only, "IPC", 3), field(only, "IPC", 5)) == ("", "CT")
    assert "\rIPC" not in sent("OMI^O23", PATIENT, request, study)
    assert parse(only).message is not None
