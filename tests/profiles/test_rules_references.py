"""References, identifiers, attachments, labels and ids (FHIR R4 references.html, datatypes.html, element.html#id)."""

from typing import Any

import pytest

from tests.strictly import validate

Resource = dict[str, Any]


def codes(**more: Any) -> list[str]:
    return [issue.code for issue in validate({"resourceType": "Patient", "id": "a", **more})]


def test_the_type_of_a_reference_is_that_of_its_target() -> None:
    assert codes(managingOrganization={"reference": "Organization/1", "type": "Organization"}) == []
    assert codes(managingOrganization={"reference": "Organization/1", "type": "Practitioner"}) == ["reference-type"]


def test_the_type_of_a_reference_to_a_contained_resource_is_looked_up() -> None:
    inside = [{"resourceType": "Organization", "id": "o", "name": "某医院"}]
    wrong = codes(contained=inside, managingOrganization={"reference": "#o", "type": "Patient"})
    assert wrong == ["reference-type"]


def test_an_unknown_type_of_a_reference_is_a_warning() -> None:
    found = validate({"resourceType": "Patient", "managingOrganization": {"display": "x", "type": "Hospital"}})
    assert ("reference-type-unknown", "warning") in [(issue.code, issue.severity) for issue in found]


def test_ids_of_contained_resources_are_needed_and_unique() -> None:
    one = {"resourceType": "Organization", "id": "o", "name": "某医院"}
    other = {"resourceType": "Organization", "id": "p", "name": "另一医院", "partOf": {"reference": "#o"}}
    to_both = {"managingOrganization": {"reference": "#p"}}
    assert codes(contained=[one, other], **to_both) == []
    assert "contained-id-repeated" in codes(contained=[one, {**other, "id": "o"}], **to_both)
    pointing_out = {"resourceType": "RelatedPerson", "patient": {"reference": "#"}}
    assert "contained-id-missing" in codes(contained=[pointing_out])


def test_the_id_of_an_element_is_unique_in_its_resource() -> None:
    assert codes(name=[{"id": "1", "text": "a"}], telecom=[{"id": "2", "system": "phone", "value": "1"}]) == []
    twice = validate(
        {"resourceType": "Patient", "name": [{"id": "1", "text": "a"}], "contact": [{"id": "1", "name": {"text": "b"}}]}
    )
    assert [(i.code, i.expression) for i in twice] == [("element-id-repeated", "Patient.contact[0].id")]


def test_contained_resources_have_ids_of_their_own() -> None:
    inside = [{"resourceType": "Organization", "id": "o", "telecom": [{"id": "1", "system": "phone", "value": "1"}]}]
    inside[0]["name"] = "某医院"
    assert codes(contained=inside, managingOrganization={"reference": "#o"}, name=[{"id": "1", "text": "a"}]) == []


@pytest.mark.parametrize(
    ("system", "value", "expected"),
    [
        ("urn:oid:2.16.156.10011.1.3", "999999199001010016", []),
        ("urn:ietf:rfc:3986", "urn:oid:2.16.156.10011.1.3", []),
        ("urn:ietf:rfc:3986", "2.16.156.10011.1.3", ["identifier-uri"]),
        ("his/patients", "1", ["identifier-system-relative"]),
    ],
)
def test_an_identifier_has_a_namespace(system: str, value: str, expected: list[str]) -> None:
    assert codes(identifier=[{"system": system, "value": value}]) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"size": 5}, []),
        ({"size": 6}, ["attachment-size"]),
        ({"hash": "qvTGHdzF6KLavt4PO0gs2a6pQ00="}, []),
        ({"hash": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, ["attachment-hash"]),
    ],
)
def test_size_and_hash_of_an_attachment_are_those_of_its_data(more: Resource, expected: list[str]) -> None:
    assert codes(photo=[{"contentType": "image/png", "data": "aGVsbG8=", **more}]) == expected


def test_a_security_label_is_said_once() -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    assert codes(meta={"security": [label, {**label, "code": "N"}]}) == []
    assert codes(meta={"security": [label, label]}) == ["security-label-repeated"]


def test_text_that_looks_like_html_is_pointed_out() -> None:
    found = validate({"resourceType": "Patient", "name": [{"text": "张三<script>x</script>"}]})
    assert [(i.code, i.severity, i.expression) for i in found] == [
        ("string-markup", "information", "Patient.name[0].text")
    ]
    assert codes(name=[{"text": "a < b > c"}]) == []


@pytest.mark.parametrize(
    ("url", "sound"),
    [
        ("http://example.com/x", True),
        ("urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0", True),
        ("urn:uuid:0C3151BD-1CBF-4D64-B04D-CD9187A4C6E0", False),
        ("urn:oid:2.16.156", True),
        ("urn:oid:2.016.156", False),
        ("oid:2.16.156", False),
        ("http://example.com/a b", False),
    ],
)
def test_a_uri_is_written_as_one(url: str, sound: bool) -> None:
    assert ("primitive-invalid" not in codes(meta={"source": url})) is sound
