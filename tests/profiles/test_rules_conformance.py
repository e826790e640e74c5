"""Definitions: code systems, value sets, profiles, search parameters, capability statements (FHIR R4)."""

from typing import Any

import pytest

from profiles.registry import Registry
from tests.strictly import validate

Json = dict[str, Any]
HL7 = "http://hl7.org/fhir/concept-properties#"
SYSTEM = "http://example.com/CodeSystem/wards"


def codes(resource: Json, *known: Json) -> list[str]:
    return [issue.code for issue in validate(resource, registry=Registry(known)) if issue.refuses]


def system(**more: Any) -> Json:
    return {"resourceType": "CodeSystem", "url": SYSTEM, "status": "active", "content": "complete", **more}


def value_set(*parts: Json, **more: Any) -> Json:
    return {"resourceType": "ValueSet", "status": "active", "compose": {"include": list(parts)}, **more}


# ----------------------------------------------------------------------------------------------------- CodeSystem


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ([{"code": "inactive", "uri": HL7 + "inactive", "type": "boolean"}], []),
        ([{"code": "beds", "type": "integer"}, {"code": "beds", "type": "integer"}], ["code-system-property-repeated"]),
        ([{"code": "inactive", "uri": HL7 + "inactive", "type": "code"}], ["code-system-property-type"]),
        ([{"code": "inactive", "uri": HL7 + "notSelectable", "type": "boolean"}], ["code-system-property-name"]),
        ([{"code": "beds", "uri": HL7 + "beds", "type": "integer"}], ["code-system-property-unknown"]),
    ],
)
def test_properties_are_defined_once_and_as_hl7_defines_them(properties: list[Json], expected: list[str]) -> None:
    assert codes(system(property=properties)) == expected


def test_a_concept_gives_its_properties_the_type_they_are_defined_with() -> None:
    def used(row: Json) -> list[str]:
        return codes(system(property=[{"code": "beds", "type": "integer"}], concept=[{"code": "a", "property": [row]}]))

    assert used({"code": "beds", "valueInteger": 3}) == []
    assert used({"code": "beds", "valueString": "3"}) == ["code-system-property-value"]


def test_a_parent_is_a_code_of_the_same_system() -> None:
    parent = {"code": "parent", "uri": HL7 + "parent", "type": "code"}

    def below(code: str) -> list[str]:
        rows = [{"code": "a"}, {"code": "b", "property": [{"code": "parent", "valueCode": code}]}]
        return codes(system(property=[parent], concept=rows))

    assert below("a") == []
    assert below("z") == ["code-system-property-code"]


def test_the_count_of_a_complete_system_is_that_of_its_concepts() -> None:
    concepts = [{"code": "a", "concept": [{"code": "b"}]}]
    assert codes(system(concept=concepts, count=2)) == []
    assert codes(system(concept=concepts, count=1)) == ["code-system-count"]
    assert codes(system(concept=concepts) | {"content": "not-present"}) == ["code-system-content"]


# -------------------------------------------------------------------------------------------------------- ValueSet


def test_a_value_set_includes_codes_that_its_systems_have() -> None:
    known = system(concept=[{"code": "a"}])
    assert codes(value_set({"system": SYSTEM, "concept": [{"code": "a"}]}), known) == []
    assert codes(value_set({"system": SYSTEM, "concept": [{"code": "z"}]}), known) == ["coding-code-unknown"]
    assert codes(value_set({"system": SYSTEM, "concept": [{"code": "z"}]})) == []


def test_codes_of_snomed_have_its_form() -> None:
    snomed = "http://snomed.info/sct"
    assert codes(value_set({"system": snomed, "concept": [{"code": "73211009"}]})) == []
    assert codes(value_set({"system": snomed, "concept": [{"code": "1"}]})) == ["coding-code-unknown"]


@pytest.mark.parametrize("name", ["wards", "#wards", "CodeSystem/wards"])
def test_the_system_of_an_include_is_absolute(name: str) -> None:
    assert codes(value_set({"system": name})) == ["value-set-system-relative"]


