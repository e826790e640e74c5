"""A Coding is held against the code system it names; a Quantity against UCUM."""

from typing import Any

import pytest

from profiles.registry import Registry
from tests.strictly import validate

Json = dict[str, Any]
HL7, V3 = "http://terminology.hl7.org/CodeSystem/", "http://terminology.hl7.org/CodeSystem/v3-"
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
FRAGMENT: Json = {
    "resourceType": "CodeSystem",
    "url": "http://county.example/part",
    "content": "fragment",
    "concept": [{"code": "x"}],
}


def basic(*codings: Json, **more: Any) -> Json:
    return {"resourceType": "Basic", "code": {"coding": list(codings)}, **more}


def found(resource: Json, registry: Registry | None = None) -> list[tuple[str, str, str]]:
    issues = validate(resource, registry=registry or Registry())
    return [(issue.code, issue.severity, issue.expression.rpartition("coding[0]")[2]) for issue in issues]


@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        ({"system": V3 + "ActCode", "code": "AMB", "display": "ambulatory"}, []),
        ({"system": V3 + "ActCode", "code": "AMB", "display": " Ambulatory  "}, []),
        ({"system": V3 + "ActCode", "code": "AMB", "display": "inpatient"}, [("coding-display", "error", ".display")]),
        (
            {"system": V3 + "ActCode", "code": "AMB", "display": "门诊"},
            [("coding-display-unchecked", "warning", ".display")],
        ),
        ({"system": V3 + "ActCode", "code": "nope"}, [("coding-code-unknown", "error", ".code")]),
        (
            {"system": V3 + "ActCode", "version": "1", "code": "nope"},
            [("coding-version-unknown", "warning", ".version")],
        ),
        ({"system": HL7 + "v2-0131", "code": "c"}, [("coding-code-case", "information", ".code")]),
        ({"system": HL7 + "v2-0131", "code": "new"}, [("coding-code-unlisted", "warning", ".code")]),
        ({"system": HL7 + "v2-0131", "code": "C", "display": "noodkontakt"}, [("coding-display", "error", ".display")]),
        ({"system": LOINC, "code": "8310-5"}, [("terminology-unknown", "warning", ".system")]),
        ({"system": LOINC, "code": "8310-6"}, [("coding-code-malformed", "error", ".code")]),
        ({"system": SNOMED, "code": "276885007x"}, [("coding-code-malformed", "error", ".code")]),
        ({"system": "https://loinc.org", "code": "8310-5"}, [("coding-system-misnamed", "error", ".system")]),
        ({"system": SNOMED + "/731000124108", "code": "1"}, [("coding-system-misnamed", "error", ".system")]),
        ({"system": "local", "code": "1"}, [("coding-system-relative", "error", ".system")]),
        (
            {"system": "http://hl7.org/fhir/ValueSet/languages", "code": "en"},
            [("coding-system-value-set", "error", ".system")],
        ),
        ({"system": "http://local.example/codes", "code": "1"}, [("terminology-unknown", "warning", ".system")]),
        ({"system": UCUM, "code": "mmHg"}, [("coding-code-unknown", "error", ".code")]),
        ({"system": "urn:ietf:bcp:47", "code": "zh_CN"}, [("coding-code-unknown", "error", ".code")]),
        (
            {"system": "urn:iso:std:iso:3166", "code": "BD", "display": "Australia"},
            [("coding-display", "error", ".display")],
        ),
        (
            {"system": "urn:iso:std:iso:3166", "code": "BD", "display": "Bengal"},
            [("coding-display-unchecked", "warning", ".display")],
        ),
        ({"system": "urn:iso:std:iso:3166", "code": "QQ"}, [("coding-code-unknown", "error", ".code")]),
        ({"code": "1"}, [("coding-without-system", "warning", "")]),
        ({"display": "only words"}, []),
        ({"system": HL7 + "object-role", "code": "1"}, []),
    ],
)
def test_what_a_code_system_has_against_a_coding(coding: Json, expected: list[tuple[str, str, str]]) -> None:
    assert found(basic(coding)) == expected


