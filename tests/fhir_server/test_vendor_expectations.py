"""What the test suites of other servers and the letter of R4 ask for, each held against the running server."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import observation, patient

URN = "urn:uuid:5f1c6a0e-3d0e-4d59-9b0d-6f1f2a3b4c5d"


def entry(method: str, url: str, resource: Any = None, **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}, **({"resource": resource} if resource else {}), **more}


def send(client: httpx.Client, kind: str, *entries: dict[str, Any]) -> httpx.Response:
    return client.post("/", json={"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def found(client: httpx.Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return sorted(each["resource"]["id"] for each in answer.json().get("entry", ()))


@pytest.mark.parametrize("criteria", ["identifier=&name=x", "name=x&identifier", "identifier="])
def test_a_criterion_without_a_value_never_widens_a_condition(sqlite_client: httpx.Client, criteria: str) -> None:
    body = {"resourceType": "Patient", "name": [{"family": "x"}]}
    answers = [
        sqlite_client.post("/Patient", json=body, headers={"if-none-exist": criteria}),
        sqlite_client.put(f"/Patient?{criteria}", json=body),
        sqlite_client.delete(f"/Patient?{criteria}"),
    ]
    entries = [entry("DELETE", f"Patient?{criteria}"), entry("POST", "Patient", body)]
    entries[1]["request"]["ifNoneExist"] = criteria
    answers += [send(sqlite_client, "transaction", each) for each in entries]
    assert [answer.status_code for answer in answers] == [400] * 5
    assert sqlite_client.post("/Patient?_format=", json=body).status_code == 201


def test_if_match_with_an_asterisk_asks_for_any_version_that_lives(client: httpx.Client) -> None:
    any_version = {"if-match": "*"}
    assert client.put("/Patient/any", json=patient("any"), headers=any_version).status_code == 412
    assert client.put("/Patient/any", json=patient("any")).status_code == 201
    assert client.put("/Patient/any", json=patient("any", active=True), headers=any_version).status_code == 200
    assert client.delete("/Patient/any", headers=any_version).status_code == 204
    assert client.put("/Patient/any", json=patient("any"), headers=any_version).status_code == 412


@pytest.mark.parametrize(
    ("url", "status"), [("Patient/never", 404), ("Patient?colour=red", 400), ("Patient/going", 410)]
)
def test_a_read_that_fails_takes_the_transaction_with_it(client: httpx.Client, url: str, status: int) -> None:
    client.put("/Patient/going", json=patient("going"))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Patient/coming", patient("coming")),
        entry("DELETE", "Patient/going"),
        entry("GET", url),
    )
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
    assert [client.get(f"/Patient/{name}").status_code for name in ("coming", "going")] == [404, 200]


def test_a_transaction_reads_what_it_writes(client: httpx.Client) -> None:
    body = patient("written")
    reads = [entry("GET", "Patient/written"), entry("GET", "Patient?_id=written"), entry("GET", "metadata")]
    answer = send(client, "transaction", entry("PUT", "Patient/written", body), *reads)
    statuses = [each["response"]["status"][:3] for each in answer.json()["entry"]]
    assert statuses == ["201", "200", "200", "200"]
    assert answer.json()["entry"][2]["resource"]["total"] == 1


def test_entries_of_a_batch_cannot_refer_to_each_other(sqlite_client: httpx.Client) -> None:
    refers = {key: value for key, value in observation("o", subject={"reference": URN}).items() if key != "id"}
    answer = send(
        sqlite_client,
        "batch",
        entry("POST", "Patient", {"resourceType": "Patient"}, fullUrl=URN),
        entry("POST", "Observation", refers),
    )
    made, refused = answer.json()["entry"]
    assert (made["response"]["status"][:3], refused["response"]["status"][:3]) == ("201", "400")
    assert refused["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1].resource.subject.reference"]


def test_canonicals_are_found_by_version_and_by_the_beginning_of_one(client: httpx.Client) -> None:
    profile, url = "http://example.com/StructureDefinition/versioned", "http://example.com/ValueSet/versioned"
    for key, version in (("v1", "1.2.3"), ("v2", "1.3.4"), ("v3", "2.1.6"), ("v4", "11.0.0")):
        body = observation(key, meta={"profile": [f"{profile}|{version}"]})
        assert client.put(f"/Observation/{key}", json=body).status_code < 300
        body = {"resourceType": "ValueSet", "id": key, "url": url, "version": version, "status": "draft"}
        assert client.put(f"/ValueSet/{key}", json=body).status_code < 300
    asked = {"": 4, "|1.2.3": 1, "|9": 0}
    assert {v: len(found(client, f"/Observation?_profile={profile}{v}")) for v in asked} == asked
    assert {v: len(found(client, f"/ValueSet?url={url}{v}")) for v in asked} == asked
    below = {"|1": 2, "|2": 1, "|1.2.3": 1, "|1.2.": 0, "": 4}
    assert {v: len(found(client, f"/Observation?_profile:below={profile}{v}")) for v in below} == below
    assert found(client, f"/ValueSet?url={url}|1.2.3,{url}|2.1.6") == ["v1", "v3"]


def test_codes_of_fhir_itself_are_compared_with_case(sqlite_client: httpx.Client) -> None:
    coding = {"system": "http://example.com/codes", "code": "Mixed"}
    sqlite_client.put("/Patient/m", json=patient("m", gender="male"))
    sqlite_client.put("/Observation/x", json=observation("x", status="final", code={"coding": [coding]}))
    system = "http://hl7.org/fhir/administrative-gender"
    assert (
        found(sqlite_client, "/Patient?gender=male") == found(sqlite_client, f"/Patient?gender={system}|male") == ["m"]
    )
    assert found(sqlite_client, "/Patient?gender=MALE") == found(sqlite_client, f"/Patient?gender={system}|MALE") == []
    assert found(sqlite_client, "/Patient?_id=m&gender:not=MALE") == ["m"]
    assert found(sqlite_client, "/Observation?status=FINAL") == []
    assert found(sqlite_client, "/Observation?code=mIXED") == ["x"]


def test_the_self_link_says_which_of_two_page_sizes_counted(sqlite_client: httpx.Client) -> None:
    for key in ("a", "b", "c"):
        sqlite_client.put(f"/Basic/{key}", json={"resourceType": "Basic", "id": key, "code": {"text": "x"}})
    answer = sqlite_client.get("/Basic?_count=1&_sort=_id&_count=2&_sort=-_id").json()
    assert [each["resource"]["id"] for each in answer["entry"]] == ["c", "b"]
    assert answer["link"][0]["url"].endswith("/Basic?_count=2&_sort=-_id")


def test_everything_of_a_patient_leaves_the_others_of_a_group_out(client: httpx.Client) -> None:
    who = {"reference": "Patient/ea"}
    link = [{"other": {"reference": "Patient/el"}, "type": "seealso"}]
    members = [{"entity": {"reference": f"Patient/{key}"}} for key in ("ea", "eb", "el")]
    for body in (
        patient("el"),
        patient("eb"),
        patient("ea", link=link),
        observation("ex", subject=who),
        {"resourceType": "Group", "id": "eg", "type": "person", "actual": True, "member": members},
    ):
        assert client.put(f"/{body['resourceType']}/{body['id']}", json=body).status_code == 201
    assert found(client, "/Patient/ea/$everything") == ["ea", "eg", "el", "ex"]


def test_an_include_of_everything_is_understood_as_others_write_it(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/ip", json=patient("ip"))
    sqlite_client.put("/Observation/io", json=observation("io", subject={"reference": "Patient/ip"}))
    assert found(sqlite_client, "/Observation?_id=io&_include=*:*") == ["io", "ip"]
    assert found(sqlite_client, "/Patient?_id=ip&_revinclude=*:*") == ["io", "ip"]
