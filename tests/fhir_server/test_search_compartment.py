"""Compartments: what belongs to one Patient, Encounter, Practitioner, RelatedPerson or Device, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from profiles.definitions import compartment
from tests.fhir_server.conftest import coded, ids, observation, patient


def to(address: str) -> dict[str, str]:
    return {"reference": address}


RESOURCES = [
    patient("p3"),
    patient("p2"),
    patient("p1", link=[{"other": to("Patient/p3"), "type": "seealso"}]),
    {"resourceType": "Practitioner", "id": "doctor"},
    {"resourceType": "RelatedPerson", "id": "mother", "patient": to("Patient/p1")},
    {"resourceType": "Device", "id": "meter", "patient": to("Patient/p1")},
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": to("Patient/p1"),
        "participant": [{"individual": to("Practitioner/doctor")}],
    },
    observation("mine", subject=to("Patient/p1"), encounter=to("Encounter/visit"), code=coded("l", "x")),
    observation("told", subject=to("Patient/p2"), performer=[to("Patient/p1")], code=coded("l", "y")),
    observation("measured", subject=to("Patient/p2"), device=to("Device/meter"), performer=[to("Practitioner/doctor")]),
    observation("others", subject=to("Patient/p2")),
    {"resourceType": "Organization", "id": "g1", "name": "x"},
]


@pytest.fixture(scope="module")
def county(sqlite_client: httpx.Client) -> Iterator[httpx.Client]:
    fill(sqlite_client)
    yield sqlite_client


def fill(client: httpx.Client, **headers: str) -> None:
    for each in RESOURCES:
        answer = client.put(f"/{each['resourceType']}/{each['id']}", json=each, headers=headers)
        assert answer.status_code in (200, 201), answer.text


def found(client: httpx.Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return sorted(ids(answer.json()))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Patient/p1/Observation", ["Observation/mine", "Observation/told"]),
        ("Patient/p1/Observation?code=x", ["Observation/mine"]),
        ("Patient/p1/Observation?code:not=x", ["Observation/told"]),
        ("Patient/p1/Encounter", ["Encounter/visit"]),
        ("Patient/p1/Patient", ["Patient/p1"]),
        ("Patient/p3/Patient", ["Patient/p1", "Patient/p3"]),
        ("Patient/nobody/Observation", []),
        ("Encounter/visit/Observation", ["Observation/mine"]),
        ("Encounter/visit/Encounter", ["Encounter/visit"]),
        ("Practitioner/doctor/Observation", ["Observation/measured"]),
        ("Practitioner/doctor/Encounter?class=AMB", ["Encounter/visit"]),
        ("Practitioner/doctor/Patient", []),
        ("RelatedPerson/mother/RelatedPerson", ["RelatedPerson/mother"]),
        ("Device/meter/Observation", ["Observation/measured"]),
        ("Device/meter/*", ["Device/meter", "Observation/measured"]),
        (
            "Patient/p1/*",
            [
                *("Encounter/visit", "Observation/mine", "Observation/told", "Patient/p1", "RelatedPerson/mother"),
            ],
        ),
        ("Patient/p1/*?_type=Observation,Encounter&_id=mine", ["Observation/mine"]),
        ("Patient/p1/*?_lastUpdated=lt2020-01-01", []),
    ],
)
def test_a_compartment_holds_its_members_and_nothing_else(
    county: httpx.Client, address: str, expected: list[str]
) -> None:
    assert found(county, address) == expected


@pytest.mark.parametrize("name", ["Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"])
def test_every_member_type_of_r4_has_an_address(county: httpx.Client, name: str) -> None:
    assert [
        kind for kind in compartment(name) if county.get(f"/{name}/x/{kind}?_summary=count").json().get("total") != 0
    ] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("Patient/p1/Organization", 404),
        ("Organization/g1/Observation", 404),
        ("Patient/p1/Nothing", 404),
        ("Patient/p1/*?code=x", 400),
        ("Patient/p1/*?_type=Organization", 400),
        ("Patient/p1/Observation?nothing=x", 400),
        ("Patient/a b/Observation", 400),
    ],
)
def test_what_r4_does_not_define_is_refused(county: httpx.Client, address: str, status: int) -> None:
    answer = county.get(address)
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


def test_links_lead_through_the_compartment_and_serve_no_other(county: httpx.Client) -> None:
    first = county.post("/Patient/p1/Observation/_search?_count=1", data={"_sort": "_id"}).json()
    links = {link["relation"]: link["url"] for link in first["link"]}
    assert "/Patient/p1/Observation?" in links["next"]
    second = county.get(links["next"]).json()
    assert [*ids(first), *ids(second)] == ["Observation/mine", "Observation/told"]
    assert first["total"] == second["total"] == 2
    assert county.get(links["next"].replace("/p1/", "/p2/")).status_code == 400
    assert county.get(links["next"].replace("/Patient/p1/", "/")).status_code == 400


def test_another_method_is_not_allowed(county: httpx.Client) -> None:
    answer = county.put("/Patient/p1/Observation", json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_members_are_seen_by_whose_they_are(guarded: httpx.Client) -> None:
    fill(guarded, **{"x-owner": "a"})
    theirs = observation("theirs", subject=to("Patient/p1"))
    assert guarded.put("/Observation/theirs", json=theirs, headers={"x-owner": "b"}).status_code == 201
    of = {"a": ["Observation/mine", "Observation/told"], "b": ["Observation/theirs"], "": []}
    for owner, expected in of.items():
        answer = guarded.get("/Patient/p1/Observation", headers={"x-owners": owner}).json()
        assert (sorted(ids(answer)), answer["total"]) == (expected, len(expected))
    assert ids(guarded.get("/Patient/p1/*", headers={"x-owners": "b"}).json()) == ["Observation/theirs"]
