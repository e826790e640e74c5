"""`X-Provenance`: what a caller tells of a write is stored with it, in one unit, and points to the version written."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import ids, patient

AGENT = {"who": {"identifier": {"system": "urn:oid:1.2.3", "value": "d1"}, "display": "王医生"}}
TOLD: dict[str, Any] = {"resourceType": "Provenance", "recorded": "2026-05-01T08:00:00+08:00", "agent": [AGENT]}


def told(**elements: Any) -> dict[str, str]:
    return {"x-provenance": json.dumps(TOLD | elements)}


def of(client: httpx.Client, target: str, **headers: str) -> list[dict[str, Any]]:
    found = client.get("/Provenance", params={"target": target}, headers=headers).json()
    return [entry["resource"] for entry in found.get("entry", ())]


def code(answer: httpx.Response) -> tuple[int, str, str]:
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["expression"][0]


def test_each_write_has_its_provenance_of_its_version(client: httpx.Client) -> None:
    created = client.post("/Patient", json={"resourceType": "Patient"}, headers=told())
    assert created.status_code == 201 and created.json()["resourceType"] == "Patient"
    address = f"Patient/{created.json()['id']}"
    body = created.json() | {"active": True}
    assert client.put(f"/{address}", json=body, headers=told()).status_code == 200
    patch = [{"op": "replace", "path": "/active", "value": False}]
    media = {"content-type": "application/json-patch+json"}
    assert client.patch(f"/{address}", content=json.dumps(patch), headers=told() | media).status_code == 200
    targets = sorted(each["target"][0]["reference"] for each in of(client, address))
    assert targets == [f"{address}/_history/{version}" for version in (1, 2, 3)]
    assert {each["agent"][0]["who"]["display"] for each in of(client, address)} == {"王医生"}
    with_it = client.get("/Patient", params={"_id": address[8:], "_revinclude": "Provenance:target"}).json()
    assert len(ids(with_it, "include")) == 3


def test_utf_8_as_it_is_is_understood(sqlite_client: httpx.Client) -> None:
    text = json.dumps(TOLD, ensure_ascii=False).encode()
    answer = sqlite_client.request(
        "PUT",
        "/Patient/u",
        json=patient("u"),
        headers=[(b"x-provenance", text)],  # type: ignore[list-item]
    )
    assert answer.status_code == 201
    assert of(sqlite_client, "Patient/u")[0]["agent"][0]["who"]["display"] == "王医生"


def test_a_condition_decides_what_is_told(client: httpx.Client) -> None:
    identified = {"resourceType": "Patient", "identifier": [{"system": "urn:s", "value": "7"}]}
    once = {"if-none-exist": "identifier=urn:s|7"}
    first = client.post("/Patient", json=identified, headers=told() | once)
    again = client.post("/Patient", json=identified, headers=told() | once)
    assert (first.status_code, again.status_code) == (201, 200)
    address = f"Patient/{first.json()['id']}"
    assert len(of(client, address)) == 1, "of what was not created nothing is told"
    changed = client.put("/Patient?identifier=urn:s|7", json=identified | {"active": True}, headers=told())
    assert changed.status_code == 200
    assert {each["target"][0]["reference"] for each in of(client, address)} == {
        f"{address}/_history/1",
        f"{address}/_history/2",
    }


def test_what_else_was_named_stays_a_target(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/other", json=patient("other"))
    named = told(target=[{"reference": "Patient/t"}, {"reference": "Patient/other"}])
    assert sqlite_client.put("/Patient/t", json=patient("t"), headers=named).status_code == 201
    (found,) = of(sqlite_client, "Patient/other")
    assert [each["reference"] for each in found["target"]] == ["Patient/t/_history/1", "Patient/other"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("{", (400, "json-malformed", "http.X-Provenance")),
        ("[]", (400, "body-not-object", "http.X-Provenance")),
        ('{"resourceType":"Patient"}', (400, "type-mismatch", "http.X-Provenance")),
        ('{"resourceType":"Provenance"}', (422, "element-required", "http.X-Provenance")),
        (json.dumps(TOLD | {"target": "x"}), (422, "element-not-list", "http.X-Provenance.target")),
        (
            json.dumps(TOLD | {"agent": [{"who": {"reference": "Practitioner/nobody"}}]}),
            (409, "reference-missing", "http.X-Provenance.agent[0].who.reference"),
        ),
    ],
)
def test_what_is_wrong_with_it_refuses_the_write(
    client: httpx.Client, header: str, expected: tuple[int, str, str]
) -> None:
    answer = client.put("/Patient/w", json=patient("w"), headers={"x-provenance": header})
    assert code(answer) == expected, answer.text
    assert client.get("/Patient/w").status_code == 404


def test_a_refused_write_leaves_no_provenance(client: httpx.Client) -> None:
    assert client.put("/Patient/v", json=patient("v")).status_code == 201
    late = told() | {"if-match": 'W/"9"'}
    assert client.put("/Patient/v", json=patient("v", active=True), headers=late).status_code == 412
    assert client.get("/Provenance?_summary=count").json()["total"] == 0


def test_where_it_would_be_lost_it_is_refused_and_a_read_passes_it_over(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/d", json=patient("d"))
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    for answer in (
        sqlite_client.delete("/Patient/d", headers=told()),
        sqlite_client.post("/", json=bundle, headers=told()),
    ):
        assert code(answer) == (400, "provenance-place", "http.X-Provenance")
    assert sqlite_client.get("/Patient/d", headers=told()).status_code == 200


def test_it_belongs_to_the_institution_of_the_caller(guarded: httpx.Client) -> None:
    own = {"x-owner": "a", "x-owners": "a"}
    other = {"x-owner": "b", "x-owners": "b"}
    assert guarded.put("/Patient/s", json=patient("s"), headers=told() | own).status_code == 201
    assert len(of(guarded, "Patient/s", **own)) == 1
    assert of(guarded, "Patient/s", **other) == []
    hidden = told(entity=[{"role": "source", "what": {"reference": "Patient/s"}}]) | other
    refused = guarded.put("/Patient/s2", json=patient("s2"), headers=hidden)
    assert code(refused) == (409, "reference-missing", "http.X-Provenance.entity[0].what.reference")
