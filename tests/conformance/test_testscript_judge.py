"""What an assertion says about what came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.testscript.stored import Stored
from tests.conformance.testscript_bench import Desk, answer, asking, asserting, fixture, ran, scripted

PATIENT = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {"versionId": "1"},
    "gender": "male",
    "multipleBirthInteger": 2,
    "birthDate": "1970-01-01",
    "name": [{"family": "A", "given": ["x", "y"]}, {"family": "B"}],
}
XML = (
    b'<Patient xmlns="http://hl7.org/fhir"><id value="p"/><name><family value="A"/></name>'
    b'<name><family value="B"/></name><gender value="male"/></Patient>'
)
HEADERS = {"ETag": 'W/"1"', "Content_Type": "application/fhir+json; charset=utf-8"}


def verdict(tmp_path: Path, came: Stored, *, parts: dict[str, Any] | None = None, **how: Any) -> str:
    """The result of one assertion about one answer."""
    desk = Desk({"GET /Patient/p": came})
    source = scripted(asking(resource="Patient", params="/p", responseId="came"), asserting(**how), **(parts or {}))
    return ran(source, tmp_path, desk).tests[0].outcomes[1].result


@pytest.mark.parametrize(
    ("how", "result"),
    [
        ({"response": "okay"}, "pass"),
        ({"response": "created"}, "fail"),
        ({"response": "created", "operator": "notEquals"}, "pass"),
        ({"response": "nonsense"}, "error"),
        ({"responseCode": "200"}, "pass"),
        ({"responseCode": "201"}, "fail"),
        ({"responseCode": "200,201"}, "pass"),
        ({"responseCode": "200,201", "operator": "in"}, "pass"),
        ({"responseCode": "200, 201", "operator": "notIn"}, "fail"),
        ({"responseCode": "300", "operator": "lessThan"}, "pass"),
        ({"resource": "Patient"}, "pass"),
        ({"resource": "Observation"}, "fail"),
        ({"resource": "Observation", "operator": "notEquals"}, "pass"),
        ({"contentType": "json"}, "pass"),
        ({"contentType": "application/fhir+json"}, "pass"),
        ({"contentType": "xml"}, "fail"),
        ({"headerField": "etag", "value": 'W/"1"'}, "pass"),
        ({"headerField": "etag", "operator": "notEmpty"}, "pass"),
        ({"headerField": "etag"}, "pass"),
        ({"headerField": "Location"}, "fail"),
        ({"headerField": "Location", "operator": "empty"}, "pass"),
        ({"expression": "Patient.gender = 'male'"}, "pass"),
        ({"expression": "Patient.gender = 'female'"}, "fail"),
        ({"expression": "Patient.gender"}, "fail"),
        ({"expression": "Patient.gender", "value": "male"}, "pass"),
        ({"expression": "Patient.gender", "value": "other"}, "fail"),
        ({"expression": "Patient.name.family", "operator": "in", "value": "B,C"}, "pass"),
        ({"expression": "Patient.name.family", "operator": "notIn", "value": "B,C"}, "fail"),
        ({"expression": "Patient.name.family", "operator": "contains", "value": "B"}, "pass"),
        ({"expression": "Patient.name.family", "operator": "notContains", "value": "Z"}, "pass"),
        ({"expression": "Patient.photo", "operator": "empty"}, "pass"),
        ({"expression": "Patient.photo", "operator": "notEmpty"}, "fail"),
        ({"expression": "Patient.multipleBirth", "operator": "greaterThan", "value": "1"}, "pass"),
        ({"expression": "Patient.multipleBirth", "operator": "greaterThan", "value": "10"}, "fail"),
        ({"expression": "Patient.birthDate", "operator": "lessThan", "value": "1970-01-02"}, "pass"),
        ({"expression": "Patient.gender", "operator": "greaterThan", "value": "1"}, "fail"),
        ({"expression": "Patient.gender", "operator": "nonsense", "value": "male"}, "error"),
        ({"expression": "Patient.gender", "operator": "contains"}, "error"),
        ({"expression": "Patient.where("}, "error"),
        ({"expression": "Patient.name.exists()", "operator": "eval"}, "pass"),
        ({"path": "$.name[0].given[1]", "value": "y"}, "pass"),
        ({"path": ".name[?(@.family=='B')].family", "value": "B"}, "pass"),
        ({"path": "$..family", "operator": "contains", "value": "A"}, "pass"),
        ({"path": "$.photo", "operator": "empty"}, "pass"),
        ({"path": "$.name[", "value": "y"}, "error"),
        ({"path": "Patient/gender", "value": "male"}, "pass"),
        ({"path": "Patient/name/family", "operator": "contains", "value": "B"}, "pass"),
        ({"path": "Patient/photo", "operator": "empty"}, "pass"),
        ({"path": "fhir:Patient/fhir:name/fhir:family/@value", "value": "B"}, "pass"),
        ({"path": "count(/fhir:Patient/fhir:name)", "value": "2"}, "pass"),
        ({"path": "/fhir:Patient["}, "error"),
        ({"requestMethod": "get"}, "pass"),
        ({"requestMethod": "post"}, "fail"),
        ({"requestURL": "Patient/p"}, "pass"),
        ({"requestURL": "http://server.test/fhir/Patient/p"}, "pass"),
        ({"requestURL": "Patient/q"}, "fail"),
        ({"direction": "request", "headerField": "Accept", "operator": "contains", "value": "json"}, "pass"),
        ({"navigationLinks": True}, "fail"),
        ({"validateProfileId": "nobody"}, "error"),
        ({"sourceId": "nobody", "resource": "Patient"}, "error"),
        ({"response": "okay", "resource": "Patient"}, "error"),
        ({}, "error"),
    ],
)
def test_assertion_about_a_patient_in_json(tmp_path: Path, how: dict[str, Any], result: str) -> None:
    assert verdict(tmp_path, answer(body=PATIENT, **HEADERS), **how) == result


@pytest.mark.parametrize(
    ("how", "result"),
    [
        ({"contentType": "xml"}, "pass"),
        ({"resource": "Patient"}, "pass"),
        ({"expression": "Patient.name.family.first()", "value": "A"}, "pass"),
        ({"path": "/fhir:Patient/fhir:gender/@value", "value": "male"}, "pass"),
        ({"path": "$.gender", "value": "male"}, "pass"),
        ({"path": "//fhir:photo", "operator": "empty"}, "pass"),
    ],
)
def test_assertion_about_a_patient_in_xml(tmp_path: Path, how: dict[str, Any], result: str) -> None:
    came = answer(200, XML, "application/fhir+xml", Content_Type="application/fhir+xml")
    assert verdict(tmp_path, came, **how) == result


def test_a_doctype_in_an_answer_is_an_error_and_not_read(tmp_path: Path) -> None:
    hostile = b'<!DOCTYPE x [<!ENTITY e "male">]><Patient xmlns="http://hl7.org/fhir"><gender value="&e;"/></Patient>'
    came = answer(200, hostile, "application/fhir+xml")
    assert verdict(tmp_path, came, path="/fhir:Patient/fhir:gender/@value", value="male") == "error"
    assert verdict(tmp_path, came, expression="Patient.gender", value="male") == "error"


@pytest.mark.parametrize(
    ("least", "result"),
    [
        ({"gender": "male"}, "pass"),
        ({"id": "another", "meta": {"versionId": "9"}, "gender": "male"}, "pass"),
        ({"gender": "female"}, "fail"),
        ({"name": [{"family": "B"}]}, "pass"),
        ({"name": [{"family": "B"}, {"given": ["y"]}]}, "pass"),
        ({"name": [{"family": "B"}, {"family": "B"}]}, "fail"),
        ({"active": True}, "fail"),
        ({"resourceType": "Person"}, "fail"),
    ],
)
def test_minimum_id_asks_for_at_least_what_the_fixture_says(tmp_path: Path, least: dict[str, Any], result: str) -> None:
    parts = fixture({"resourceType": "Patient", "id": "least", **least} | {"id": "least"})
    assert verdict(tmp_path, answer(body=PATIENT), parts=parts, minimumId="least") == result


def test_a_value_is_compared_to_that_of_another_source(tmp_path: Path) -> None:
    parts = fixture({"resourceType": "Patient", "id": "other", "gender": "male", "birthDate": "1980-01-01"})
    came = answer(body=PATIENT)
    compared = {"compareToSourceId": "other", "compareToSourceExpression": "Patient.gender"}
    assert verdict(tmp_path, came, parts=parts, expression="Patient.gender", **compared) == "pass"
    assert verdict(tmp_path, came, parts=parts, **compared) == "pass"
    compared["compareToSourceExpression"] = "Patient.birthDate"
    assert verdict(tmp_path, came, parts=parts, expression="Patient.birthDate", **compared) == "fail"
    assert (
        verdict(tmp_path, came, parts=parts, **compared, expression="Patient.birthDate", operator="lessThan") == "pass"
    )
    compared = {"compareToSourceId": "other", "compareToSourceExpression": "Patient.photo"}
    assert verdict(tmp_path, came, parts=parts, expression="Patient.gender", **compared) == "error"


def test_a_profile_that_is_known_is_checked_and_one_that_is_not_is_an_error(tmp_path: Path) -> None:
    weight = {"resourceType": "Observation", "status": "final", "code": {"text": "weight"}}
    profile = [{"id": "vital", "reference": "http://hl7.org/fhir/StructureDefinition/vitalsigns"}]
    base = [{"id": "vital", "reference": "http://hl7.org/fhir/StructureDefinition/Observation"}]
    unknown = [{"id": "vital", "reference": "http://example.org/StructureDefinition/unknown"}]
    came = answer(body=weight)
    assert verdict(tmp_path, came, parts={"profile": base}, validateProfileId="vital") == "pass"
    assert verdict(tmp_path, came, parts={"profile": profile}, validateProfileId="vital") == "fail"
    assert verdict(tmp_path, came, parts={"profile": unknown}, validateProfileId="vital") == "error"


def test_navigation_links_are_first_last_and_next(tmp_path: Path) -> None:
    links = [{"relation": name, "url": "http://a"} for name in ("first", "next", "last")]
    bundle = {"resourceType": "Bundle", "type": "searchset", "link": links}
    assert verdict(tmp_path, answer(body=bundle), navigationLinks=True) == "pass"
    assert verdict(tmp_path, answer(body={**bundle, "link": links[:2]}), navigationLinks=True) == "fail"
