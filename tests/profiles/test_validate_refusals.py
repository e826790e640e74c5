# ruff: noqa: E501 (one row a case)
"""Each broken resource is refused with the right code at the right place; the rest of it is sound."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from profiles import validate

Resource = dict[str, Any]
Break = Callable[[Resource], object]
DAR = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}


def put(path: str, value: Any) -> Break:
    """Sets the value at a path such as `name.0.family`."""

    def change(resource: Resource) -> None:
        *steps, last = (int(step) if step.isdigit() else step for step in path.split("."))
        node: Any = resource
        for step in steps:
            node = node[step]
        node[last] = value

    return change


def drop(name: str) -> Break:
    return lambda resource: resource.pop(name)


CASES: list[tuple[str, str, Break, str, str]] = [
    # structure
    ("an element the type does not have", "Patient", put("colour", "red"), "element-unknown", "Patient.colour"),
    ("an element unknown inside a part", "Patient", put("contact.0.fax", "1"), "element-unknown", "Patient.contact[0].fax"),
    ("an element name that is no name", "Patient", put("张 三", "1"), "element-unknown", "Patient"),
    ("a required element is missing", "Observation", drop("status"), "element-required", "Observation"),
    ("a required part of a part is missing", "Observation", put("component.0", {"valueInteger": 1}), "element-required",
     "Observation.component[0]"),
    ("a required element that is null", "Observation", put("status", None), "element-empty", "Observation.status"),
    ("a single value where an array belongs", "Patient", put("name", {"text": "a"}), "element-not-list", "Patient.name"),
    ("an array where a single value belongs", "Patient", put("gender", ["male"]), "element-is-list", "Patient.gender"),
    ("an array where a single object belongs", "Observation", put("code", [{"text": "a"}]), "element-is-list",
     "Observation.code"),
    ("a string where an object belongs", "Observation", put("code", "glucose"), "element-type", "Observation.code"),
    ("two kinds of value at once", "Observation", put("valueString", "high"), "choice-too-many", "Observation.value"),
    ("two kinds of deceased at once", "Patient", put("deceasedDateTime", "2020"), "choice-too-many", "Patient.deceased"),
    ("a choice of a type that is not offered", "Observation", put("valueMoney", {"value": 1}), "element-unknown",
     "Observation.valueMoney"),
    ("an empty object", "Patient", put("maritalStatus", {}), "element-empty", "Patient.maritalStatus"),
    ("an empty array", "Patient", put("name", []), "element-empty", "Patient.name"),
    ("an empty string", "Patient", put("name.0.family", ""), "element-empty", "Patient.name[0].family"),
    ("an empty object in an array", "Patient", put("name.0", {}), "element-empty", "Patient.name[0]"),
    ("a stray null in an array", "Patient", put("name.0.given", ["三", None]), "element-empty", "Patient.name[0].given[1]"),
    ("a null object in an array", "Patient", put("name", [None]), "element-empty", "Patient.name[0]"),
    ("the sibling of a primitive is not an object", "Patient", put("_birthDate", "x"), "element-type", "Patient.birthDate"),
    ("a null on both sides of an aligned array", "Patient", put("name.0", {"given": [None], "_given": [None]}), "element-empty",
     "Patient.name[0].given[0]"),
    # primitives
    ("a boolean as a string", "Patient", put("active", "true"), "element-type", "Patient.active"),
    ("a string as a number", "Patient", put("name.0.family", 5), "element-type", "Patient.name[0].family"),
    ("an integer as a boolean", "Observation", put("component.0.valueInteger", True), "element-type",
     "Observation.component[0].value.ofType(integer)"),
    ("an integer with a fraction", "Observation", put("component.0.valueInteger", Decimal("1.0")), "element-type",
     "Observation.component[0].value.ofType(integer)"),
    ("an integer beyond 32 bits", "Observation", put("component.0.valueInteger", 2**31), "primitive-invalid",
     "Observation.component[0].value.ofType(integer)"),
    ("a decimal as a string", "Observation", put("valueQuantity.value", "6.3"), "element-type",
     "Observation.value.ofType(Quantity).value"),
    ("a decimal that is not a number", "Observation", put("valueQuantity.value", Decimal("NaN")), "primitive-invalid",
     "Observation.value.ofType(Quantity).value"),
    ("the 31st of February", "Patient", put("birthDate", "1990-02-31"), "primitive-invalid", "Patient.birthDate"),
    ("the 29th of February in a common year", "Patient", put("birthDate", "2023-02-29"), "primitive-invalid",
     "Patient.birthDate"),
    ("a date in the Chinese manner", "Patient", put("birthDate", "1990年1月1日"), "primitive-invalid", "Patient.birthDate"),
    ("a date with a time", "Patient", put("birthDate", "1990-01-01T00:00:00Z"), "primitive-invalid", "Patient.birthDate"),
    ("a date and time without zone", "Observation", put("effectiveDateTime", "2026-03-01T08:00:00"), "primitive-invalid",
     "Observation.effective.ofType(dateTime)"),
    ("an hour 24", "Observation", put("effectiveDateTime", "2026-03-01T24:00:00+08:00"), "primitive-invalid",
     "Observation.effective.ofType(dateTime)"),
    ("an instant without time", "Observation", put("issued", "2026-03-01"), "primitive-invalid", "Observation.issued"),
    ("an id with an underscore", "Patient", put("id", "a_b"), "primitive-invalid", "Patient.id"),
    ("an id of 65 characters", "Patient", put("id", "a" * 65), "primitive-invalid", "Patient.id"),
    ("a string with a control character", "Patient", put("name.0.family", "a\x07b"), "primitive-invalid",
     "Patient.name[0].family"),
    ("a string longer than a megabyte", "Patient", put("name.0.family", "a" * (2**20 + 1)), "primitive-invalid",
     "Patient.name[0].family"),
    ("a system with a blank in it", "Patient", put("identifier.0.system", "urn:oid 1"), "primitive-invalid",
     "Patient.identifier[0].system"),
    ("a code with a trailing blank", "Patient", put("language", "zh "), "primitive-invalid", "Patient.language"),
    ("attachment data that is not base64", "Patient", put("photo.0.data", "@@@@"), "primitive-invalid",
     "Patient.photo[0].data"),
    ("attachment data cut short", "Patient", put("photo.0.data", "aGVsbG8"), "primitive-invalid", "Patient.photo[0].data"),
    ("a narrative that is not a div", "Patient", put("text.div", "<p>张三</p>"), "primitive-invalid", "Patient.text.div"),
    ("a narrative without its div", "Patient", put("text", {"status": "generated"}), "element-required", "Patient.text"),
    ("a count of zero where one is the least", "ServiceRequest", put("occurrenceTiming.repeat.frequency", 0),
     "primitive-invalid", "ServiceRequest.occurrence.ofType(Timing).repeat.frequency"),
    # terminology
    ("a code outside its required value set", "Patient", put("gender", "M"), "code-not-in-valueset", "Patient.gender"),
    ("a status outside its required value set", "Observation", put("status", "done"), "code-not-in-valueset",
     "Observation.status"),
    ("a media type that is none", "Patient", put("photo.0.contentType", "png file"), "code-not-in-valueset",
     "Patient.photo[0].contentType"),
    ("a required concept with a code from elsewhere", "Bundle",
     put("entry.1.resource", {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"},
                              "clinicalStatus": {"coding": [{"system": "http://example.org", "code": "active"}]}}),
     "code-not-in-valueset", "Bundle.entry[1].resource.clinicalStatus"),
    # references
    ("a reference to a type that is not allowed", "Observation", put("subject.reference", "Practitioner/1"),
     "reference-target", "Observation.subject.reference"),
    ("an absolute reference to a type that is not allowed", "Patient",
     put("managingOrganization.reference", "https://his.example.org/fhir/Patient/1"), "reference-target",
     "Patient.managingOrganization.reference"),
    ("a relative reference to no type at all", "Observation", put("subject.reference", "Person1"), "primitive-invalid",
     "Observation.subject.reference"),
    ("a local reference to nothing", "Observation", put("subject.reference", "#nobody"), "invariant-failed",
     "Observation.subject"),
    ("a local reference to a contained resource of the wrong type", "Encounter",
     put("contained", [{"resourceType": "Organization", "id": "p", "name": "县医院"}]), "reference-target",
     "Encounter.subject.reference"),
    # extensions
    ("an extension without url", "Patient", put("extension.0", {"valueCode": "01"}), "element-required",
     "Patient.extension[0]"),
    ("an extension with two values", "Patient", put("extension.0.valueString", "汉"), "choice-too-many",
     "Patient.extension[0].value"),
    ("an extension with value and parts", "Patient", put("extension.0.extension", [{"url": "a", "valueCode": "b"}]),
     "invariant-failed", "Patient.extension[0]"),
    ("an extension with neither value nor parts", "Patient", put("extension.0", {"url": "http://example.org/a"}),
     "invariant-failed", "Patient.extension[0]"),
    ("a broken extension on a primitive", "Patient", put("_birthDate", {"extension": [{"url": "a"}]}),
     "invariant-failed", "Patient.birthDate.extension[0]"),
    # contained and nested resources
    ("a contained resource within a contained one", "Encounter",
     put("contained.0.contained", [{"resourceType": "Basic", "id": "q", "code": {"text": "x"}}]), "invariant-failed",
     "Encounter.contained[0]"),
    ("a contained resource that nothing refers to", "Encounter", put("subject.reference", "Patient/1"),
     "invariant-failed", "Encounter"),
    ("a broken contained resource", "Encounter", put("contained.0.gender", "F"), "code-not-in-valueset",
     "Encounter.contained[0].gender"),
    ("a resource in a Bundle without type", "Bundle", put("entry.1.resource", {"id": "x"}), "element-required",
     "Bundle.entry[1].resource"),
    ("a resource in a Bundle of an unknown type", "Bundle", put("entry.1.resource.resourceType", "Sick"),
     "type-unknown", "Bundle.entry[1].resource.resourceType"),
    ("a broken resource in a Bundle", "Bundle", put("entry.1.resource", {"resourceType": "Basic"}), "element-required",
     "Bundle.entry[1].resource"),
    ("a wrong value deep in a Bundle", "Bundle", put("entry.0.resource.active", 1), "element-type",
     "Bundle.entry[0].resource.active"),
    ("a broken part of a part of Parameters", "Parameters", put("parameter.1.part.0.name", 1), "element-type",
     "Parameters.parameter[1].part[0].name"),
    # rules
    ("a quantity code without system", "Observation", lambda r: r["valueQuantity"].pop("system"), "invariant-failed",
     "Observation.value.ofType(Quantity)"),
    ("a value beside the reason why it is absent", "Observation", put("dataAbsentReason", {"text": "x"}),
     "invariant-failed", "Observation"),
    ("a component that repeats the code of the observation", "Observation",
     put("component.0.code.coding.0.code", "15074-8"), "invariant-failed", "Observation"),
    ("an empty reference range", "Observation", put("referenceRange.0", {"type": {"text": "x"}}), "invariant-failed",
     "Observation.referenceRange[0]"),
    ("a period that ends before it starts", "Encounter", put("period.end", "2026-02-28"), "invariant-failed",
     "Encounter.period"),
    ("a range upside down", "Observation",
     lambda r: r.update(valueRange={"low": {"value": 2}, "high": {"value": 1}}, valueQuantity=None) or
     r.pop("valueQuantity"), "invariant-failed", "Observation.value.ofType(Range)"),
    ("a contact without anything to contact", "Patient", put("contact.0", {"gender": "male"}), "invariant-failed",
     "Patient.contact[0]"),
    ("a telecom value without system", "Patient", put("telecom.0", {"value": "1"}), "invariant-failed",
     "Patient.telecom[0]"),
    ("attachment data without type", "Patient", put("photo.0", {"data": "aGVsbG8="}), "invariant-failed",
     "Patient.photo[0]"),
    ("a timing period without unit", "ServiceRequest", lambda r: r["occurrenceTiming"]["repeat"].pop("periodUnit"),
     "invariant-failed", "ServiceRequest.occurrence.ofType(Timing).repeat"),
    ("order details without a code", "ServiceRequest", lambda r: r.update(orderDetail=[r.pop("code")]),
     "invariant-failed", "ServiceRequest"),
    ("an organization without name and identifier", "Bundle", put("entry.0.resource", {"resourceType": "Organization",
     "active": True}), "invariant-failed", "Bundle.entry[0].resource"),
    ("a total in a Bundle that is no search", "Bundle", put("total", 2), "invariant-failed", "Bundle"),
    ("a transaction entry without request", "Bundle", put("type", "transaction"), "invariant-failed", "Bundle"),
    ("a document that does not begin with a Composition", "Bundle",
     lambda r: r.update(type="document", timestamp="2026-03-01T00:00:00Z", identifier={"system": "urn:a", "value": "b"}),
     "invariant-failed", "Bundle"),
    ("a full URL twice in a Bundle", "Bundle", lambda r: r["entry"][1].update(fullUrl=r["entry"][0]["fullUrl"]),
     "invariant-failed", "Bundle"),
    ("a Bundle entry with nothing in it", "Bundle", put("entry.1", {"fullUrl": "urn:x:y"}), "invariant-failed",
     "Bundle.entry[1]"),
    ("a parameter with neither value, resource nor parts", "Parameters", put("parameter.0", {"name": "a"}),
     "invariant-failed", "Parameters.parameter[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "change", "code", "expression"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_refused(name: str, change: Break, code: str, expression: str, sound: Callable[[str], Resource]) -> None:
    resource = sound(name)
    change(resource)
    issues = validate(resource)
    assert (code, expression) in [(issue.code, issue.expression) for issue in issues]
    assert any(issue.refuses for issue in issues)


@pytest.mark.parametrize("value", [None, [], "x", 5, {}, {"id": "x"}, {"resourceType": 5}, {"resourceType": "Sick"}])
def test_what_is_not_a_resource_is_refused(value: Any) -> None:
    assert any(issue.refuses for issue in validate(value))


def test_every_case_breaks_one_thing_only(sound: Callable[[str], Resource]) -> None:
    for _, name, change, code, _ in CASES:
        resource = sound(name)
        change(resource)
        assert {issue.code for issue in validate(resource) if issue.refuses} == {code}, (name, code)


def test_no_sentence_repeats_a_value(sound: Callable[[str], Resource]) -> None:
    for field in ("gender", "birthDate", "active", "id", "language", "managingOrganization", "SECRET"):
        resource = {**sound("Patient"), field: "SECRET 张三丰"}
        for issue in validate(resource):
            for language in ("en", "zh"):
                assert "张三丰" not in issue.text(language) + issue.expression


def test_several_faults_are_all_reported(sound: Callable[[str], Resource]) -> None:
    resource = sound("Patient") | {"gender": "M", "birthDate": "1.1.90", "active": "yes"}
    resource["name"][0]["given"] = [5, "三", 6]
    assert [issue.expression for issue in validate(resource) if issue.refuses] == [
        "Patient.active",
        "Patient.name[0].given[0]",
        "Patient.name[0].given[2]",
        "Patient.gender",
        "Patient.birthDate",
    ]


def test_placeholders_of_every_sentence_are_filled(sound: Callable[[str], Resource]) -> None:
    for sentence, name, change, _, _ in CASES:
        resource = sound(name)
        change(resource)
        for issue in validate(resource):
            assert "{" not in issue.text("en") + issue.text("zh"), (sentence, issue)


def test_data_absent_reason_stands_for_a_required_value(sound: Callable[[str], Resource]) -> None:
    resource = sound("Observation")
    del resource["status"]
    assert not any(issue.refuses for issue in validate(resource | {"_status": DAR}))
