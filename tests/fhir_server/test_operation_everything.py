"""$everything of patients and encounters: the compartment, what it refers to, filters, pages, scope."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from profiles.validator import validate
from tests.fhir_server.conftest import ids, observation, patient

Json = dict[str, Any]


def everything(client: httpx.Client, address: str, **headers: str) -> Json:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert [issue for issue in validate(found) if issue.refuses] == []
    return found


def pages(client: httpx.Client, address: str) -> list[Json]:
    found = [everything(client, address)]
    while following := next((link["url"] for link in found[-1]["link"] if link["relation"] == "next"), None):
        found.append(everything(client, following))
    return found


def refers(key: str) -> Json:
    return {"reference": key}


CHART: tuple[Json, ...] = (
    {"resourceType": "Organization", "id": "hospital", "name": "H"},
    {"resourceType": "Organization", "id": "ward", "name": "W", "partOf": refers("Organization/hospital")},
    {"resourceType": "Practitioner", "id": "doctor"},
    {
        **{"resourceType": "PractitionerRole", "id": "role", "practitioner": refers("Practitioner/doctor")},
        "organization": refers("Organization/ward"),
    },
    {"resourceType": "Binary", "id": "scan", "contentType": "text/plain", "data": "eA=="},
    patient("a"),
    patient("b"),
    {
        **{"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"code": "IMP"}},
        **{"subject": refers("Patient/a"), "period": {"start": "2020-01-01", "end": "2021-01-01"}},
    },
    observation(
        "o1",
        subject=refers("Patient/a"),
        encounter=refers("Encounter/e"),
        effectiveDateTime="2020-06-01",
        performer=[refers("PractitionerRole/role")],
    ),
    observation("o2", subject=refers("Patient/a"), effectiveDateTime="2024-06-01"),
    observation("o3", subject=refers("Patient/b"), effectiveDateTime="2024-06-01"),
    {
        **{"resourceType": "DocumentReference", "id": "doc", "status": "current", "subject": refers("Patient/a")},
        "content": [{"attachment": {"url": "Binary/scan"}}],
    },
)
OF_A = {"Patient/a", "Encounter/e", "Observation/o1", "Observation/o2", "DocumentReference/doc"}
ALONG = {"PractitionerRole/role", "Practitioner/doctor", "Organization/ward", "Organization/hospital", "Binary/scan"}


@pytest.fixture
def chart(client: httpx.Client) -> httpx.Client:
    put_all(client)
    return client


def put_all(client: httpx.Client, **headers: str) -> None:
    for resource in CHART:
        answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource, headers=headers)
        assert answer.status_code == 201, answer.text


def test_it_is_the_compartment_and_all_it_refers_to(chart: httpx.Client) -> None:
    found = everything(chart, "/Patient/a/$everything")
    assert (found["type"], found["total"]) == ("searchset", 5)
    assert ids(found)[0] == "Patient/a"
    assert set(ids(found)) == OF_A
    assert set(ids(found, "include")) == ALONG
    assert len(found["entry"]) == len(OF_A | ALONG)


def test_it_can_be_asked_by_post(chart: httpx.Client) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueCode": "Observation"}]}
    assert set(ids(chart.post("/Patient/a/$everything", json=body).json())) == {"Observation/o1", "Observation/o2"}


NARROWED: tuple[tuple[str, set[str], set[str]], ...] = (
    ("start=2021-06-01", OF_A - {"Encounter/e", "Observation/o1"}, {"Binary/scan"}),
    ("start=2020-12-01&end=2021-06-01", OF_A - {"Observation/o1", "Observation/o2"}, {"Binary/scan"}),
    ("end=2019", {"Patient/a", "DocumentReference/doc"}, {"Binary/scan"}),
    ("_type=Observation,Encounter", {"Observation/o1", "Observation/o2", "Encounter/e"}, set()),
    ("_type=Patient&_type=Practitioner", {"Patient/a"}, {"Practitioner/doctor"}),
    ("_since=2999-01-01T00:00:00Z", set(), set()),
)


def test_it_can_be_narrowed(chart: httpx.Client) -> None:
    for query, matches, included in NARROWED:
        found = everything(chart, f"/Patient/a/$everything?{query}")
        assert (set(ids(found)), set(ids(found, "include"))) == (matches, included), query
        assert found["total"] == len(matches), query


def test_pages_give_every_member_once_while_others_write(chart: httpx.Client) -> None:
    whole = list(ids(everything(chart, "/Patient/a/$everything")))
    bundle = everything(chart, "/Patient/a/$everything?_count=2")
    chart.put("/Observation/later", json=observation("later", subject=refers("Patient/a")))
    found = list(ids(bundle))
    while following := next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None):
        bundle = everything(chart, following)
        assert bundle["total"] == 5
        found += ids(bundle)
    assert found == whole
    assert everything(chart, "/Patient/a/$everything?_count=0").get("entry") is None


def test_the_patient_comes_first_also_when_others_spoke_of_him_before(chart: httpx.Client) -> None:
    names = [name for bundle in pages(chart, "/Patient/a/$everything?_count=1") for name in ids(bundle)]
    assert names[0] == "Patient/a"
    assert sorted(names) == sorted(OF_A)


def test_all_patients_together(chart: httpx.Client) -> None:
    found = everything(chart, "/Patient/$everything")
    assert set(ids(found)) == OF_A | {"Patient/b", "Observation/o3"}
    assert found["total"] == 7
    names = [name for bundle in pages(chart, "/Patient/$everything?_count=3") for name in ids(bundle)]
    assert sorted(names) == sorted(ids(found))


def test_an_encounter_brings_its_patient(chart: httpx.Client) -> None:
    found = everything(chart, "/Encounter/e/$everything")
    assert set(ids(found)) == {"Encounter/e", "Observation/o1"}
    assert {"Patient/a", "Practitioner/doctor"} <= set(ids(found, "include"))
    assert chart.get("/Encounter/e/$everything?start=2020").status_code == 400
    assert chart.get("/Encounter/$everything").status_code == 404


@pytest.mark.parametrize("query", ["_type=Pasient", "_count=x", "_count=-1", "start=soon", "_page=x", "name=x"])
def test_what_cannot_be_read_is_refused(sqlite_client: httpx.Client, query: str) -> None:
    sqlite_client.put("/Patient/r", json=patient("r"))
    assert sqlite_client.get(f"/Patient/r/$everything?{query}").status_code == 400


def test_a_patient_who_is_not_there(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/gone", json=patient("gone"))
    sqlite_client.delete("/Patient/gone")
    assert sqlite_client.get("/Patient/never/$everything").status_code == 404
    assert sqlite_client.get("/Patient/gone/$everything").status_code == 410


def test_a_caller_gets_what_he_may_see(guarded: httpx.Client) -> None:
    put_all(guarded, **{"x-owner": "one"})
    foreign = observation("foreign", subject=refers("Patient/a"))
    guarded.put("/Observation/foreign", json=foreign, headers={"x-owner": "two"})
    own = everything(guarded, "/Patient/a/$everything", **{"x-owners": "one"})
    assert set(ids(own)) == OF_A
    assert own["total"] == 5
    assert guarded.get("/Patient/a/$everything", headers={"x-owners": "two"}).status_code == 404
    assert ids(everything(guarded, "/Patient/$everything", **{"x-owners": "two"})) == []


def test_a_page_link_of_a_history_says_nothing_to_everything_and_the_other_way_round(
    sqlite_client: httpx.Client,
) -> None:
    for active in (True, False):
        sqlite_client.put("/Patient/both", json={"resourceType": "Patient", "id": "both", "active": active})
    sqlite_client.put(
        "/Observation/both",
        json={"resourceType": "Observation", "id": "both", "status": "final", "code": {"text": "K"}}
        | {"subject": {"reference": "Patient/both"}},
    )
    marks = {}
    for listing in ("_history", "$everything"):
        page = sqlite_client.get(f"/Patient/both/{listing}?_count=1").json()
        following = next(link["url"] for link in page["link"] if link["relation"] == "next")
        marks[listing] = httpx.URL(following).params["_page"]
    for listing, mark in (("$everything", marks["_history"]), ("_history", marks["$everything"])):
        answer = sqlite_client.get(f"/Patient/both/{listing}", params={"_count": "1", "_page": mark})
        assert answer.status_code == 400, answer.text
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "search-cursor"
