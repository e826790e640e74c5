"""Extensions stand where their definition lets them, hold what it says, and are what they claim to be."""

from typing import Any

import pytest

from profiles.registry import Registry
from profiles.validator import validate
from tests.profiles.profile_maker import Json, profile

INTERPRETER = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired"
ANIMAL = "http://hl7.org/fhir/StructureDefinition/patient-animal"


def extension(*contexts: tuple[str, str], modifier: bool = False) -> Json:
    return profile(
        "mark",
        "Extension",
        {"id": "Extension", **({"isModifier": True, "isModifierReason": "…"} if modifier else {})},
        {"id": "Extension.url", "fixedUri": "http://example.org/mark"},
        {"id": "Extension.value[x]", "type": [{"code": "string"}]},
        context=[{"type": kind, "expression": text} for kind, text in contexts],
    )


MARK = {"url": "http://example.org/mark", "valueString": "x"}


def found(resource: Json, *loaded: Json, **options: Any) -> list[tuple[str, str]]:
    issues = validate(resource, registry=Registry(loaded), **options)
    return [(issue.code, issue.expression) for issue in issues if "extension" in issue.code]


@pytest.mark.parametrize(
    ("contexts", "fits"),
    [
        ([("element", "Patient")], False),
        ([("element", "Patient.name")], True),
        ([("element", "HumanName")], True),
        ([("element", "Element")], True),
        ([("element", "Patient.contact.name")], False),
        ([("fhirpath", "Patient.name.where(use = 'official')")], True),
        ([("fhirpath", "Patient.name.where(use = 'old')")], False),
        ([("element", "Organization"), ("element", "Patient.name")], True),
    ],
)
def test_an_extension_stands_in_its_context(contexts: list[tuple[str, str]], fits: bool) -> None:
    patient = {"resourceType": "Patient", "name": [{"use": "official", "text": "x", "extension": [MARK]}]}
    expected = [] if fits else [("extension-context", "Patient.name[0].extension[0]")]
    assert found(patient, extension(*contexts)) == expected


@pytest.mark.parametrize(("context", "fits"), [("Patient.birthDate", True), ("date", True), ("Patient.gender", False)])
def test_the_context_of_a_primitive(context: str, fits: bool) -> None:
    patient = {"resourceType": "Patient", "birthDate": "2000", "_birthDate": {"extension": [MARK]}}
    expected = [] if fits else [("extension-context", "Patient.birthDate.extension[0]")]
    assert found(patient, extension(("element", context))) == expected


def test_an_extension_of_an_extension() -> None:
    inside = {"url": INTERPRETER, "valueBoolean": True, "_valueBoolean": {"extension": [MARK]}}
    assert found({"resourceType": "Patient", "extension": [inside]}, extension(("extension", INTERPRETER))) == []


def test_what_changes_the_meaning_is_a_modifier_extension() -> None:
    changing, plain = extension(("element", "Patient"), modifier=True), extension(("element", "Patient"))
    assert found({"resourceType": "Patient", "modifierExtension": [MARK]}, changing) == []
    assert found({"resourceType": "Patient", "extension": [MARK]}, changing) == [
        ("extension-is-modifier", "Patient.extension[0]")
    ]
    assert found({"resourceType": "Patient", "modifierExtension": [MARK]}, plain) == [
        ("extension-not-modifier", "Patient.modifierExtension[0]")
    ]


def test_an_unknown_extension_warns_or_refuses() -> None:
    unknown = {"resourceType": "Patient", "extension": [{"url": "http://hospital.cn/x", "valueString": "x"}]}
    assert found(unknown) == [("extension-unknown", "Patient.extension[0]")]
    assert found(unknown, rigour="strict") == [("extension-undefined", "Patient.extension[0]")]


def test_an_unknown_modifier_extension_refuses() -> None:
    unknown = {"resourceType": "Patient", "modifierExtension": [{"url": "http://hospital.cn/x", "valueString": "x"}]}
    assert found(unknown) == [("extension-modifier-unknown", "Patient.modifierExtension[0]")]


def test_the_parts_of_a_complex_extension_are_those_it_has() -> None:
    species = {"url": "species", "valueCodeableConcept": {"text": "dog"}}
    animal = {"url": ANIMAL, "extension": [species, {"url": "colour", "valueString": "x"}]}
    assert found({"resourceType": "Patient", "extension": [animal]}) == [
        ("extension-undefined", "Patient.extension[0].extension[1].url")
    ]
    breed = {"url": "breed", "valueCodeableConcept": {"text": "x"}}
    (issue,) = validate({"resourceType": "Patient", "extension": [{"url": ANIMAL, "extension": [breed]}]})
    assert (issue.code, issue.details["name"]) == ("slice-required", "Extension.extension:species")


def test_the_url_of_an_extension_is_absolute() -> None:
    assert found({"resourceType": "Patient", "extension": [{"url": "mark", "valueString": "x"}]}) == [
        ("extension-url-relative", "Patient.extension[0]")
    ]


def test_elements_of_other_versions_are_let_through() -> None:
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.triggeredBy"
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "extension": [{"url": url, "valueString": "x"}],
    }
    assert found(resource, rigour="strict") == []
