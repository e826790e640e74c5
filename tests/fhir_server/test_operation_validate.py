"""$validate: modes, profiles, the stored resource; and how in-parameters are read, which is the same for all."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import observation, patient

Json = dict[str, Any]
GOOD: Json = {"resourceType": "Patient", "gender": "male"}
BAD: Json = {"resourceType": "Patient", "gender": "m"}


def codes(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [issue.get("details", {}).get("coding", [{}])[0].get("code", "ok") for issue in answer.json()["issue"]]


def parameters(*rows: Json) -> Json:
    return {"resourceType": "Parameters", "parameter": list(rows)}


def test_the_resource_comes_as_it_is_or_in_parameters(sqlite_client: httpx.Client) -> None:
    post = sqlite_client.post
    assert codes(post("/Patient/$validate", json=GOOD)) == ["ok"]
    assert codes(post("/Patient/$validate", json=BAD)) == ["code-not-in-valueset"]
    assert codes(post("/Patient/$validate", json=parameters({"name": "resource", "resource": BAD}))) == [
        "code-not-in-valueset"
    ]
    assert codes(post("/Patient/$validate", content=b'{"resourceType":')) == ["json-malformed"]
    assert codes(post("/Observation/$validate", json=GOOD)) == ["type-mismatch"]


def test_nothing_is_stored(sqlite_client: httpx.Client) -> None:
    sqlite_client.post("/Patient/$validate?mode=create", json={**GOOD, "id": "not-stored"})
    assert sqlite_client.get("/Patient/not-stored").status_code == 404


def test_the_stored_resource_is_judged_by_get(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/v", json=patient("v"))
    assert codes(sqlite_client.get("/Patient/v/$validate")) == ["ok"]
    vital = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    sqlite_client.put("/Observation/v", json=observation("v"))
    assert "element-required" in codes(sqlite_client.get("/Observation/v/$validate", params={"profile": vital}))
    assert sqlite_client.get("/Patient/never/$validate").status_code == 404


def test_a_profile_that_is_not_known_is_said(sqlite_client: httpx.Client) -> None:
    asked = {"profile": "http://x.test/none"}
    assert codes(sqlite_client.post("/Patient/$validate", params=asked, json=GOOD)) == ["profile-unknown"]


def test_an_update_needs_the_id_of_its_address(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/u", json=patient("u"))
    post = sqlite_client.post
    assert codes(post("/Patient/u/$validate?mode=update", json={**GOOD, "id": "u"})) == ["ok"]
    assert codes(post("/Patient/u/$validate?mode=update", json={**GOOD, "id": "x"})) == ["id-mismatch"]
    assert post("/Patient/$validate?mode=update", json=GOOD).status_code == 400


def test_a_delete_is_judged_by_who_refers_to_it(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/d", json=patient("d"))
    assert codes(sqlite_client.get("/Patient/d/$validate?mode=delete")) == ["ok"]
    sqlite_client.put("/Observation/d", json=observation("d", subject={"reference": "Patient/d"}))
    assert codes(sqlite_client.get("/Patient/d/$validate?mode=delete")) == ["reference-held"]
    assert sqlite_client.delete("/Patient/d").status_code == 409
    assert sqlite_client.get("/Patient/none/$validate?mode=delete").status_code == 404
    assert sqlite_client.get("/Patient/$validate?mode=delete").status_code == 400


@pytest.mark.parametrize(
    ("query", "body", "code"),
    [
        ("?mode=some", GOOD, "operation-parameter-value"),
        ("?mood=create", GOOD, "operation-parameter-unknown"),
        ("?profile=http://a.test&profile=http://b.test", GOOD, "operation-parameter-many"),
        ("?resource=x", GOOD, "operation-parameter-body"),
        ("", parameters({"name": "mode", "valueCode": "create"}), "operation-parameter-missing"),
        ("", parameters({"name": "mode", "valueBoolean": True}), "operation-parameter-value"),
        ("", parameters({"name": "other", "valueString": "x"}), "operation-parameter-unknown"),
        ("", {"resourceType": "Parameters", "parameter": {"name": "mode"}}, "operation-input"),
        ("", parameters({"name": "mode", "valueCode": "create", "valueString": "x"}), "operation-parameter-value"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    sqlite_client: httpx.Client, query: str, body: Json, code: str
) -> None:
    answer = sqlite_client.post(f"/Patient/$validate{query}", json=body)
    assert answer.status_code == 400
    assert code in {issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]}


def test_values_of_the_same_family_are_taken(sqlite_client: httpx.Client) -> None:
    rows = ({"name": "resource", "resource": GOOD}, {"name": "mode", "valueString": "create"})
    assert codes(sqlite_client.post("/Patient/$validate", json=parameters(*rows))) == ["ok"]


def test_what_the_caller_may_not_see_is_not_there(guarded: httpx.Client) -> None:
    guarded.put("/Patient/h", json=patient("h"), headers={"x-owner": "one"})
    assert guarded.get("/Patient/h/$validate", headers={"x-owners": "two"}).status_code == 404
    assert guarded.get("/Patient/h/$validate", headers={"x-owners": "one"}).status_code == 200


def test_operations_are_called_with_get_and_post_alone(sqlite_client: httpx.Client) -> None:
    refused = sqlite_client.put("/Patient/$validate", json=GOOD)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
    assert sqlite_client.post("/Patient/$unknown", json=GOOD).status_code == 404
    assert sqlite_client.post("/$validate", json=GOOD).status_code == 404


def test_an_operation_answers_inside_a_batch(sqlite_client: httpx.Client) -> None:
    entry = {"request": {"method": "POST", "url": "Patient/$validate"}, "resource": BAD}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    found = sqlite_client.post("/", json=bundle).json()["entry"][0]
    assert found["response"]["status"] == "200 OK"
    assert found["resource"]["issue"][0]["severity"] == "error"
