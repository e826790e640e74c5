"""Rules on resources, references, extensions that cases outside of the first oracle taught; all of our own making."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from profiles import accepts
from profiles.validator import validate
from tests.profiles.reported import (
    BASE,
    XHTML,
    Json,
    composition,
    extension_of,
    faults,
    narrative,
    observation,
    profile,
)

# ----------------------------------------------------------------------------------------------------------- references


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


# ----------------------------------------------------------------------------------------------------------- extensions


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


# ----------------------------------------------------------------------------------------------------- single resources


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
    picture = {"resourceType": "Binary", "id": "pic", "contentType": "image/png", "data": "YQ=="}

    def shown(content: str) -> Json:
        return composition({"text": narrative(content)}, contained=[picture])

    assert faults(shown('<img src="#pic" alt="x"/>')) == []
    assert faults(shown("x")) == [("invariant-failed", "Composition")]


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
