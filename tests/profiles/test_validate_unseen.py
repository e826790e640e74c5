"""Rules that cases outside of the first oracle taught: each case here is of our own making."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from profiles import accepts
from profiles.ecl import is_expression
from profiles.registry import Registry
from profiles.snapshot import misshapen
from profiles.terminology import Membership
from profiles.validator import validate
from profiles.validator.relative import moved

Json = dict[str, Any]
BASE = "http://example.org/fhir/StructureDefinition/"
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def profile(kind: str, *elements: Json, name: str = "p", **more: Any) -> Json:
    made: Json = {
        "resourceType": "StructureDefinition",
        "url": BASE + name,
        "name": "P",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": kind,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "derivation": "constraint",
        "differential": {"element": [{"id": one["path"], **one} for one in elements]},
    }
    return {**made, **more}


def extension_of(name: str, **more: Any) -> Json:
    elements = (
        {"path": "Extension"},
        {"path": "Extension.url", "fixedUri": BASE + name},
        {"path": "Extension.value[x]", "type": [{"code": "string"}]},
    )
    context = [{"type": "element", "expression": "Patient"}]
    return {**profile("Extension", *elements, name=name), "kind": "complex-type", "context": context, **more}


def faults(resource: Json, *definitions: Json, against: str = "", fetch: Any = None) -> list[tuple[str, str]]:
    registry = Registry(definitions)
    issues = validate(resource, profile=against or None, registry=registry, rigour="strict", fetch=fetch)
    return [(issue.code, issue.expression) for issue in issues if issue.refuses]


def observation(**more: Any) -> Json:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **more}


# ------------------------------------------------------------------------------------------- references, resolution


def test_resources_that_refer_to_each_other_are_fetched_once_and_come_to_an_end() -> None:
    linked = profile(
        "Patient",
        {"path": "Patient.link", "min": 1},
        {
            "path": "Patient.link.other",
            "type": [{"code": "Reference", "targetProfile": [BASE + "p"]}],
        },
    )
    asked: list[str] = []

    def fetch(reference: str) -> Json:
        asked.append(reference)
        other = "2" if reference.endswith("1") else "1"
        return {
            "resourceType": "Patient",
            "link": [{"type": "seealso", "other": {"reference": f"Patient/{other}"}}],
        }

    assert faults(fetch("Patient/2"), linked, against=BASE + "p", fetch=fetch) == []
    assert sorted(asked[1:]) == ["Patient/1", "Patient/2"]


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_transaction_may_refer_by_a_search(kind: str) -> None:
    resource = observation(subject={"reference": "Patient?identifier=urn:oid:1.2|3"})
    request = {"method": "POST", "url": "Observation"}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [{"resource": resource, "request": request}]}
    assert faults(bundle) == []
    assert faults(resource) == [("primitive-invalid", "Observation.subject.reference")]


def test_a_search_must_be_for_a_type_that_the_element_allows() -> None:
    resource = observation(subject={"reference": "Medication?code=1"})
    request = {"method": "POST", "url": "Observation"}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": resource, "request": request}]}
    assert faults(bundle) == [("primitive-invalid", "Bundle.entry[0].resource.subject.reference")]


def test_a_guide_may_list_resources_of_later_versions() -> None:
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    assert faults({**basic, "subject": {"reference": "ActorDefinition/a"}}) == []
    assert faults({**basic, "subject": {"reference": "Nonsense/a"}}) != []


# ------------------------------------------------------------------------------------------------------ terminology


def value_set(name: str, *include: Json, **more: Any) -> Json:
    return {
        "resourceType": "ValueSet",
        "url": f"http://example.org/vs/{name}",
        "status": "active",
        **({"compose": {"include": list(include)}} if include else {}),
        **more,
    }


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
    ],
)
def test_an_expression_of_snomed_ct(text: str) -> None:
    assert is_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "<<", "404684003 404684003", "73211009 << 404684003", "< 404684003 AND", "(< 404684003", "heart", "<< 1"),
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


# --------------------------------------------------------------------------------------------------------- slicing


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


# -------------------------------------------------------------------------------------------------- values, profiles


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


# ------------------------------------------------------------------------------------------------------ extensions


def test_an_extension_may_have_rules_about_what_is_around_it() -> None:
    ruled = extension_of("e", contextInvariant=["active.not()"])
    extension = [{"url": BASE + "e", "valueString": "x"}]
    assert faults({"resourceType": "Patient", "active": False, "extension": extension}, ruled) == []
    assert faults({"resourceType": "Patient", "active": True, "extension": extension}, ruled) == [
        ("extension-context-rule", "Patient.extension[0]")
    ]


def test_the_rule_of_an_extension_sees_the_extension() -> None:
    ruled = extension_of("e", contextInvariant=["%extension.value = gender"])
    extension = [{"url": BASE + "e", "valueString": "male"}]
    assert faults({"resourceType": "Patient", "gender": "male", "extension": extension}, ruled) == []
    assert faults({"resourceType": "Patient", "gender": "female", "extension": extension}, ruled) != []


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"startFhirVersion": "4.0"}, ""),
        ({"endFhirVersion": "4.0.1"}, ""),
        ({"startFhirVersion": "4.3.0"}, "extension-version"),
        ({"startFhirVersion": "1.0", "endFhirVersion": "3.0.2"}, "extension-version"),
    ],
)
def test_an_extension_may_be_for_other_versions(limits: dict[str, str], code: str) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/version-specific-use"
    said = [{"url": url, "extension": [{"url": name, "valueCode": value} for name, value in limits.items()]}]
    patient = {"resourceType": "Patient", "extension": [{"url": BASE + "e", "valueString": "x"}]}
    found = faults(patient, extension_of("e", extension=said))
    assert found == ([(code, "Patient.extension[0]")] if code else [])
    context = [{"type": "element", "expression": "Patient", "extension": said}]
    found = faults(patient, extension_of("e", context=context))
    assert found == ([("extension-context", "Patient.extension[0]")] if code else [])


def test_expectations_may_stand_all_over_a_capability_statement() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation"
    said = {"extension": [{"url": url, "valueCode": "SHALL"}]}
    statement = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-01-01",
        "kind": "requirements",
        "description": "x",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "_format": [said],
        "rest": [{"mode": "server", "resource": [{"type": "Patient", **said}]}],
    }
    assert faults(statement) == []
    assert faults({"resourceType": "Patient", **said}) == [("extension-context", "Patient.extension[0]")]


def test_the_place_of_a_sample_value_is_elsewhere() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-streetName"
    sample = {"_fixedString": {"extension": [{"url": url, "valueString": "x"}]}}
    assert faults(profile("Patient", {"path": "Patient.address.line", **sample})) == []
    assert faults({"resourceType": "Patient", "extension": [{"url": url, "valueString": "x"}]}) != []


# ------------------------------------------------------------------------------------------------- single resources


@pytest.mark.parametrize(
    ("definition", "fault"),
    [
        (lambda: profile("Patient", {"path": "Patient.name", "meaningWhenMissing": "x"}), "structure-property"),
        (lambda: profile("Patient", {"path": "Patient.active", "defaultValueBoolean": True}), "structure-property"),
        (lambda: profile("Patient", {"path": "Patient.active", "fixedBoolean": True}), ""),
    ],
)
def test_a_profile_says_nothing_about_what_is_missing(definition: Callable[[], Json], fault: str) -> None:
    found = [code for code, _ in faults(definition()) if code != "invariant-failed"]  # sdf-22 says so of defaults, too
    assert found == ([fault] if fault else [])


def test_a_fixed_value_stays_what_the_base_fixed() -> None:
    derived = extension_of("f", baseDefinition=BASE + "e")
    assert faults(derived, extension_of("e")) == [("structure-fixed", "StructureDefinition.differential.element[1]")]


def test_a_derived_search_parameter_keeps_type_and_base() -> None:
    parameter = {
        "resourceType": "SearchParameter",
        "url": "http://example.org/SearchParameter/name",
        "name": "Name",
        "status": "active",
        "description": "x",
        "code": "name",
        "base": ["Organization"],
        "type": "string",
        "expression": "Organization.name | Organization.alias",
        "derivedFrom": "http://hl7.org/fhir/SearchParameter/Organization-name",
    }
    assert faults(parameter) == []
    assert faults({**parameter, "type": "token"}) == [("search-parameter-derived", "SearchParameter.type")]
    assert faults({**parameter, "base": ["Organization", "Patient"]}) == [
        ("search-parameter-derived", "SearchParameter.base[1]")
    ]


def test_a_response_names_no_value_set_as_its_questionnaire() -> None:
    response = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    other = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert faults({**response, "questionnaire": other}) == [("canonical-target", "QuestionnaireResponse.questionnaire")]
    assert faults({**response, "questionnaire": "http://example.org/Questionnaire/q"}) == []


def test_two_conditions_need_to_be_joined() -> None:
    when = [{"question": "a", "operator": "exists", "answerBoolean": True}] * 2
    items = [{"linkId": "a", "type": "string"}, {"linkId": "b", "type": "string", "enableWhen": when}]
    form = {"resourceType": "Questionnaire", "status": "active", "item": items}
    assert faults(form) == [("invariant-failed", "Questionnaire.item[1]")]
    items[1]["enableBehavior"] = "all"
    assert faults(form) == []


@pytest.mark.parametrize("content", [" ", "<p>  </p>", "<br/>"])
def test_a_narrative_says_something(content: str) -> None:
    text = {"status": "generated", "div": f"<div {XHTML}>{content}</div>"}
    assert faults({"resourceType": "Patient", "text": text}) == [("invariant-failed", "Patient.text.div")]


@pytest.mark.parametrize("content", ["x", '<img src="#a" alt="x"/>'])
def test_a_picture_is_something(content: str) -> None:
    text = {"status": "generated", "div": f"<div {XHTML}>{content}</div>"}
    binary = [{"resourceType": "Binary", "id": "a", "contentType": "image/png"}]
    found = faults({"resourceType": "Patient", "text": text, "contained": binary})
    assert ("invariant-failed", "Patient.text.div") not in found


@pytest.mark.parametrize("text", ["   ", "　", "\t\n"])
def test_a_text_of_blanks_is_advised_against(text: str) -> None:
    issues = validate({"resourceType": "Patient", "name": [{"family": text}]})
    assert [(issue.code, issue.expression, issue.refuses) for issue in issues] == [
        ("string-blank", "Patient.name[0].family", False)
    ]


def test_a_code_has_no_blank_around_it_of_any_kind() -> None:
    assert faults({"resourceType": "Patient", "gender": "male\xa0"}) == [("primitive-invalid", "Patient.gender")]


def test_a_canonical_ends_with_a_version_after_the_bar() -> None:
    meta = {"profile": ["http://hl7.org/fhir/StructureDefinition/Patient|"]}
    wrong = {"resourceType": "Patient", "meta": meta}
    for number in range(20):  # code is written for what is seen often
        sound = {"profile": [f"http://hl7.org/fhir/StructureDefinition/Patient|{number}"]}
        validate({"resourceType": "Patient", "meta": sound})
        accepts({"resourceType": "Patient", "meta": sound})
    assert faults(wrong) == [("primitive-invalid", "Patient.meta.profile[0]")]
    assert any(issue.refuses for issue in validate(wrong))
    assert not accepts(wrong)


def test_a_period_on_one_day_cannot_be_told_to_be_in_order() -> None:
    def encounter(start: str, end: str) -> Json:
        kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
        period = {"start": start, "end": end}
        return {"resourceType": "Encounter", "status": "finished", "class": kind, "period": period}

    mixed = encounter("2026-01-02", "2026-01-02T06:20:00Z")
    assert faults(mixed) == [("invariant-failed", "Encounter.period")]
    assert validate(mixed) == ()
    assert faults(encounter("2026-01-02", "2026-01-03T06:20:00Z")) == []
    assert faults(encounter("2026-01", "2026-01")) == []


# -------------------------------------------------------------------------------------------- what the rest taught


def test_an_id_alone_is_no_content() -> None:
    assert faults({"resourceType": "Patient", "name": [{"id": "a"}]}) == [("element-empty", "Patient.name[0]")]
    assert faults({"resourceType": "Patient", "_birthDate": {"id": "a"}}) == [("element-empty", "Patient.birthDate")]
    assert faults({"resourceType": "Patient", "birthDate": "2000", "_birthDate": {"id": "a"}}) == []
    given = {"_given": [{"id": "a"}]}
    assert faults({"resourceType": "Patient", "name": [given]}) == [("element-empty", "Patient.name[0].given[0]")]


def test_a_required_code_is_not_absent_in_a_report() -> None:
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    absent = {"extension": [{"url": url, "valueCode": "unknown"}]}
    patient = {"resourceType": "Patient", "_gender": absent}
    assert faults(patient) == [("code-not-in-valueset", "Patient.gender")]
    assert validate(patient) == ()
    assert faults({"resourceType": "Patient", "_language": absent, "active": True}) == []


def test_a_picture_in_a_section_uses_what_is_contained() -> None:
    def composition(content: str) -> Json:
        div = f"<div {XHTML}>{content}</div>"
        return {
            "resourceType": "Composition",
            "status": "final",
            "type": {"text": "x"},
            "date": "2026-01-01",
            "author": [{"display": "x"}],
            "title": "x",
            "contained": [{"resourceType": "Binary", "id": "pic", "contentType": "image/png", "data": "YQ=="}],
            "section": [{"text": {"status": "additional", "div": div}}],
        }

    assert faults(composition('<img src="#pic" alt="x"/>')) == []
    assert faults(composition("x")) == [("invariant-failed", "Composition")]


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


def sections(*codes: str) -> Json:
    listed = [{"code": {"coding": [{"system": "urn:a", "code": code}]}, "text": TEXT} for code in codes]
    return {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026-01-01",
        "author": [{"display": "x"}],
        "title": "x",
        "section": listed,
    }


TEXT = {"status": "additional", "div": f"<div {XHTML}>x</div>"}
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


def test_a_required_group_has_items() -> None:
    asked = [{"linkId": "g", "type": "group", "required": True, "item": [{"linkId": "a", "type": "string"}]}]
    url = "http://example.org/Questionnaire/q"
    form = {"resourceType": "Questionnaire", "url": url, "status": "active", "item": asked}
    response = {"resourceType": "QuestionnaireResponse", "questionnaire": url, "status": "completed"}
    assert faults({**response, "item": [{"linkId": "g"}]}, form) == [
        ("response-answer-missing", "QuestionnaireResponse.item[0]")
    ]
    filled = [{"linkId": "g", "item": [{"linkId": "a", "answer": [{"valueString": "x"}]}]}]
    assert faults({**response, "item": filled}, form) == []


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
