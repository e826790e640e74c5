"""ValueSets, CodeSystems and ConceptMaps against the code systems they speak of; vital signs against their profiles."""

from typing import Any

import pytest

from profiles.registry import Registry
from tests.strictly import validate

Json = dict[str, Any]
URL = "http://county.example/CodeSystem/kinds"
KINDS: Json = {
    "resourceType": "CodeSystem",
    "url": URL,
    "status": "draft",
    "content": "complete",
    "caseSensitive": True,
    "hierarchyMeaning": "is-a",
    "filter": [{"code": "kind", "operator": ["="], "value": "a kind"}],
    "property": [
        {"code": "kind", "type": "Coding"},
        {"code": "weight", "type": "integer"},
        {"code": "since", "type": "dateTime"},
    ],
    "concept": [{"code": "a", "display": "First"}, {"code": "b"}],
}


def refused(resource: Json, *known: Json) -> list[tuple[str, str]]:
    """Every issue but those that inform, with its place."""
    issues = validate(resource, registry=Registry(known))
    return [(issue.code, issue.expression) for issue in issues if issue.severity != "information"]


def including(**part: Any) -> Json:
    return {"resourceType": "ValueSet", "status": "draft", "compose": {"include": [{"system": URL, **part}]}}


PART = "ValueSet.compose.include[0]"


def filtering(name: str, op: str, value: str) -> list[tuple[str, str]]:
    found = refused(including(filter=[{"property": name, "op": op, "value": value}]), KINDS)
    return [(code, place.removeprefix(f"{PART}.filter[0].")) for code, place in found]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"concept": [{"code": "a"}, {"code": "z"}]}, [("coding-code-unknown", PART + ".concept[1].code")]),
        ({"system": "#own"}, [("value-set-system-relative", PART + ".system")]),
        ({"system": URL + "|2"}, [("value-set-system-version", PART + ".system")]),
        ({"system": "http://hl7.org/fhir/ValueSet/languages"}, [("coding-system-value-set", PART + ".system")]),
        (
            {"system": "http://snomed.info/sct", "concept": [{"code": "1"}]},
            [("coding-code-unknown", PART + ".concept[0].code")],
        ),
        ({"system": "http://snomed.info/sct", "concept": [{"code": "73211009"}]}, []),
        ({"system": "http://unknown.example", "concept": [{"code": "1"}]}, []),
    ],
)
def test_a_value_set_includes_codes_that_exist(part: Json, expected: list[tuple[str, str]]) -> None:
    assert refused(including(**part), KINDS) == expected


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", "a", []),
        ("concept", "is-a", "z", [("value-set-filter-value", "value")]),
        ("concept", "in", "a, b", []),
        ("concept", "in", "a,z", [("value-set-filter-value", "value")]),
        ("concept", "regex", "a.*", [("value-set-filter-operator", "op")]),
        ("code", "regex", "a.*", []),
        ("code", "regex", "a(", [("value-set-filter-value", "value")]),
        ("display", "exists", "true", []),
        ("display", "exists", "1", [("value-set-filter-value", "value")]),
        ("inactive", "=", "no", [("value-set-filter-value", "value")]),
        ("weight", "=", "12", []),
        ("weight", "=", "gt12", []),
        ("weight", "=", "heavy", [("value-set-filter-value", "value")]),
        ("since", "=", "ge2020-01", []),
        ("since", "=", "long ago", [("value-set-filter-value", "value")]),
        ("kind", "=", f"{URL}#a", []),
        ("kind", "=", f"{URL}#z", [("value-set-filter-value", "value")]),
        ("kind", "in", f"{URL}#a", [("value-set-filter-operator", "op")]),
        ("colour", "=", "red", [("value-set-filter-property", "property")]),
    ],
)
def test_a_filter_fits_the_property_it_is_on(name: str, op: str, value: str, expected: list[tuple[str, str]]) -> None:
    assert filtering(name, op, value) == expected


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", "73211009", []),
        ("concept", "is-a", "something", ["value-set-filter-value"]),
        ("363698007", "=", "80891009", []),
        ("363698007", "not-in", "80891009", ["value-set-filter-operator"]),
        ("finding site", "=", "80891009", ["value-set-filter-property"]),
    ],
)
def test_filters_on_snomed_are_judged_by_its_specification(name: str, op: str, value: str, expected: list[str]) -> None:
    row = {"property": name, "op": op, "value": value}
    found = refused(including(system="http://snomed.info/sct", filter=[row]))
    assert [code for code, _ in found] == expected


def supplement(**more: Any) -> Json:
    head = {"resourceType": "CodeSystem", "url": URL + "-zh", "status": "draft", "content": "supplement"}
    return {**head, "supplements": URL, "concept": [{"code": "a"}], **more}


