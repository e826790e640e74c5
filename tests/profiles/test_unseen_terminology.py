"""Rules on codes, bindings and value sets that cases outside of the first oracle taught; all of our own making."""

from __future__ import annotations

import pytest

from profiles.ecl import is_expression
from profiles.registry import Registry
from profiles.terminology import Membership
from tests.profiles.reported import (
    BASE,
    Json,
    faults,
    observation,
    profile,
    value_set,
)


def test_a_value_set_that_imports_an_unknown_one_cannot_say_that_a_code_is_outside() -> None:
    listed = {"system": "urn:a", "concept": [{"code": "1"}]}
    registry = Registry([value_set("v", listed, {"valueSet": ["http://example.org/vs/unknown"]})])
    members = registry.members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:a", "1") is Membership.IN
    assert members.coding("urn:b", "2") is Membership.UNKNOWN


def test_an_unknown_value_set_narrows_what_is_known() -> None:
    both = {"system": "urn:a", "concept": [{"code": "1"}], "valueSet": ["http://example.org/vs/unknown"]}
    members = Registry([value_set("v", both)]).members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:a", "1") is Membership.UNKNOWN
    assert members.coding("urn:b", "1") is Membership.OUT


def test_what_an_unknown_value_set_excludes_is_not_known() -> None:
    compose = {
        "include": [{"system": "urn:a", "concept": [{"code": "1"}]}],
        "exclude": [{"valueSet": ["http://example.org/vs/unknown"]}],
    }
    members = Registry([value_set("v", compose=compose)]).members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:a", "1") is Membership.UNKNOWN


def test_a_listed_value_set_is_cut_by_a_grammar() -> None:
    codes = {"system": "urn:ietf:bcp:47", "concept": [{"code": "zh-CN"}, {"code": "not a language"}]}
    narrowed = {"system": "urn:ietf:bcp:47", "valueSet": ["http://example.org/vs/listed"]}
    members = Registry([value_set("listed", codes), value_set("v", narrowed)]).members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:ietf:bcp:47", "zh-CN") is Membership.IN
    assert members.coding("urn:ietf:bcp:47", "de") is Membership.OUT


@pytest.mark.parametrize(
    ("expansion", "verdict"),
    [
        ({"total": 1}, Membership.OUT),
        ({"total": 7}, Membership.UNKNOWN),
        (
            {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/valueset-unclosed", "valueBoolean": True}]},
            Membership.UNKNOWN,
        ),
    ],
)
def test_part_of_an_expansion_does_not_say_what_is_outside(expansion: Json, verdict: Membership) -> None:
    expansion = {**expansion, "timestamp": "2026-01-01", "contains": [{"system": "urn:a", "code": "1"}]}
    members = Registry([value_set("v", expansion=expansion)]).members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:a", "1") is Membership.IN
    assert members.coding("urn:a", "2") is verdict


def test_a_value_set_without_a_definition_is_not_empty() -> None:
    members = Registry([value_set("v")]).members("http://example.org/vs/v")
    assert members is not None
    assert members.coding("urn:a", "1") is Membership.UNKNOWN


def test_additional_bindings_count_unless_they_are_for_some_uses_only() -> None:
    def bound(*more: Json) -> Json:
        parts = [
            {"url": "purpose", "valueCode": "required"},
            {"url": "valueSet", "valueCanonical": "http://example.org/vs/v"},
        ]
        url = "http://hl7.org/fhir/tools/StructureDefinition/additional-binding"
        binding = {
            "strength": "example",
            "valueSet": "http://hl7.org/fhir/ValueSet/observation-codes",
            "extension": [{"url": url, "extension": [*parts, *more]}],
        }
        return profile("Observation", {"path": "Observation.code", "binding": binding})

    codes = value_set("v", {"system": "urn:a", "concept": [{"code": "1"}]})
    inside, outside = ({"coding": [{"system": "urn:a", "code": code}]} for code in "12")
    assert faults(observation(code=inside), bound(), codes, against=BASE + "p") == []
    assert faults(observation(code=outside), bound(), codes, against=BASE + "p") == [
        ("code-not-in-valueset", "Observation.code")
    ]
    usage = {"url": "usage", "valueUsageContext": {"code": {"code": "venue"}, "valueCodeableConcept": {"text": "x"}}}
    assert faults(observation(code=outside), bound(usage), codes, against=BASE + "p") == []


def test_any_component_of_a_vital_sign_may_have_any_unit() -> None:
    def quantity(code: str) -> Json:
        return {"value": 6, "unit": code, "system": "http://unitsofmeasure.org", "code": code}

    category = "http://terminology.hl7.org/CodeSystem/observation-category"
    pulse = observation(
        category=[{"coding": [{"system": category, "code": "vital-signs"}]}],
        code={"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        subject={"reference": "Patient/1"},
        effectiveDateTime="2026-01-01",
        valueQuantity=quantity("/min"),
        component=[{"code": {"text": "oxygen"}, "valueQuantity": quantity("L/min")}],
    )
    assert faults(pulse) == []


def test_work_groups_come_and_go() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/structuredefinition-wg"
    definition = profile("Patient", {"path": "Patient.name", "min": 1}, extension=[{"url": url, "valueCode": "cgp"}])
    assert faults(definition) == []


@pytest.mark.parametrize(
    "text",
    [
        "404684003 |Clinical finding|",
        "<< 73211009",
        "<!404684003",
        "*",
        "^ 700043003",
        "< 19829001 AND < 301867009",
        "(< 19829001 OR ^700043003) MINUS < 301867009",
        "< 404684003: {363698007 = << 39057004, 116676008 = << 415582006}",
        "< 91302008 : [1..3] 127489000 = < 105590001",
        "< 125605004 . 363698007",
        '< 64572001 {{ term = "heart" }}',
        "< 27658006 : 411116001 = << 385055001, 179999999100 >= #500",
        "< 404684003: 363698007 = (< 39057004 OR 27658006)",
        "descendantOf 105590001 OR descendantOrSelfOf 716186003 OR 404684003",
        "(DescendantOrSelfOf 404684003) MINUS memberOf 700043003",
        "descendantOf 404684003 |Clinical finding|: any = childOf 39057004",
    ],
)
def test_an_expression_of_snomed_ct(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "<<", "404684003 404684003", "73211009 << 404684003", "< 404684003 AND", "(< 404684003", "heart", "<< 1"),
        *("descendantsOf 404684003", "descendantOf", "404684003 descendantOf", "memberOf"),
        *("< 404684003 : 363698007", "< 19829001 AND < 301867009 OR < 404684003", "(" * 5000 + "*"),
    ],
)
def test_what_is_no_expression_of_snomed_ct(text: str) -> None:
    assert not is_expression(text)


def test_a_value_set_that_filters_by_an_expression_that_is_none() -> None:
    def filtered(value: str) -> Json:
        row = {"property": "constraint", "op": "=", "value": value}
        return value_set("v", {"system": "http://snomed.info/sct", "filter": [row]})

    assert faults(filtered("<< 73211009")) == []
    assert faults(filtered("73211009 << 73211009")) == [
        ("value-set-filter-value", "ValueSet.compose.include[0].filter[0].value")
    ]