def test_an_abstract_and_an_ended_code_are_pointed_out() -> None:
    assert found(basic({"system": V3 + "ActMood", "code": "_ActMoodPredicate"})) == [
        ("coding-code-abstract", "warning", ".code")
    ]
    ended = {
        **FRAGMENT,
        "content": "complete",
        "concept": [{"code": "x", "property": [{"code": "status", "valueCode": "retired"}]}],
    }
    assert found(basic({"system": FRAGMENT["url"], "code": "x"}), Registry([ended])) == [
        ("coding-code-inactive", "warning", ".code")
    ]


def test_a_code_that_a_fragment_lacks_is_a_warning() -> None:
    coding = {"system": FRAGMENT["url"], "code": "y"}
    assert found(basic(coding), Registry([FRAGMENT])) == [("coding-code-unlisted", "warning", ".code")]


def test_a_supplement_is_no_system_of_codes() -> None:
    supplement = {**FRAGMENT, "content": "supplement", "supplements": LOINC}
    coding = {"system": FRAGMENT["url"], "code": "x"}
    assert found(basic(coding), Registry([supplement])) == [("coding-system-supplement", "error", ".system")]


def test_a_value_set_may_name_a_code_otherwise() -> None:
    coding = {"system": V3 + "ActCode", "code": "AMB", "display": "Outpatient clinic"}
    row = {"code": "AMB", "display": "Outpatient clinic"}
    value_set = {
        "resourceType": "ValueSet",
        "url": "http://x.example/vs",
        "compose": {"include": [{"system": V3 + "ActCode", "concept": [row]}]},
    }
    assert found(basic(coding), Registry([value_set])) == []


def test_a_code_system_contained_in_the_resource_counts() -> None:
    contained = {**FRAGMENT, "id": "own", "status": "draft", "content": "complete"}
    questionnaire = {
        "resourceType": "Questionnaire",
        "status": "draft",
        "contained": [contained],
        "code": [{"system": FRAGMENT["url"], "code": "x"}, {"system": FRAGMENT["url"], "code": "y"}],
    }
    issues = [issue for issue in validate(questionnaire) if issue.code.startswith(("coding", "terminology"))]
    assert [(issue.code, issue.expression) for issue in issues] == [
        ("coding-code-unknown", "Questionnaire.code[1].code")
    ]


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [
        ({"value": 1, "system": UCUM, "code": "mm[Hg]"}, []),
        ({"value": 1, "system": UCUM, "code": "mmHg"}, [("unit-invalid", "1")]),
        ({"value": 1, "system": UCUM, "code": "mg/foo"}, [("unit-invalid", "4")]),
        ({"value": 1, "system": UCUM, "code": "mm[Hg]{cuff}"}, [("unit-annotated", None)]),
        ({"value": 1, "unit": "片"}, []),
        ({"value": 1, "system": V3 + "orderableDrugForm", "code": "TAB"}, []),
        ({"value": 1, "system": V3 + "orderableDrugForm", "code": "Tab"}, [("unit-code-unknown", None)]),
    ],
)
def test_the_unit_of_a_quantity_is_one_of_its_system(quantity: Json, expected: list[tuple[str, str | None]]) -> None:
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": quantity}
    issues = [issue for issue in validate(observation) if issue.code.startswith("unit")]
    assert [(issue.code, issue.details.get("place")) for issue in issues] == expected
    assert all(issue.severity == "warning" for issue in issues)


def test_a_currency_is_one_of_iso_4217() -> None:
    def account(currency: str) -> Json:
        total = {"value": 1, "currency": currency}
        return {"resourceType": "Invoice", "status": "draft", "totalNet": total}

    assert [issue.code for issue in validate(account("CNY"))] == []
    assert [issue.code for issue in validate(account("QQQ"))] == ["code-not-in-valueset"]


def test_the_same_question_is_answered_from_memory_and_the_memory_is_bounded() -> None:
    registry = Registry([FRAGMENT])
    memory = registry.terminology.judged
    for number in range(9000):
        validate(basic({"system": FRAGMENT["url"], "code": str(number)}), registry=registry)
    validate(basic({"system": FRAGMENT["url"], "code": "x" * 300}), registry=registry)
    assert 0 < len(memory) <= 8192
    assert all(len(question[2]) < 300 for question in memory)
