"""`_sort` by every kind of parameter, and what comes along by canonical URL."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fhir_server.search.modifiers import sortable
from fhir_server.search.parameters import Parameter, Source, parameters
from fhir_server.search.paths import parse
from tests.fhir_server.conftest import Store, coded, observation, patient


@pytest.fixture(scope="module")
def filled(module_store: Store) -> Store:
    module_store.put(
        observation(
            "o0", code=coded("http://s.example", "b"), subject={"reference": "Patient/2"}, valueQuantity={"value": 9}
        ),
        observation("o1", status="amended", code={"text": "a"}, subject={"reference": "Patient/1"}),
        observation("o2", status="preliminary", code=coded("http://s.example", "c"), valueQuantity={"value": 10}),
        patient(
            "1",
            active=True,
            identifier=[{"value": "B"}],
            managingOrganization={"reference": "Organization/x"},
            telecom=[{"system": "email", "value": "a@b"}, {"system": "phone"}, {"system": "phone", "value": "139"}],
        ),
        patient(
            "2",
            active=False,
            identifier=[{"value": "A"}],
            birthDate="2000",
            telecom=[{"system": "phone", "value": "138"}],
        ),
        patient("3"),
        {"resourceType": "Organization", "id": "x", "name": "X"},
        {"resourceType": "Questionnaire", "id": "q1", "url": "http://b", "status": "active"},
        {"resourceType": "Questionnaire", "id": "q2", "url": "http://a", "status": "active"},
        {"resourceType": "Questionnaire", "id": "q3", "status": "draft"},
        {
            "resourceType": "QuestionnaireResponse",
            "id": "r",
            "status": "completed",
            "questionnaire": "http://b|1",
            "subject": {"reference": "Patient/1"},
        },
    )
    return module_store


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Observation?_sort=status", ["o1", "o0", "o2"]),
        ("Observation?_sort=-status", ["o2", "o0", "o1"]),
        ("Observation?_sort=code", ["o1", "o0", "o2"]),
        ("Observation?_sort=subject", ["o1", "o0", "o2"]),
        ("Observation?_sort=-subject", ["o0", "o1", "o2"]),
        ("Observation?_sort=-value-quantity", ["o2", "o0", "o1"]),
        ("Patient?_sort=active", ["2", "1", "3"]),
        ("Patient?_sort=identifier", ["2", "1", "3"]),
        ("Patient?_sort=-identifier", ["1", "2", "3"]),
        ("Patient?_sort=birthdate,-identifier", ["2", "1", "3"]),
        ("Patient?_sort=phone", ["2", "1", "3"]),
        ("Patient?_sort=-phone", ["1", "2", "3"]),
        ("Patient?_sort=email,identifier", ["1", "2", "3"]),
        ("Questionnaire?_sort=url", ["q2", "q1", "q3"]),
        ("Questionnaire?_sort=-status,url", ["q3", "q2", "q1"]),
        ("Questionnaire?_sort=status,-_id", ["q2", "q1", "q3"]),
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_matches_come_in_the_order_asked_for(filled: Store, address: str, expected: list[str], count: int) -> None:
    assert filled.search(f"{address}&_count={count}") == expected


def test_a_page_keeps_its_order_while_others_write(store: Store) -> None:
    for key, status in (("a", "final"), ("b", "amended"), ("c", "preliminary")):
        store.put(observation(key, status=status))
    first = store.page("Observation?_sort=status&_count=1")
    store.put(observation("a", status="amended"), observation("b", status="registered"))
    rest = store.page("Observation?_sort=status&_count=1", cursor=first.next)
    assert [each.id for each in (*first.matches, *rest.matches)] == ["b", "a"]


def test_a_page_by_a_part_of_an_element_keeps_its_order_while_others_write(store: Store) -> None:
    for key, number in (("a", "2"), ("b", "1"), ("c", "3")):
        store.put(patient(key, telecom=[{"system": "email", "value": "0"}, {"system": "phone", "value": number}]))
    first = store.page("Patient?_sort=phone&_count=1")
    store.put(patient("a", telecom=[{"system": "phone", "value": "9"}]))
    rest = store.page("Patient?_sort=phone&_count=1", cursor=first.next)
    assert [each.id for each in (*first.matches, *rest.matches)] == ["b", "a"]


def test_what_a_statement_cannot_name_is_not_sorted_by() -> None:
    def choosing(value: str) -> Parameter:
        source = Source(parse(f"Patient.telecom.where(system='{value}')", "Patient")[0], 1, "")
        return replace(parameters("Patient")["phone"], sources=(source,))

    assert sortable(choosing("fax"))
    assert not any(sortable(choosing(value)) for value in ("%s", "a b", "\\", ""))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire", ["Questionnaire/q1"]),
        ("QuestionnaireResponse?_include=*", ["Patient/1", "Questionnaire/q1"]),
        (
            "QuestionnaireResponse?_include=*&_include:iterate=Patient:organization",
            ["Organization/x", "Patient/1", "Questionnaire/q1"],
        ),
        ("Questionnaire?url=http://b&_revinclude=QuestionnaireResponse:questionnaire", ["QuestionnaireResponse/r"]),
        ("Questionnaire?url=http://a&_revinclude=QuestionnaireResponse:questionnaire", []),
        ("Patient?_id=1&_revinclude=*", ["Observation/o1", "QuestionnaireResponse/r"]),
        ("Patient?_id=1&_revinclude=Observation:subject:Group", []),
        ("Patient?_id=1&_revinclude=Observation:subject:Patient", ["Observation/o1"]),
    ],
)
def test_includes_follow_references_and_canonical_urls(filled: Store, address: str, expected: list[str]) -> None:
    assert sorted(f"{each.type}/{each.id}" for each in filled.page(address).included) == expected
