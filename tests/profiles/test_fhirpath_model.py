"""Expressions on resources: the R4 types, where results stand, and what is asked of the world."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from profiles import fhirpath
from profiles.fhirpath import Environment, Expression, FhirPathError, check, stub
from profiles.fhirpath.model import at_path, model

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">张三</div>'},
    "contained": [{"resourceType": "Organization", "id": "o", "name": "县医院"}],
    "extension": [{"url": "urn:age", "valueAge": {"value": 30, "code": "a", "system": "http://unitsofmeasure.org"}}],
    "active": True,
    "name": [
        {"use": "official", "family": "张", "given": ["三", None], "_given": [None, {"extension": [{"url": "urn:x"}]}]},
        {"use": "nickname", "given": ["小三"]},
    ],
    "gender": "male",
    "birthDate": "1990-01-01",
    "_birthDate": {"extension": [{"url": "urn:time", "valueDateTime": "1990-01-01T08:00:00+08:00"}]},
    "deceasedBoolean": False,
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "Practitioner/1"}, {"display": "李四"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "valueQuantity": {
        "value": Decimal("5.50"),
        "unit": "mmol/L",
        "system": "http://unitsofmeasure.org",
        "code": "mmol/L",
    },
    "component": [{"valueString": "a"}, {"valueQuantity": {"value": 1}}, {"valueString": "b"}],
    "_issued": {"extension": [{"url": "urn:unknown"}]},
}
BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "entry": [{"resource": PATIENT}, {"resource": OBSERVATION}]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient.name.given", ["三", "小三"]),
        ("Resource.id | DomainResource.id", ["p"]),
        ("Observation.status", []),
        ("name.where(use = 'official').family", ["张"]),
        ("deceased", [False]),
        ("deceasedBoolean", []),
        ("birthDate.extension('urn:time').value", ["1990-01-01T08:00:00+08:00"]),
        ("birthDate.hasExtension('urn:time')", [True]),
        ("extension.value is Quantity", [True]),
        ("extension('urn:age').value > 29 'a'", [True]),
        ("name.given.count()", [3]),
        ("name.given.where(hasValue()).count()", [2]),
        ("gender in ('male' | 'female')", [True]),
        ("gender.ofType(string)", []),
        ("active is boolean", [True]),
        ("active is Boolean", [False]),
        ("type().name", ["Patient"]),
        ("name.first().type().name", ["HumanName"]),
        ("birthDate < @2000", [True]),
        ("birthDate = '1990-01-01'", [True]),
        ("text.div.htmlChecks()", [True]),
        ("%resource.id = %rootResource.id and %context.id = 'p'", [True]),
        ("managingOrganization.resolve().name", ["县医院"]),
        ("children().ofType(HumanName).count()", [2]),
    ],
)
def test_patient_expression_gives(text: str, expected: list[Any]) -> None:
    assert Expression(text)(PATIENT) == expected


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Patient.name[0].given[0]", [("name", 0, "given", 0)]),
        ("name.given[1].extension", [("name", 0, "_given", 1, "extension", 0)]),
        ("birthDate", [("birthDate",)]),
        ("birthDate.extension.value", [("_birthDate", "extension", 0, "valueDateTime")]),
        ("deceased", [("deceasedBoolean",)]),
        ("contained.where(id = 'o').name", [("contained", 0, "name")]),
        ("Patient", [()]),
        ("name.given.first() & 'x'", []),
        ("managingOrganization.resolve().name", [("contained", 0, "name")]),
    ],
)
def test_location_of(text: str, places: list[tuple[str | int, ...]]) -> None:
    assert list(Expression(text).locate(PATIENT)) == places


def test_what_another_resource_holds_stands_nowhere() -> None:
    environment = Environment(resolve=lambda _: {"resourceType": "Practitioner", "active": True})
    expression = Expression("generalPractitioner.resolve().active")
    assert expression(PATIENT, environment=environment) == [True]
    assert expression.locate(PATIENT, environment=environment) == ()


def test_items_have_values_types_and_places() -> None:
    assert [tuple(item) for item in Expression("gender | 1").items(PATIENT)] == [
        ("male", "FHIR.code", ("gender",)),
        (1, "System.Integer", None),
    ]


def test_a_primitive_with_extensions_only_is_there_but_has_no_value() -> None:
    expression = Expression("issued")
    assert expression(OBSERVATION) == []
    assert [item.value for item in expression.items(OBSERVATION)] == [None]
    assert Expression("issued.exists() and issued.hasValue().not()").test(OBSERVATION)


def test_decimals_keep_their_digits() -> None:
    assert str(Expression("value.value")(OBSERVATION)[0]) == "5.50"


def test_truth_of_an_empty_result_is_open_and_its_test_is_false() -> None:
    expression = Expression("deceased.ofType(dateTime) > @2000")
    assert expression.truth(PATIENT) is None
    assert expression.test(PATIENT) is False
    assert Expression("name.first()").test(PATIENT) is True
    with pytest.raises(FhirPathError):
        Expression("name").test(PATIENT)


def test_as_takes_one_item_unless_the_environment_filters() -> None:
    expression = Expression("(Observation.component.value as string)")
    with pytest.raises(FhirPathError):
        expression(OBSERVATION)
    assert expression(OBSERVATION, environment=Environment(several_as="filter")) == ["a", "b"]


def test_data_that_does_not_say_its_type_has_the_type_it_is_compiled_for() -> None:
    assert fhirpath.compile("value is Quantity", "Observation.component").test(OBSERVATION["component"][1])
    assert fhirpath.compile("coding.code")({"coding": [{"code": "a"}]}) == ["a"]


def test_a_resource_in_a_bundle_has_its_own_type() -> None:
    assert Expression("Bundle.entry.resource.ofType(Patient).name.family")(BUNDLE) == ["张"]
    assert Expression("entry.resource.where($this is Observation).status").locate(BUNDLE) == (
        ("entry", 1, "resource", "status"),
    )


def test_references_are_resolved_by_the_environment() -> None:
    seen = []

    def resolve(reference: str) -> dict[str, Any] | None:
        seen.append(reference)
        return None

    assert Expression("generalPractitioner.resolve()")(PATIENT, environment=Environment(resolve=resolve)) == []
    assert seen == ["Practitioner/1"]


@pytest.mark.parametrize(
    ("reference", "kind"),
    [
        ("Practitioner/1", "Practitioner"),
        ("http://a.example/fhir/Group/2/_history/3", "Group"),
        ("urn:uuid:1", None),
        ("Nothing/1", None),
        ("Patient", None),
    ],
)
def test_a_reference_that_says_its_type_stands_for_a_resource_of_it(reference: str, kind: str | None) -> None:
    found = stub(reference)
    assert (found or {}).get("resourceType") == kind


def test_search_parameter_tells_the_target_by_the_reference_alone() -> None:
    expression = Expression("Patient.generalPractitioner.where(resolve() is Practitioner)")
    assert expression.locate(PATIENT, environment=Environment(resolve=stub)) == (("generalPractitioner", 0),)


def test_member_of_asks_the_environment_and_is_open_without_an_answer() -> None:
    expression = Expression("gender.memberOf('http://hl7.org/fhir/ValueSet/administrative-gender')")
    assert expression(PATIENT) == []
    assert expression(PATIENT, environment=Environment(member_of=lambda value, url: value == "male")) == [True]
    assert expression(PATIENT, environment=Environment(member_of=lambda value, url: None)) == []


def test_subsumption_is_asked_both_ways() -> None:
    environment = Environment(subsumes=lambda general, special: (general, special) == ("person", "male"))
    assert Expression("gender.subsumedBy('person')")(PATIENT, environment=environment) == [True]
    assert Expression("gender.subsumes('person')")(PATIENT, environment=environment) == [False]
    assert Expression("gender.subsumes('person')")(PATIENT) == []


def test_a_modifier_extension_that_is_not_known_is_an_error() -> None:
    patient = {**PATIENT, "modifierExtension": [{"url": "urn:m"}]}
    assert Expression("Patient.checkModifiers('urn:m').id")(patient) == ["p"]
    with pytest.raises(FhirPathError, match="modifier"):
        Expression("Patient.checkModifiers('urn:n').id")(patient)


def test_conforms_to_knows_the_types_and_asks_for_profiles() -> None:
    profile = Expression("conformsTo('http://example.org/StructureDefinition/p')")
    assert Expression("conformsTo('http://hl7.org/fhir/StructureDefinition/DomainResource')").test(PATIENT)
    with pytest.raises(FhirPathError):
        profile(PATIENT)
    assert profile(PATIENT, environment=Environment(conforms_to=lambda value, url: False)) == [False]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name.nonsense", "no element nonsense"),
        ("deceasedBoolean", "no element deceasedBoolean"),
        ("Encounter.status", "not the type"),
        ("name.where(usage = 'x')", "no element usage"),
        ("descendants().first()", "order"),
        ("iif('x', 1, 2)", "Boolean"),
        ("name.startsWith('x')", "string"),
        ("(deceased as boolean).family", "no element family"),
    ],
)
def test_check_finds(text: str, message: str) -> None:
    assert [message in problem.message for problem in check(text, "Patient")] == [True]


@pytest.mark.parametrize("text", ["contained.name", "link.other.resolve().name", "%x.y", "name.select(given)"])
def test_check_says_nothing_where_the_type_is_open(text: str) -> None:
    assert check(text, "Patient") == ()


def test_a_type_knows_its_parts_and_what_it_specialises() -> None:
    age = model("Age")
    assert age is not None
    assert {"Age", "Quantity", "Element"} <= age.ancestors
    assert at_path("Questionnaire.item.item") is at_path("Questionnaire.item")
    assert at_path("Patient.nonsense") is None
    assert model("bmi") is None, "a profile is no type"


@pytest.mark.parametrize(
    ("div", "fine"),
    [
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p style="x">a&#160;b</p></div>', True),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><p style="x">a&nbsp;b</p></div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><img src="#a"/></div>', True),
        ('<div xmlns="http://www.w3.org/1999/xhtml"> </div>', False),
        ("<div>a</div>", False),
        ('<p xmlns="http://www.w3.org/1999/xhtml">a</p>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">a<script>b</script></div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml" onclick="b">a</div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml"><a href="javascript:b">a</a></div>', False),
        ('<!DOCTYPE div [<!ENTITY b "c">]><div xmlns="http://www.w3.org/1999/xhtml">&b;</div>', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">a', False),
    ],
)
def test_narrative_rules(div: str, fine: bool) -> None:
    patient = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    assert Expression("text.div.htmlChecks()").test(patient) is fine
