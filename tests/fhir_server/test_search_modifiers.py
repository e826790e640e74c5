"""Modifiers, implied systems, units, hierarchies, lists and canonical references, on both databases."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.search.modifiers import modifiers
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import NOTHING, Scope
from profiles.definitions import value_set
from profiles.expansion import Sources
from profiles.terminology import system
from tests.fhir_server.conftest import Store, coded, observation, patient

UCUM = "http://unitsofmeasure.org"
GENDER, STATUS = "http://hl7.org/fhir/administrative-gender", "http://hl7.org/fhir/observation-status"


def reference(to: str) -> dict[str, Any]:
    return {"reference": to}


def named(kind: str, key: str, **elements: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": key, **elements}


def amount(key: str, value: str, code: str) -> dict[str, Any]:
    return observation(key, valueQuantity={"value": Decimal(value), "unit": code, "system": UCUM, "code": code})


@pytest.fixture(scope="module")
def filled(module_store: Store) -> Store:
    module_store.put(
        patient(
            "zhang",
            active=True,
            gender="male",
            name=[{"family": "张", "given": ["小明"]}],
            identifier=[
                {
                    "system": "urn:mr",
                    "value": "aB1",
                    "type": {"coding": [{"system": "urn:t", "code": "MR"}], "text": "Medical record"},
                }
            ],
            telecom=[{"system": "phone", "value": "0571-1", "use": "home"}],
            address=[{"state": "浙江省", "city": "杭州市", "line": ["文三路1号"]}],
            managingOrganization=reference("Organization/ward"),
            meta={"profile": ["http://p.test/a/one|1.0"], "source": "http://s.test/x", "tag": [{"code": "t"}]},
        ),
        patient(
            "ann", active=False, name=[{"text": "Ann Ｌee"}], managingOrganization=reference("Organization/county")
        ),
        patient("eve", gender="female", generalPractitioner=[{"display": "Dr. X"}]),
        named("Organization", "county", name="County"),
        named("Organization", "ward", name="Ward", partOf=reference("Organization/county")),
        named("Organization", "bed", name="Bed", partOf=reference("Organization/ward")),
        observation(
            "hb",
            code={
                "coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin [Mass/volume]"}],
                "text": "血红蛋白测定",
            },
            subject=reference("Patient/zhang"),
        ),
        observation("flag", status="preliminary", code={"text": "High Flag"}, subject=reference("Patient/ann")),
        amount("mg", "1000", "mg"),
        amount("g", "1.0", "g"),
        amount("kg", "2", "kg"),
        amount("other", "5", "mmHg"),
        named(
            "List",
            "mine",
            status="current",
            mode="changes",
            entry=[
                {"item": reference("Patient/zhang")},
                {"deleted": True, "item": reference("Patient/ann")},
                {"item": reference("Observation/hb")},
            ],
        ),
        named("Questionnaire", "q", url="http://q.test/f/one", status="active", title="Falls"),
        named("QuestionnaireResponse", "r", status="completed", questionnaire="http://q.test/f/one|2"),
        named("Condition", "c", subject=reference("Patient/zhang"), clinicalStatus=coded(CLINICAL, "recurrence")),
        named("ValueSet", "vs", url="http://v.test/fhir/ValueSet/123", status="active"),
        named("ValueSet", "urn", url="urn:oid:1.2.3.4.5", status="draft"),
    )
    return module_store


CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"

FOUND = [
    # string
    ("Patient?name=张小明", ["zhang"]),
    ("Patient?name=小明", ["zhang"]),
    ("Patient?name:contains=明", ["zhang"]),
    ("Patient?name=明", []),
    ("Patient?name=ann lee", ["ann"]),
    ("Patient?name:exact=Ann Lee", []),
    ("Patient?name:exact=Ann Ｌee", ["ann"]),
    ("Patient?phonetic=ANN", ["ann"]),
    ("Patient?address=浙江省杭州市", ["zhang"]),
    ("Patient?name:missing=true", ["eve"]),
    # token: what the element implies
    (f"Patient?gender={GENDER}|male", ["zhang"]),
    (f"Patient?gender={GENDER}|", ["zhang", "eve"]),
    ("Patient?gender=|male", ["zhang"]),
    ("Patient?gender=urn:other|male", []),
    (f"Observation?status={STATUS}|preliminary", ["flag"]),
    ("Patient?active=true", ["zhang"]),
    ("Patient?active=http://hl7.org/fhir/special-values|false", ["ann"]),
    ("Patient?telecom=phone|0571-1", ["zhang"]),
    ("Patient?phone=0571-1", ["zhang"]),
    # token: case
    ("Patient?identifier=urn:mr|aB1", ["zhang"]),
    ("Patient?identifier=urn:mr|ab1", []),
    ("Observation?code=HTTP://loinc.org|718-7", []),
    # token: modifiers
    ("Patient?gender:not=male", ["ann", "eve"]),
    ("Patient?gender:not=male,female", ["ann"]),
    (f"Patient?gender:not={GENDER}|male", ["ann", "eve"]),
    ("Patient?identifier:of-type=urn:t|MR|aB1", ["zhang"]),
    ("Patient?identifier:text=medical", ["zhang"]),
    ("Patient?identifier:text=record", ["zhang"]),
    ("Patient?identifier:text=edical", []),
    ("Observation?code:text=血红", ["hb"]),
    ("Observation?code:text=蛋白", ["hb"]),
    ("Observation?code:text=hemo", ["hb"]),
    ("Observation?code:text=[mass", ["hb"]),
    ("Observation?code:text=flag", ["flag"]),
    ("Observation?code:missing=true", []),
    ("Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender", ["zhang", "eve"]),
    ("Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender", ["ann"]),
    (f"Condition?clinical-status:below={CLINICAL}|active", ["c"]),
    (f"Condition?clinical-status:above={CLINICAL}|recurrence", ["c"]),
    (f"Condition?clinical-status:below={CLINICAL}|inactive", []),
    ("Patient?gender:below=male", ["zhang"]),
    ("Patient?_tag=t", ["zhang"]),
    ("Patient?_tag:not=t", ["ann", "eve"]),
    ("Patient?_id:not=ann,eve", ["zhang"]),
    ("Patient?_id:missing=false", ["zhang", "ann", "eve"]),
    ("Patient?_lastUpdated:missing=true", []),
    # uri
    ("Patient?_profile=http://p.test/a/one", ["zhang"]),
    ("Patient?_profile=http://p.test/a/one|1.0", ["zhang"]),
    ("Patient?_profile=http://p.test/a/one|2.0", []),
    ("Patient?_profile:below=http://p.test/a", ["zhang"]),
    ("Patient?_profile:below=http://p.test/", ["zhang"]),
    ("Patient?_profile:below=http://p", []),
    ("Patient?_source=http://s.test/x", ["zhang"]),
    ("Patient?_source:missing=false", ["zhang"]),
    ("ValueSet?url:below=http://v.test/fhir", ["vs"]),
    ("ValueSet?url:below=http://v.test/fhir/ValueSet/123", ["vs"]),
    ("ValueSet?url:above=http://v.test/fhir/ValueSet/123/_history/5", ["vs"]),
    ("ValueSet?url:above=http://v.test/fhir", []),
    ("ValueSet?url:below=urn:oid:1.2.3", []),
    ("ValueSet?url:below=urn:oid:1.2.3.4.5", ["urn"]),
    # quantity: units
    (f"Observation?value-quantity=1|{UCUM}|g", ["mg", "g"]),
    (f"Observation?value-quantity=1000|{UCUM}|mg", ["mg", "g"]),
    (f"Observation?value-quantity=gt1|{UCUM}|g", ["kg"]),
    (f"Observation?value-quantity=le1000|{UCUM}|mg", ["mg", "g"]),
    (f"Observation?value-quantity=ap0.95|{UCUM}|g", ["mg", "g"]),
    (f"Observation?value-quantity=ne1|{UCUM}|g", ["kg"]),
    (f"Observation?value-quantity=5|{UCUM}|mmHg", ["other"]),
    ("Observation?value-quantity=1||g", ["g"]),
    ("Observation?value-quantity=1", ["g"]),
    ("Observation?value-quantity=1e3", ["mg"]),
    # references
    ("Patient?organization:below=county", ["zhang", "ann"]),
    ("Patient?organization:below=Organization/ward", ["zhang"]),
    ("Patient?organization:above=ward", ["zhang", "ann"]),
    ("Patient?organization:above=bed", ["zhang", "ann"]),
    ("Patient?organization:below=bed", []),
    ("Patient?organization:missing=true", ["eve"]),
    ("Patient?general-practitioner:missing=true", ["zhang", "ann"]),
    ("QuestionnaireResponse?questionnaire=http://q.test/f/one", ["r"]),
    ("QuestionnaireResponse?questionnaire=http://q.test/f/one|2", ["r"]),
    ("QuestionnaireResponse?questionnaire=http://q.test/f/one|3", []),
    ("QuestionnaireResponse?questionnaire.title=falls", ["r"]),
    ("QuestionnaireResponse?questionnaire:Questionnaire.status=draft", []),
    ("Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed", ["q"]),
    # chains
    ("Observation?subject:Patient.name:exact=张", ["hb"]),
    ("Observation?patient.organization.name=ward", ["hb"]),
    ("Observation?patient._tag=t", ["hb"]),
    ("Observation?patient._id=zhang", ["hb"]),
    ("Observation?patient.gender:not=male", ["flag"]),
    ("Observation?patient.organization:below=ward", ["hb"]),
    ("Observation?patient._has:Condition:subject:clinical-status:missing=false", ["hb"]),
    ("Organization?_has:Patient:organization:_has:Observation:patient:code:text=血红", ["ward"]),
    ("Patient?_has:Observation:patient:subject:Patient.organization.partof=county", ["zhang"]),
    # lists
    ("Patient?_list=mine", ["zhang"]),
    ("Observation?_list=mine", ["hb"]),
    ("Patient?_list=none", []),
    ("Observation?patient._list=mine", ["hb"]),
    ("Patient?_list=mine&gender=female", []),
    # empty values say nothing
    ("Patient?name=&gender=male", ["zhang"]),
    ("Patient?_contained=false&gender=male", ["zhang"]),
]


@pytest.mark.parametrize(("address", "expected"), FOUND)
def test_a_search_with_a_modifier_finds_what_it_should(filled: Store, address: str, expected: list[str]) -> None:
    kind, _, query = address.partition("?")
    assert sorted(filled.search(f"{kind}?{quote(query, safe='=&')}")) == sorted(expected)


def test_every_modifier_keeps_to_the_scope(filled: Store) -> None:
    for address, _ in FOUND:
        kind, _, query = address.partition("?")
        assert filled.search(f"{kind}?{quote(query, safe='=&')}", NOTHING) == [], address


@pytest.mark.parametrize(
    ("kind", "name", "text", "code"),
    [
        ("Patient", "gender:text", "x", "search-modifier"),
        ("Patient", "gender:of-type", "a|b|c", "search-modifier"),
        ("Patient", "name:not", "x", "search-modifier"),
        ("Patient", "_lastUpdated:not", "2020", "search-modifier"),
        ("Observation", "device:below", "Device/1", "search-modifier"),
        ("Observation", "value-quantity:exact", "1", "search-modifier"),
        ("Patient", "organization:below", "http://else/Organization/1", "search-modifier"),
        ("Patient", "identifier:below", "urn:x|1", "search-codes"),
        ("Observation", "code:in", "http://unknown.test/ValueSet/x", "search-codes"),
        ("Observation", "code:in", "http://hl7.org/fhir/ValueSet/observation-codes", "search-codes"),
        ("Observation", "code:below", "http://loinc.org|718-7", "search-codes"),
        ("Patient", "_list", "$current-problems", "search-value"),
        ("Patient", "_contained", "true", "search-value"),
        ("Patient", "_containedType", "contained", "search-parameter-unknown"),
        ("Patient", "_text", "x", "search-parameter-unknown"),
        ("Patient", "_content", "x", "search-parameter-unknown"),
        ("Patient", "_query", "x", "search-parameter-unknown"),
        ("Location", "near", "1|2", "search-parameter-unknown"),
        ("Patient", "_include:above", "Patient:organization", "search-modifier"),
    ],
)
def test_what_does_not_fit_is_refused(kind: str, name: str, text: str, code: str) -> None:
    issues = parse(kind, [(name, text)], Surroundings(0, ""))
    assert isinstance(issues, tuple)
    assert [issue.code for issue in issues] == [code]


def test_a_refused_modifier_is_answered_with_those_that_fit() -> None:
    issues = parse("Patient", [("name:foo", "x")], Surroundings(0, ""))
    assert isinstance(issues, tuple)
    assert issues[0].text().endswith("these do: contains, exact, missing")


def test_a_value_set_of_the_store_is_found_by_url_and_by_id(filled: Store) -> None:
    stored = {
        "resourceType": "ValueSet",
        "compose": {"include": [{"system": "http://loinc.org", "concept": [{"code": "718-7"}]}]},
    }
    sources = Sources(lambda url, _: system(url), lambda url, _: stored if url == "urn:vs" else value_set(url))
    around = Surroundings(0, "http://qiao.test/fhir", sources, lambda name: stored if name == "vs" else None)
    for text in ("urn:vs", "ValueSet/vs", "vs", "http://qiao.test/fhir/ValueSet/vs"):
        query = parse("Observation", [("code:in", text)], around)
        assert isinstance(query, Query), query


def test_a_branch_of_the_hierarchy_the_caller_may_not_see_leads_nowhere(store: Store) -> None:
    store.put(named("Organization", "top", name="T"), owner="A")
    store.put(named("Organization", "mid", name="M", partOf=reference("Organization/top")), owner="B")
    store.put(patient("p", managingOrganization=reference("Organization/mid")), owner="A")
    assert store.search("Patient?organization:below=top") == ["p"]
    assert store.search("Patient?organization:below=top", Scope(frozenset({"A"}))) == []


def test_a_list_the_caller_may_not_see_lists_nothing(store: Store) -> None:
    store.put(patient("p"), owner="A")
    listing = named("List", "l", status="current", mode="working", entry=[{"item": reference("Patient/p")}])
    store.put(listing, owner="B")
    assert store.search("Patient?_list=l") == ["p"]
    assert store.search("Patient?_list=l", Scope(frozenset({"A"}))) == []
    store.delete("List", "l")
    assert store.search("Patient?_list=l") == []


def test_a_hierarchy_with_a_ring_ends(store: Store) -> None:
    store.put(named("Location", "a", name="A", partOf=reference("Location/b")))
    store.put(named("Location", "b", name="B", partOf=reference("Location/a")))
    store.put(named("Encounter", "e", status="planned", location=[{"location": reference("Location/a")}], **CLASS))
    assert store.search("Encounter?location:below=b") == ["e"]
    assert store.search("Encounter?location:above=b") == ["e"]


CLASS = {"class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}


def test_every_kind_of_parameter_has_missing() -> None:
    for parameter in parameters("Observation").values():
        assert "missing" in modifiers(parameter), parameter.code
