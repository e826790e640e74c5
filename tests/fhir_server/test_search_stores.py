"""Search on both databases: each kind of parameter finds what it should and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import quote

import pytest

from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.security.scope import NOTHING, Scope
from tests.databases import Databases
from tests.fhir_server.conftest import Store, coded, filled_once, observation, opened, patient

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def reference(address: str) -> dict[str, str]:
    return {"reference": address}


def put_county(store: Store) -> None:
    """Two patients, a visit, an order, its report and results."""
    store.put(
        patient(
            "zhang",
            identifier=[{"system": "urn:mrn", "value": "A1", "type": coded("urn:types", "MR")}],
            name=[{"text": "张三丰", "family": "张", "given": ["三丰"]}],
            gender="male",
            birthDate="1960-05-01",
            telecom=[{"system": "phone", "value": "13900000000", "use": "mobile"}],
        ),
        patient(
            "li",
            identifier=[{"system": "urn:mrn", "value": "B2"}, {"system": "urn:card", "value": "A1"}],
            name=[{"text": "李Ｘiao明"}],
            gender="female",
            birthDate="1990-12",
            deceasedDateTime="2026-01-01",
        ),
        {
            "resourceType": "Encounter",
            "id": "visit",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "subject": reference("Patient/zhang"),
            "period": {"start": "2026-05-01T08:00:00+08:00", "end": "2026-05-01T09:00:00+08:00"},
        },
        {"resourceType": "Practitioner", "id": "wang", "name": [{"text": "王医生"}]},
        {
            "resourceType": "ServiceRequest",
            "id": "order",
            "status": "active",
            "intent": "order",
            "category": [coded("urn:cat", "lab")],
            "code": coded(LOINC, "718-7"),
            "subject": reference("Patient/zhang"),
            "encounter": reference("Encounter/visit"),
            "requester": reference("Practitioner/wang"),
            "authoredOn": "2026-05-01T08:30:00+08:00",
        },
        {
            "resourceType": "DiagnosticReport",
            "id": "report",
            "status": "final",
            "category": [coded("urn:cat", "lab")],
            "code": coded(LOINC, "58410-2"),
            "subject": reference("Patient/zhang"),
            "encounter": reference("Encounter/visit"),
            "basedOn": [reference("ServiceRequest/order")],
            "performer": [reference("Organization/lis")],
            "effectiveDateTime": "2026-05-01T10:00:00+08:00",
            "result": [reference("Observation/hb")],
        },
        observation(
            "hb",
            category=[coded("urn:cat", "lab")],
            code=coded(LOINC, "718-7"),
            subject=reference("Patient/zhang"),
            encounter=reference("Encounter/visit"),
            basedOn=[reference("ServiceRequest/order")],
            effectiveDateTime="2026-05-01T09:30:00+08:00",
            valueQuantity={"value": Decimal("6.30"), "unit": "g/dL", "system": UCUM, "code": "g/dL"},
        ),
        observation(
            "k",
            status="preliminary",
            code=coded(LOINC, "2823-3"),
            subject={"identifier": {"system": "urn:mrn", "value": "B2"}},
            effectivePeriod={"start": "2026-04-30T22:00:00+08:00", "end": "2026-05-02T01:00:00+08:00"},
            valueQuantity={"value": 100, "unit": "mmol/L"},
        ),
        observation("bare", code={"text": "K"}),
    )


@pytest.fixture(scope="module")
def county(databases: Databases) -> Iterator[Store]:
    """A store that tests only read."""
    with filled_once(databases, put_county) as url, opened(url) as store:
        yield store


@pytest.fixture
def changing(store: Store) -> Store:
    """The same for a test that changes it."""
    put_county(store)
    return store


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Patient?identifier=urn:mrn|A1", ["zhang"]),
        ("Patient?identifier=A1", ["zhang", "li"]),
        ("Patient?identifier=a1", []),
        ("Patient?identifier=urn:mrn|", ["zhang", "li"]),
        ("Patient?identifier=|A1", []),
        ("Patient?identifier=urn:mrn|A1,urn:mrn|B2", ["zhang", "li"]),
        ("Patient?identifier=urn:mrn|A1&identifier=urn:mrn|B2", []),
        ("Patient?identifier=urn:mrn|B2&identifier=urn:card|A1", ["li"]),
        ("Patient?identifier:of-type=urn:types|MR|A1", ["zhang"]),
        ("Patient?identifier:not=urn:card|A1", ["zhang"]),
        ("Patient?name=张", ["zhang"]),
        ("Patient?name=三丰", ["zhang"]),
        ("Patient?name=丰", []),
        ("Patient?name:contains=丰", ["zhang"]),
        ("Patient?name=李xIAO", ["li"]),
        ("Patient?name:contains=XIAO", ["li"]),
        ("Patient?name:exact=李Ｘiao明", ["li"]),
        ("Patient?name:exact=李xiao明", []),
        ("Patient?name:contains=%", []),
        ("Patient?name:contains=_", []),
        ("Patient?family=张", ["zhang"]),
        ("Patient?phone=13900000000", ["zhang"]),
        ("Patient?telecom=phone|13900000000", ["zhang"]),
        ("Patient?gender=male", ["zhang"]),
        ("Patient?gender:not=male", ["li"]),
        ("Patient?deceased=true", ["li"]),
        ("Patient?deceased=false", ["zhang"]),
        ("Patient?birthdate=1960-05-01", ["zhang"]),
        ("Patient?birthdate=1960", ["zhang"]),
        ("Patient?birthdate=1990-12-25", []),
        ("Patient?birthdate=ge1990-12", ["li"]),
        ("Patient?birthdate=lt1970", ["zhang"]),
        ("Patient?_id=li", ["li"]),
        ("Patient?_id=li,zhang,none", ["zhang", "li"]),
        ("Patient?_id=%E0%B8%81", []),
        ("Patient?telecom:missing=true", ["li"]),
        ("Patient?telecom:missing=false", ["zhang"]),
        ("Patient?name:missing=true", []),
        ("Patient?_lastUpdated=ge2020", ["zhang", "li"]),
        ("Patient?_lastUpdated=lt2020", []),
        ("Observation?patient=Patient/zhang", ["hb"]),
        ("Observation?patient=zhang", ["hb"]),
        ("Observation?subject=Patient/zhang", ["hb"]),
        ("Observation?subject:Patient=zhang", ["hb"]),
        ("Observation?subject=zhang", ["hb"]),
        ("Observation?subject=Group/zhang", []),
        ("Observation?patient=http://qiao.test/fhir/Patient/zhang", ["hb"]),
        ("Observation?patient=zhang,li", ["hb"]),
        ("Observation?patient=none", []),
        ("Observation?subject:identifier=urn:mrn|B2", ["k"]),
        ("Observation?subject:missing=true", ["bare"]),
        ("Observation?encounter=Encounter/visit", ["hb"]),
        ("Observation?encounter:missing=true", ["k", "bare"]),
        ("Observation?status=final", ["hb", "bare"]),
        ("Observation?status=final,preliminary&code=2823-3", ["k"]),
        ("Observation?category=urn:cat|lab", ["hb"]),
        ("Observation?code=http://loinc.org|718-7", ["hb"]),
        ("Observation?combo-code=718-7", ["hb"]),
        ("Observation?code:not=718-7", ["k", "bare"]),
        ("Observation?based-on=ServiceRequest/order", ["hb"]),
        ("Observation?date=2026-05-01", ["hb"]),
        ("Observation?date=2026-05", ["hb"]),
        ("Observation?date=ge2026-05-01", ["hb", "k"]),
        ("Observation?date=gt2026-05-01", ["k"]),
        ("Observation?date=lt2026-05-01", ["k"]),
        ("Observation?date=le2026-05-01", ["hb", "k"]),
        ("Observation?date=sa2026-04-30", ["hb"]),
        ("Observation?date=eb2026-05-02", ["hb"]),
        ("Observation?date=ne2026-05-01", ["k"]),
        ("Observation?date=ap2026-05-01", ["hb", "k"]),
        ("Observation?date=2026-05-01T09:30:00%2B08:00", ["hb"]),
        ("Observation?date=2026-05-01T01:30:00Z", ["hb"]),
        ("Observation?date=ge2026-05-01&date=lt2026-05-02&patient=zhang", ["hb"]),
        ("Observation?date:missing=true", ["bare"]),
        ("Observation?value-quantity=6.3", ["hb"]),
        ("Observation?value-quantity=6", ["hb"]),
        ("Observation?value-quantity=6.2", []),
        ("Observation?value-quantity=6.3|http://unitsofmeasure.org|g/dL", ["hb"]),
        ("Observation?value-quantity=6.3||g/dL", ["hb"]),
        ("Observation?value-quantity=6.3||mmol/L", []),
        ("Observation?value-quantity=gt6.3", ["k"]),
        ("Observation?value-quantity=ge6.3", ["hb", "k"]),
        ("Observation?value-quantity=lt6.301", ["hb"]),
        ("Observation?value-quantity=ap101", ["k"]),
        ("Observation?value-quantity=ne100", ["hb"]),
        ("DiagnosticReport?performer=Organization/lis", ["report"]),
        ("DiagnosticReport?result=Observation/hb", ["report"]),
        ("DiagnosticReport?based-on=ServiceRequest/order&status=final&category=lab", ["report"]),
        ("ServiceRequest?requester=Practitioner/wang", ["order"]),
        ("ServiceRequest?requester=wang&authored=2026-05-01", ["order"]),
        ("Encounter?date=2026-05-01&class=AMB", ["visit"]),
        ("Observation?patient.identifier=urn:mrn|A1", ["hb"]),
        ("Observation?patient.name=张&code=718-7", ["hb"]),
        ("Observation?subject:Patient.gender=male", ["hb"]),
        ("Observation?encounter.class=AMB", ["hb"]),
        ("DiagnosticReport?result.code=718-7", ["report"]),
        ("DiagnosticReport?based-on:ServiceRequest.requester.name=王医生", ["report"]),
        ("Patient?_has:Observation:patient:code=718-7", ["zhang"]),
        ("Patient?_has:Observation:patient:code=2823-3", []),
        ("Patient?_has:DiagnosticReport:patient:result.status=final", ["zhang"]),
        ("Patient?_has:Observation:patient:_has:DiagnosticReport:result:status=final", ["zhang"]),
        ("Practitioner?_has:ServiceRequest:requester:patient=zhang&name=王", ["wang"]),
    ],
)
def test_a_search_finds_what_it_should_and_nothing_else(county: Store, address: str, expected: list[str]) -> None:
    assert sorted(county.search(address)) == sorted(expected)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Observation?_sort=date", ["k", "hb", "bare"]),
        ("Observation?_sort=-date", ["hb", "k", "bare"]),
        ("Observation?_sort=value-quantity", ["hb", "k", "bare"]),
        ("Observation?_sort=-value-quantity", ["k", "hb", "bare"]),
        ("Patient?_sort=_id", ["li", "zhang"]),
        ("Patient?_sort=-_id", ["zhang", "li"]),
        ("Patient?_sort=family", ["zhang", "li"]),
        ("Patient?_sort=birthdate", ["zhang", "li"]),
        ("Patient?_sort=-birthdate", ["li", "zhang"]),
        ("Observation?_sort=-_lastUpdated,-_id", ["k", "hb", "bare"]),
        ("Observation?_sort=_lastUpdated,_id", ["bare", "hb", "k"]),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_sort_gives_one_order_on_pages_of_any_size(
    county: Store, address: str, expected: list[str], count: int
) -> None:
    assert county.search(f"{address}&_count={count}") == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Observation?_id=hb&_include=Observation:subject", {"Patient/zhang"}),
        ("Observation?_id=hb&_include=Observation:subject:Patient", {"Patient/zhang"}),
        ("Observation?_id=hb&_include=Observation:subject:Group", set()),
        (
            "Observation?_id=hb&_include=Observation:encounter&_include=Observation:based-on",
            {"Encounter/visit", "ServiceRequest/order"},
        ),
        (
            "Observation?_id=hb&_include=Observation:based-on&_include:iterate=ServiceRequest:requester",
            {"ServiceRequest/order", "Practitioner/wang"},
        ),
        (
            "Observation?_id=hb&_include=Observation:based-on&_include=ServiceRequest:requester",
            {"ServiceRequest/order"},
        ),
        ("Observation?_id=hb&_include=Observation:*", {"Patient/zhang", "Encounter/visit", "ServiceRequest/order"}),
        ("DiagnosticReport?_id=report&_include=DiagnosticReport:performer", set()),
        ("Patient?_id=zhang&_revinclude=Observation:subject", {"Observation/hb"}),
        (
            "ServiceRequest?_id=order&_revinclude=DiagnosticReport:based-on&_revinclude=Observation:based-on",
            {"DiagnosticReport/report", "Observation/hb"},
        ),
        ("Patient?_id=li&_revinclude=Observation:subject", set()),
    ],
)
def test_includes_bring_along_what_is_referred_to(county: Store, address: str, expected: set[str]) -> None:
    page = county.page(address)
    assert {f"{each.type}/{each.id}" for each in page.included} == expected
    assert len(page.included) == len(expected)


def test_a_match_is_never_brought_along_once_more(county: Store) -> None:
    page = county.page("Observation?_include=Observation:subject&_revinclude=DiagnosticReport:result")
    assert len({(e.type, e.id) for e in (*page.matches, *page.included)}) == len(page.matches) + len(page.included)


def test_totals_are_exact_or_not_given(county: Store) -> None:
    assert county.page("Observation?_count=1").total == 3
    assert county.page("Observation?_count=0").total == 3
    assert county.page("Observation?_summary=count").total == 3
    assert county.page("Observation?_total=none").total is None
    assert county.page("Observation?_count=1&status=final&_total=accurate").total == 2


def test_a_deleted_resource_is_found_by_nothing(changing: Store) -> None:
    changing.delete("Observation", "hb")
    for address in ("Observation", "Observation?code=718-7", "Observation?patient=zhang", "Observation?_id=hb"):
        assert "hb" not in changing.search(address)
    assert changing.search("Patient?_has:Observation:patient:code=718-7") == []
    assert changing.page("DiagnosticReport?_include=DiagnosticReport:result").included == ()
    assert changing.page("Patient?_revinclude=Observation:subject").included == ()


def test_an_update_moves_a_resource_from_the_old_keys_to_the_new(changing: Store) -> None:
    changing.put(patient("zhang", name=[{"text": "张翠山"}], gender="female"))
    assert changing.search("Patient?name=三丰") == []
    assert changing.search("Patient?name=张翠") == ["zhang"]
    assert changing.search("Patient?gender=male") == []
    assert changing.search("Patient?identifier=urn:mrn|A1") == []


def test_a_resource_that_is_only_referred_to_is_not_there(county: Store) -> None:
    assert county.search("Organization") == []
    assert county.search("Organization?_id=lis") == []


HOSTILE = [
    "'",
    '"',
    "\\",
    "%",
    "_",
    "--",
    "');DROP TABLE resource;--",
    "\u202e",
    "😀",
    "a" * 5000,
    "$",
    "|",
    ",",
    "\ufeff",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["name", "name:contains", "name:exact", "identifier", "_id", "general-practitioner"])
def test_no_text_breaks_a_search(county: Store, name: str, text: str) -> None:
    query = parse("Patient", [(name, text)], Surroundings(0, ""))
    if isinstance(query, Query):
        assert county.search(f"Patient?{name}={quote(text)}") == []


# ------------------------------------------------------------------------------------------- scope


def test_an_empty_scope_sees_nothing_anywhere(county: Store) -> None:
    for address in (
        "Patient",
        "Patient?identifier=urn:mrn|A1",
        "Patient?name=张",
        "Patient?birthdate=ge1900",
        "Patient?gender:not=x",
        "Patient?telecom:missing=true",
        "Patient?_id=zhang",
        "Observation?patient=zhang",
        "Observation?patient.identifier=urn:mrn|A1",
        "Patient?_has:Observation:patient:code=718-7",
        "Observation?_sort=-date",
        "Observation?_summary=count",
        "Observation?_id=hb&_include=Observation:subject",
    ):
        page = county.page(address, NOTHING)
        assert (page.matches, page.included, page.total) == ((), (), 0), address


def put_two_houses(store: Store) -> None:
    store.put(patient("a", identifier=[{"system": "s", "value": "1"}], name=[{"text": "甲"}]), owner="A")
    store.put(patient("b", identifier=[{"system": "s", "value": "2"}], name=[{"text": "乙"}]), owner="B")
    for house, subject in (("A", "a"), ("B", "b"), ("A", "b"), ("B", "a")):
        found = observation(f"{house}-of-{subject}", code=coded("c", house), subject=reference(f"Patient/{subject}"))
        store.put(found, owner=house)


@pytest.fixture(scope="module")
def houses(databases: Databases) -> Iterator[Store]:
    with filled_once(databases, put_two_houses) as url, opened(url) as store:
        yield store


ONLY_A = Scope(frozenset({"A"}))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Patient", ["a"]),
        ("Observation", ["A-of-a", "A-of-b"]),
        ("Observation?patient=a", ["A-of-a"]),
        ("Observation?patient=b", ["A-of-b"]),
        ("Observation?patient.identifier=s|1", ["A-of-a"]),
        ("Observation?patient.identifier=s|2", []),
        ("Observation?patient.name=乙", []),
        ("Observation?patient.name:missing=false", ["A-of-a"]),
        ("Patient?_has:Observation:patient:code=A", ["a"]),
        ("Patient?_has:Observation:patient:code=B", []),
        ("Observation?code:not=x", ["A-of-a", "A-of-b"]),
        ("Observation?encounter:missing=true&_sort=-date", ["A-of-a", "A-of-b"]),
    ],
)
def test_a_caller_finds_his_own_institutions_data_only(houses: Store, address: str, expected: list[str]) -> None:
    assert sorted(houses.search(address, ONLY_A)) == expected
    assert houses.page(address, ONLY_A).total == len(expected)


def test_includes_bring_nothing_from_outside_the_scope(houses: Store) -> None:
    forward = houses.page("Observation?_include=Observation:subject", ONLY_A)
    back = houses.page("Patient?_revinclude=Observation:subject", ONLY_A)
    assert [each.id for each in forward.included] == ["a"]
    assert [each.id for each in back.included] == ["A-of-a"]
