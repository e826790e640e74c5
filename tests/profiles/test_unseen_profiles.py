"""Rules on profiles and slices that cases outside of the first oracle taught; each case is of our own making."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from profiles.registry import Registry
from profiles.snapshot import misshapen
from profiles.validator import validate
from profiles.validator.relative import moved
from tests.profiles.reported import (
    BASE,
    Json,
    composition,
    extension_of,
    faults,
    narrative,
    observation,
    profile,
)


def test_a_text_has_a_least_length_where_a_profile_says_so() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/minLength"
    long = profile("Patient", {"path": "Patient.id", "extension": [{"url": url, "valueInteger": 5}]})
    assert faults({"resourceType": "Patient", "id": "12345"}, long, against=BASE + "p") == []
    assert faults({"resourceType": "Patient", "id": "1234"}, long, against=BASE + "p") == [
        ("value-too-short", "Patient.id")
    ]


@pytest.mark.parametrize(
    ("bound", "born", "code"),
    [
        ("minValueQuantity", "1850-01-01", "value-too-small"),
        ("minValueQuantity", "1850", "value-too-small"),
        ("minValueQuantity", "2000", ""),
        ("maxValueQuantity", "2300-01", "value-too-large"),
        ("maxValueQuantity", "2000-01", ""),
        ("maxValueDuration", "2300-01-01", "value-too-large"),
    ],
)
def test_a_date_has_bounds_that_move_with_the_clock(bound: str, born: str, code: str) -> None:
    length = {"value": 100, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"}
    bounded = profile("Patient", {"path": "Patient.birthDate", bound: length})
    found = faults({"resourceType": "Patient", "birthDate": born}, bounded, against=BASE + "p")
    assert found == ([(code, "Patient.birthDate")] if code else [])


@pytest.mark.parametrize(
    ("length", "sign", "there"),
    [
        ({"value": 1, "code": "a"}, -1, "2023-02-28T12:00:00+08:00"),
        ({"value": 1, "code": "mo"}, 1, "2024-03-29T12:00:00+08:00"),
        ({"value": 2, "code": "wk"}, 1, "2024-03-14T12:00:00+08:00"),
        ({"value": 90, "code": "min"}, -1, "2024-02-29T10:30:00+08:00"),
    ],
)
def test_so_long_before_or_after_now(length: Json, sign: int, there: str) -> None:
    now = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=8)))
    assert moved(now, length, sign) == datetime.fromisoformat(there)


def test_no_calendar_goes_that_far() -> None:
    now = datetime(2024, 2, 29, 12, tzinfo=timezone(timedelta(hours=8)))
    assert moved(now, {"value": 9999, "code": "a"}, 1) is None
    assert moved(now, {"value": 10**12, "code": "d"}, 1) is None


def test_rules_know_what_time_it_is() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "born", "expression": "birthDate <= today()"}
    born = profile("Patient", {"path": "Patient", "constraint": [rule]})
    assert faults({"resourceType": "Patient", "birthDate": "2000-01-01"}, born, against=BASE + "p") == []
    assert faults({"resourceType": "Patient", "birthDate": "2300-01-01"}, born, against=BASE + "p") == [
        ("invariant-failed", "Patient")
    ]


def test_a_rule_that_is_empty_is_not_met_in_a_report_but_at_the_door() -> None:
    rule = {"key": "x-1", "severity": "error", "human": "known", "expression": "gender = 'male'"}
    known = profile("Patient", {"path": "Patient", "constraint": [rule]})
    patient = {"resourceType": "Patient", "active": True}
    assert faults(patient, known, against=BASE + "p") == [("invariant-failed", "Patient")]
    assert validate(patient, profile=BASE + "p", registry=Registry([known])) == ()


def test_a_rule_that_could_not_look_something_up_is_not_broken() -> None:
    text = "gender.memberOf('http://example.org/vs/unknown')"
    rule = {"key": "x-1", "severity": "error", "human": "known", "expression": text}
    known = profile("Patient", {"path": "Patient", "constraint": [rule]})
    assert faults({"resourceType": "Patient", "gender": "male"}, known, against=BASE + "p") == []


def test_codes_of_an_element_do_not_make_a_definition_unreadable() -> None:
    codes = [{"system": "http://loinc.org", "code": "71799-1"}]
    assert misshapen(profile("Patient", {"path": "Patient.name", "code": codes, "min": 1})) == ""


def test_a_snapshot_may_leave_the_type_of_a_value_without_a_code() -> None:
    tree = [
        {"id": "Patient", "path": "Patient", "min": 0, "max": "*"},
        {"id": "Patient.id", "path": "Patient.id", "min": 0, "max": "1", "type": [{"code": "id"}]},
        {
            **{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1, "max": "1"},
            **{"type": [{"code": "date"}], "base": {"path": "Patient.birthDate", "min": 0, "max": "1"}},
        },
        {"id": "Patient.birthDate.value", "path": "Patient.birthDate.value", "min": 0, "max": "1", "type": [{}]},
    ]
    definition = profile("Patient", snapshot={"element": tree})
    patient = {"resourceType": "Patient", "id": "a", "birthDate": "2000-01-01"}
    assert faults(patient, definition, against=BASE + "p") == []
    assert faults({"resourceType": "Patient", "id": "a"}, definition, against=BASE + "p") == [
        ("element-required", "Patient")
    ]


def test_a_guide_asks_its_profiles_of_every_resource() -> None:
    named = profile("Patient", {"path": "Patient.name", "min": 1})
    guide = {"resourceType": "ImplementationGuide", "global": [{"type": "Patient", "profile": BASE + "p"}]}
    assert faults({"resourceType": "Patient", "active": True}, named, guide) == [("element-required", "Patient")]
    assert faults({"resourceType": "Patient", "name": [{"text": "x"}]}, named, guide) == []
    assert faults({"resourceType": "Group", "type": "person", "actual": True}, named, guide) == []


# -------------------------------------------------------------------------------------------- slices, parts of profiles


def test_a_slice_may_be_told_by_what_it_does_not_have() -> None:
    by = [{"type": "value", "path": "system"}, {"type": "value", "path": "use"}]
    sliced = profile(
        "Patient",
        {"path": "Patient.telecom", "slicing": {"discriminator": by, "rules": "closed"}},
        {"id": "Patient.telecom:home", "path": "Patient.telecom", "sliceName": "home"},
        {"id": "Patient.telecom:home.system", "path": "Patient.telecom.system", "fixedCode": "phone"},
        {"id": "Patient.telecom:home.use", "path": "Patient.telecom.use", "fixedCode": "home"},
        {"id": "Patient.telecom:mail", "path": "Patient.telecom", "sliceName": "mail"},
        {"id": "Patient.telecom:mail.system", "path": "Patient.telecom.system", "fixedCode": "email"},
        {"id": "Patient.telecom:mail.use", "path": "Patient.telecom.use", "max": "0"},
    )

    def patient(**mail: str) -> Json:
        home = {"system": "phone", "use": "home", "value": "1"}
        return {"resourceType": "Patient", "telecom": [home, {"system": "email", "value": "a@example.org", **mail}]}

    assert faults(patient(), sliced, against=BASE + "p") == []
    assert faults(patient(use="home"), sliced, against=BASE + "p") == [("slice-closed", "Patient.telecom[1]")]


def sections(*codes: str) -> Json:
    return composition(
        *({"code": {"coding": [{"system": "urn:a", "code": code}]}, "text": narrative("x")} for code in codes)
    )


def test_a_differential_on_a_part_is_not_about_the_parts_of_the_part() -> None:
    named = profile(
        "Parameters",
        {"path": "Parameters.parameter.name", "fixedString": "outer"},
        {"path": "Parameters.parameter.part", "min": 1},
    )
    inner = {"name": "inner", "valueString": "x"}
    parameters = {"resourceType": "Parameters", "parameter": [{"name": "outer", "part": [inner]}]}
    assert faults(parameters, named, against=BASE + "p") == []
    parameters["parameter"] = [inner]
    assert faults(parameters, named, against=BASE + "p") != []


SLICED = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}


def _library(name: str) -> list[Json]:
    pattern = {"coding": [{"system": "urn:a", "code": name}]}
    path, identity = "Composition.section", f"Composition.section:{name}"
    return [
        {"id": identity, "path": path, "sliceName": name},
        {"id": identity + ".code", "path": path + ".code", "min": 1, "patternCodeableConcept": pattern},
    ]


def test_a_slice_may_be_an_element_of_another_profile() -> None:
    path = "Composition.section"
    library = profile("Composition", {"path": path, "slicing": SLICED}, *_library("a"), *_library("b"), name="library")
    within = "http://hl7.org/fhir/StructureDefinition/elementdefinition-profile-element"

    def taken(name: str) -> Json:
        beside = [{"extension": [{"url": within, "valueString": f"{path}:{name}"}]}]
        kind = {"code": "BackboneElement", "profile": [BASE + "library"], "_profile": beside}
        return {"id": f"{path}:{name}", "path": path, "sliceName": name, "min": 1, "type": [kind]}

    document = profile("Composition", {"path": path, "slicing": SLICED}, taken("a"), taken("b"))
    assert faults(sections("b", "a", "c"), library, document, against=BASE + "p") == []
    assert faults(sections("a", "c"), library, document, against=BASE + "p") == [("slice-required", "Composition")]


def test_a_slice_is_told_by_the_profile_of_its_type() -> None:
    number = profile("Identifier", {"path": "Identifier.system", "min": 1, "fixedUri": "urn:oid:1.2"}, name="number")
    path = "Patient.identifier"
    sliced = profile(
        "Patient",
        {"path": path, "slicing": {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}},
        {"path": path + ".system", "min": 1},
        {
            **{"id": path + ":number", "path": path, "sliceName": "number", "min": 1},
            **{"type": [{"code": "Identifier", "profile": [BASE + "number"]}]},
        },
    )

    def patient(system: str) -> Json:
        return {"resourceType": "Patient", "identifier": [{"system": system, "value": "1"}]}

    assert faults(patient("urn:oid:1.2"), number, sliced, against=BASE + "p") == []
    assert faults(patient("urn:oid:1.3"), number, sliced, against=BASE + "p") == [("slice-required", "Patient")]


def test_a_profile_of_a_type_is_about_that_type() -> None:
    kind = {"code": "Quantity", "profile": ["http://hl7.org/fhir/StructureDefinition/Count"]}
    assert faults(profile("Observation", {"path": "Observation.valueQuantity", "type": [kind]})) == [
        ("structure-type-profile", "StructureDefinition.differential.element[0].type[0].profile[0]")
    ]
    kind = {"code": "Quantity", "profile": ["http://hl7.org/fhir/StructureDefinition/SimpleQuantity"]}
    assert faults(profile("Observation", {"path": "Observation.valueQuantity", "type": [kind]})) == []


def test_a_rule_may_say_string_for_what_fhir_calls_string() -> None:
    text = "(name.first().family as String) = 'a'"
    rule = {"key": "x-1", "severity": "error", "human": "a", "expression": text}
    named = profile("Patient", {"path": "Patient", "constraint": [rule]})
    assert faults({"resourceType": "Patient", "name": [{"family": "a"}]}, named, against=BASE + "p") == []
    assert faults({"resourceType": "Patient", "name": [{"family": "b"}]}, named, against=BASE + "p") != []


def test_a_long_row_of_references_comes_to_an_end() -> None:
    target = {"code": "Reference", "targetProfile": [BASE + "p"]}
    linked = profile("Observation", {"path": "Observation.hasMember", "type": [target]})

    def entry(number: int) -> Json:
        more = {"hasMember": [{"reference": f"Observation/{number + 1}"}]} if number < 999 else {}
        resource = observation(id=str(number), meta={"profile": [BASE + "p"]}, **more)
        return {"fullUrl": f"http://example.org/Observation/{number}", "resource": resource}

    assert (
        faults({"resourceType": "Bundle", "type": "collection", "entry": list(map(entry, range(1000)))}, linked) == []
    )


def test_definitions_that_are_based_on_each_other_without_end_are_broken() -> None:
    row = [
        profile("Patient", {"path": "Patient"}, name=f"n{at}", baseDefinition=f"{BASE}n{at - 1}")
        for at in range(1, 900)
    ]
    registry = Registry([profile("Patient", {"path": "Patient"}, name="n0"), *row])
    issues = validate({"resourceType": "Patient", "active": True}, profile=BASE + "n899", registry=registry)
    assert [issue.code for issue in issues] == ["profile-broken"]


@pytest.mark.parametrize(
    ("value", "found"), [({"valueCoding": {"code": "1"}}, []), ({"valueString": "1"}, ["element"])]
)
def test_a_snapshot_may_call_a_choice_by_its_one_name(value: Json, found: list[str]) -> None:
    """As guides of the years 2018 to 2020 do: `Extension.valueCoding` in the place of `Extension.value[x]`."""
    base = {"path": "Extension.value[x]", "min": 0, "max": "1"}
    coding = {"path": "Extension.valueCoding", "min": 1, "max": "1", "base": base, "type": [{"code": "Coding"}]}
    url = {"path": "Extension.url", "min": 1, "max": "1", "fixedUri": BASE + "race", "type": [{"code": "uri"}]}
    elements = [{"path": "Extension", "min": 0, "max": "*"}, url, coding]
    extension = extension_of("race", snapshot={"element": [{"id": one["path"], **one} for one in elements]})
    said = faults({"resourceType": "Patient", "extension": [{"url": BASE + "race", **value}]}, extension)
    assert [code.partition("-")[0] for code, _ in said] == found