def test_a_supplement_adds_to_what_is_there() -> None:
    assert refused(supplement(), KINDS) == []
    assert refused(supplement(concept=[{"code": "z"}]), KINDS) == [
        ("coding-code-unknown", "CodeSystem.concept[0].code")
    ]
    assert refused(supplement(caseSensitive=True), KINDS) == [
        ("code-system-supplement-element", "CodeSystem.caseSensitive")
    ]
    assert refused(supplement(content="complete"), KINDS) == [("code-system-supplement", "CodeSystem.content")]
    assert refused(supplement()) == [("terminology-unknown", "CodeSystem.supplements")]


def test_a_code_system_that_calls_itself_complete_has_concepts() -> None:
    empty = {name: value for name, value in KINDS.items() if name != "concept"}
    assert refused(empty) == [("code-system-empty", "CodeSystem")]


def test_the_value_set_of_a_code_system_is_all_of_it() -> None:
    whole = {
        "resourceType": "ValueSet",
        "url": URL + "/vs",
        "status": "draft",
        "compose": {"include": [{"system": URL}]},
    }
    part = {**whole, "compose": {"include": [{"system": URL, "concept": [{"code": "a"}]}]}}
    system = {**KINDS, "valueSet": URL + "/vs"}
    assert refused(system, whole) == []
    assert refused(system, part) == [("code-system-value-set", "CodeSystem.valueSet")]


def test_a_designation_differs_from_the_display_in_use_or_language() -> None:
    def named(**designation: Any) -> list[tuple[str, str]]:
        concept = {"code": "a", "display": "First", "designation": [{"value": "Premier", **designation}]}
        return refused({**KINDS, "language": "en", "concept": [concept]})

    assert named(language="fr") == []
    assert named(language="en") == [("code-system-designation", "CodeSystem.concept[0].designation[0]")]


def mapping(source: Json, target: Json, **more: Any) -> Json:
    gender = "http://hl7.org/fhir/administrative-gender"
    row = {**source, "target": [{"equivalence": "equivalent", **target}]}
    group = {"source": URL, "target": gender, "element": [row]}
    return {"resourceType": "ConceptMap", "status": "draft", "group": [group], **more}


ROW = "ConceptMap.group[0].element[0]"


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ({"code": "a"}, {"code": "male"}, []),
        ({"code": "z"}, {"code": "male"}, [("coding-code-unknown", ROW + ".code")]),
        ({"code": "a"}, {"code": "man"}, [("coding-code-unknown", ROW + ".target[0].code")]),
        ({"code": "a", "display": "Zeroth"}, {"code": "male"}, [("concept-map-display", ROW + ".display")]),
    ],
)
def test_a_map_is_between_codes_that_exist(source: Json, target: Json, expected: list[tuple[str, str]]) -> None:
    assert refused(mapping(source, target), KINDS) == expected


def test_a_map_stays_in_the_value_sets_it_is_between() -> None:
    only_b = {**including(concept=[{"code": "b"}]), "url": "http://county.example/b"}
    found = refused(mapping({"code": "a"}, {"code": "male"}, sourceUri="http://county.example/b"), KINDS, only_b)
    assert found == [("concept-map-scope", ROW + ".code")]


def test_the_same_pair_twice_is_pointed_out() -> None:
    concept_map = mapping({"code": "a"}, {"code": "male"})
    concept_map["group"][0]["element"] *= 2
    assert refused(concept_map, KINDS) == [("concept-map-repeated", "ConceptMap.group[0].element[1].target[0]")]


def pressure(*codes: str, **more: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}
                ]
            }
        ],
        "code": {"coding": [{"system": "http://loinc.org", "code": code} for code in codes]},
        "subject": {"reference": "Patient/1"},
        "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        **more,
    }


def weighed(code: str) -> Json:
    return {"value": 60, "unit": code, "system": "http://unitsofmeasure.org", "code": code}


def test_a_vital_sign_satisfies_its_profile_without_claiming_it() -> None:
    def wrong(observation: Json) -> bool:
        return any(issue.refuses for issue in validate(observation))

    assert not wrong(pressure("29463-7", valueQuantity=weighed("kg")))
    assert wrong(pressure("29463-7", valueQuantity=weighed("mg")))
    assert wrong(pressure("29463-7", valueQuantity=weighed("kg"), category=[{"text": "weight"}]))
    assert not wrong(pressure("4548-4", valueQuantity=weighed("mg")))


def test_the_general_code_stands_beside_the_special_one() -> None:
    special = [issue for issue in validate(pressure("3141-9", valueQuantity=weighed("kg"))) if issue.refuses]
    both = [issue for issue in validate(pressure("3141-9", "29463-7", valueQuantity=weighed("kg"))) if issue.refuses]
    assert special
    assert both == []