def test_a_value_set_or_a_supplement_is_no_system() -> None:
    genders = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert codes(value_set({"system": genders})) == ["coding-system-value-set"]
    supplement = system(supplements="http://example.com/other") | {"content": "supplement"}
    assert codes(value_set({"system": SYSTEM}), supplement) == ["coding-system-supplement"]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"property": "closed", "op": "=", "value": "true"}, []),
        ({"property": "closed", "op": "=", "value": "1"}, ["value-set-filter-value"]),
        ({"property": "closed", "op": "exists", "value": "yes"}, ["value-set-filter-value"]),
        ({"property": "concept", "op": "is-a", "value": "a"}, []),
        ({"property": "concept", "op": "is-a", "value": "z"}, ["value-set-filter-value"]),
        ({"property": "beds", "op": "=", "value": "many"}, ["value-set-filter-value"]),
        ({"property": "kind", "op": "=", "value": SYSTEM + "#a"}, []),
        ({"property": "kind", "op": "=", "value": SYSTEM + "#z"}, ["value-set-filter-value"]),
    ],
)
def test_the_value_of_a_filter_fits_its_property(row: Json, expected: list[str]) -> None:
    rows = [("closed", "boolean"), ("beds", "integer"), ("kind", "Coding")]
    known = system(property=[{"code": code, "type": kind} for code, kind in rows], concept=[{"code": "a"}])
    assert codes(value_set({"system": SYSTEM, "filter": [row]}), known) == expected


@pytest.mark.parametrize("url", ["ValueSet/x", "urn:uuid:6A2ee390-978e-42c6-8f88-c17dff3bd8aa"])
def test_the_address_of_a_definition_is_absolute_and_well_written(url: str) -> None:
    assert len(codes(value_set({"system": SYSTEM}, url=url))) == 1
    assert codes(value_set({"system": SYSTEM}, url="http://example.com/ValueSet/x")) == []


# ------------------------------------------------------------------------------------------ profiles and parameters


def profile(*elements: Json, **more: Any) -> Json:
    return {
        "resourceType": "StructureDefinition",
        "url": "http://example.com/StructureDefinition/x",
        "name": "X",
        "status": "draft",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, *elements]},
        **more,
    }


def test_a_differential_names_elements_of_its_base() -> None:
    assert codes(profile({"id": "Patient.name", "path": "Patient.name", "min": 1})) == []
    assert codes(profile({"id": "Patient.mane", "path": "Patient.mane", "min": 1})) == ["profile-broken"]


def test_a_constraint_is_about_the_type_of_its_base() -> None:
    assert codes(profile(type="Group", differential={"element": [{"id": "Group", "path": "Group"}]})) == [
        "structure-type"
    ]


def test_a_discriminator_is_an_element_of_what_is_sliced() -> None:
    def sliced(path: str) -> list[str]:
        slicing = {"discriminator": [{"type": "value", "path": path}], "rules": "open"}
        return codes(profile({"id": "Patient.identifier", "path": "Patient.identifier", "slicing": slicing}))

    assert sliced("system") == []
    assert sliced("$this") == []
    assert sliced("type.coding.code") == []
    assert sliced("oid") == ["slicing-discriminator"]


def parameter(**more: Any) -> Json:
    return {
        "resourceType": "SearchParameter",
        "url": "http://example.com/SearchParameter/x",
        "name": "x",
        "status": "draft",
        "description": "x",
        "code": "x",
        "base": ["Patient"],
        "type": "string",
        **more,
    }


def test_the_expression_of_a_search_parameter_is_fhirpath() -> None:
    assert codes(parameter(expression="Patient.name")) == []
    assert codes(parameter(expression="Patient.name where")) == ["search-parameter-unreadable"]


def test_a_composite_has_parts() -> None:
    part = {"definition": "http://hl7.org/fhir/SearchParameter/clinical-code", "expression": "code"}
    assert codes(parameter(type="composite", component=[part, part])) == []
    assert codes(parameter(type="composite", component=[part])) == ["search-parameter-parts"]


def test_a_capability_statement_gives_parameters_the_type_of_their_definition() -> None:
    def stated(kind: str) -> list[str]:
        row = {"name": "gender", "definition": "http://hl7.org/fhir/SearchParameter/individual-gender", "type": kind}
        return codes(
            {
                "resourceType": "CapabilityStatement",
                "status": "active",
                "date": "2026-03-01",
                "kind": "requirements",
                "description": "x",
                "fhirVersion": "4.0.1",
                "format": ["json"],
                "rest": [{"mode": "server", "resource": [{"type": "Patient", "searchParam": [row]}]}],
            }
        )

    assert stated("token") == []
    assert stated("string") == ["search-parameter-type"]
