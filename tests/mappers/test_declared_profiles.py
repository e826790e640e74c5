"""Which profile a resource declares: by its kind and category, and only when it has what the profile demands."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.profile import declared, profile_of
from mappers.systems import CANONICAL

REF = {"reference": "Patient/1"}
NUMBER = [{"system": "urn:x", "value": "1"}]


def category(*codes: str) -> list[dict[str, Any]]:
    return [{"text": "?"}, {"coding": [{"system": "urn:x"}, *({"code": code} for code in codes)]}]


ETHNICITY = f"{CANONICAL}/StructureDefinition/ethnicity"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SAID = {"resourceType": "Observation", "status": "final", "subject": REF, "code": {"text": "K"}, "valueString": "阴性"}
FULL: dict[str, dict[str, Any]] = {
    "account": {"resourceType": "Account", "identifier": NUMBER, "subject": [REF]},
    "allergy": {"resourceType": "AllergyIntolerance", "code": {}},
    "appointment": {"resourceType": "Appointment", "identifier": NUMBER},
    "critical-value": {
        "resourceType": "Communication",
        "category": category(),
        "priority": "stat",
        "subject": REF,
        "about": [REF],
        "sent": "2026",
    },
    "condition": {"resourceType": "Condition", "category": category(), "code": {"text": "肺炎"}},
    "source-system": {"resourceType": "Device", "identifier": NUMBER, "deviceName": []},
    "report": {
        "resourceType": "DiagnosticReport",
        "identifier": NUMBER,
        "subject": REF,
        "performer": [REF],
        "effectiveDateTime": "2026",
    },
    "report-lab": {
        "resourceType": "DiagnosticReport",
        "identifier": NUMBER,
        "subject": REF,
        "performer": [REF],
        "effectivePeriod": {},
        "category": category("LAB", "lab"),
    },
    "document": {
        "resourceType": "DocumentReference",
        "masterIdentifier": {},
        "type": {},
        "subject": REF,
        "custodian": REF,
    },
    "encounter": {"resourceType": "Encounter", "class": {"system": ACT}, "subject": REF, "serviceProvider": REF},
    "imaging-study": {"resourceType": "ImagingStudy", "identifier": NUMBER},
    "location": {"resourceType": "Location", "identifier": NUMBER, "name": "W1", "managingOrganization": REF},
    "media": {"resourceType": "Media", "subject": REF},
    "observation": {**SAID, "_effectiveDateTime": {}},
    "observation-lab": {**SAID, "effectiveDateTime": "2026", "category": category("laboratory")},
    "observation-exam": {**SAID, "effectiveDateTime": "2026", "category": category("exam")},
    "organization": {"resourceType": "Organization", "name": "院"},
    "patient": {"resourceType": "Patient", "identifier": NUMBER, "managingOrganization": REF},
    "person": {"resourceType": "Person", "identifier": NUMBER, "name": [], "link": []},
    "practitioner-role": {"resourceType": "PractitionerRole", "practitioner": REF, "organization": REF},
    "procedure": {"resourceType": "Procedure", "code": {}},
    "provenance-v2": {"resourceType": "Provenance", "activity": {}, "entity": []},
    "related-person": {"resourceType": "RelatedPerson", "name": []},
    "order": {"resourceType": "ServiceRequest", "identifier": NUMBER, "requester": REF},
    "order-imaging": {
        "resourceType": "ServiceRequest",
        "identifier": NUMBER,
        "requester": REF,
        "category": category("RAD", "imaging"),
    },
    "order-ecg": {
        "resourceType": "ServiceRequest",
        "identifier": NUMBER,
        "requester": REF,
        "category": category("ecg"),
    },
    "order-pathology": {
        "resourceType": "ServiceRequest",
        "identifier": NUMBER,
        "requester": REF,
        "category": category("pathology"),
    },
    "referral": {"resourceType": "ServiceRequest", "identifier": NUMBER, "category": category("3457005")},
    "specimen": {"resourceType": "Specimen", "subject": REF},
    "order-task": {"resourceType": "Task", "code": {}, "focus": REF, "for": REF, "lastModified": "2026"},
    "referral-task": {
        "resourceType": "Task",
        "code": {},
        "focus": REF,
        "for": REF,
        "lastModified": "2026",
        "businessStatus": {},
    },
}
FREE = {"resourceType", "category", "businessStatus"}
"""What decides between the profiles of a type: without it another one is declared."""
REQUIRED = {("encounter", "class")} | {
    (name, element) for name in ("observation", "observation-lab", "observation-exam") for element in ("code", "status")
}
"""What R4 itself requires: no message gives the resource without it."""


@pytest.mark.parametrize("name", FULL)
def test_a_resource_with_all_that_is_demanded_declares_its_profile(name: str) -> None:
    found = declared(FULL[name])
    assert [url.rpartition("/")[2] for url in found["meta"]["profile"]] == [f"cmc-{name}"]
    assert profile_of(FULL[name]).startswith("https://")


@pytest.mark.parametrize(
    ("name", "element"),
    [
        (name, element)
        for name, body in FULL.items()
        for element in body
        if element not in FREE and (name, element) not in REQUIRED
    ],
)
def test_a_resource_that_misses_what_is_demanded_declares_none(name: str, element: str) -> None:
    body = {key: value for key, value in FULL[name].items() if key != element}
    assert profile_of(body) == ""
    assert "meta" not in declared(body)


@pytest.mark.parametrize("name", ["critical-value", "condition"])
def test_a_category_that_is_demanded_is_missed_too(name: str) -> None:
    assert profile_of({key: value for key, value in FULL[name].items() if key != "category"}) == ""


@pytest.mark.parametrize("name", ["report", "observation", "observation-lab"])
def test_a_finding_without_any_word_of_its_time_declares_none(name: str) -> None:
    body = {key: value for key, value in FULL[name].items() if not key.lstrip("_").startswith("effective")}
    assert profile_of(body) == ""


@pytest.mark.parametrize("name", ["condition", "observation"])
def test_a_finding_without_the_words_of_the_sender_declares_none(name: str) -> None:
    assert profile_of({**FULL[name], "code": {"coding": [{"code": "K"}]}}) == ""


def test_a_kind_without_a_profile_declares_none_and_keeps_its_meta() -> None:
    body = {"resourceType": "Basic", "meta": {"source": "urn:x"}}
    assert declared(body) == body
    assert declared({**FULL["media"], "meta": {"source": "urn:x"}})["meta"]["source"] == "urn:x"


@pytest.mark.parametrize(
    ("name", "changed", "claims"),
    [
        ("encounter", {"class": {"system": "http://terminology.hl7.org/CodeSystem/v2-0004"}}, False),
        ("encounter", {"class": {}}, False),
        ("observation", {"valueString": None, "dataAbsentReason": {}}, True),
        ("observation", {"valueString": None, "component": []}, True),
        ("observation", {"valueString": None, "hasMember": []}, True),
        ("observation", {"valueString": None, "status": "entered-in-error"}, True),
        ("observation", {"valueString": None}, False),
        ("patient", {"extension": [{"url": ETHNICITY}, {"url": "urn:x"}]}, True),
        ("patient", {"extension": [{"url": ETHNICITY}, {"url": ETHNICITY}]}, False),
    ],
)
def test_what_the_profile_has_no_room_for_makes_no_claim(name: str, changed: dict[str, Any], claims: bool) -> None:
    body = {key: value for key, value in {**FULL[name], **changed}.items() if value is not None}
    assert bool(profile_of(body)) is claims
