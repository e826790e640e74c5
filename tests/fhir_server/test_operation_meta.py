"""$meta, $meta-add, $meta-delete: labels as sets, in one resource and in all."""

from __future__ import annotations

from typing import Any

import httpx

from tests.fhir_server.conftest import patient

Json = dict[str, Any]
TAG = {"system": "http://x.test/tags", "code": "seen"}
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
PROFILE = "http://x.test/StructureDefinition/p"
HOSPITAL: Json = {"resourceType": "Organization", "id": "o", "name": "Hospital"}


def meta(answer: httpx.Response) -> Json:
    assert answer.status_code == 200, answer.text
    listed = answer.json().get("parameter", [])
    found: Json = listed[0]["valueMeta"] if listed else {}
    return found


def change(client: httpx.Client, address: str, value: Json, **headers: str) -> httpx.Response:
    body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": value}]}
    return client.post(address, json=body, headers=headers)


def test_labels_are_added_once_and_taken_away(client: httpx.Client) -> None:
    client.put("/Patient/a", json=patient("a", gender="male"))
    added = meta(
        change(client, "/Patient/a/$meta-add", {"tag": [TAG, {**TAG, "display": "again"}], "security": [LABEL]})
    )
    assert (added["tag"], added["security"], added["versionId"]) == ([TAG], [LABEL], "2")
    again = meta(change(client, "/Patient/a/$meta-add", {"tag": [{**TAG, "display": "other"}], "profile": [PROFILE]}))
    assert (again["tag"], again["profile"]) == ([TAG], [PROFILE])
    less = meta(change(client, "/Patient/a/$meta-delete", {"security": [LABEL], "tag": [{"code": "never"}]}))
    assert "security" not in less
    assert (less["tag"], less["profile"]) == ([TAG], [PROFILE])
    stored = client.get("/Patient/a").json()
    assert (stored["meta"], stored["gender"]) == (less, "male")


def test_the_change_is_a_version_of_its_own(client: httpx.Client) -> None:
    client.put("/Patient/a", json=patient("a"))
    change(client, "/Patient/a/$meta-add", {"tag": [TAG]})
    assert "tag" not in meta(client.get("/Patient/a/_history/1/$meta"))
    assert meta(client.get("/Patient/a/_history/2/$meta"))["tag"] == [TAG]
    assert change(client, "/Patient/a/_history/1/$meta-add", {"tag": [TAG]}).status_code == 400
    assert client.get("/Patient/a/_history/9/$meta").status_code == 404


def test_labels_that_are_there_already_make_no_version(client: httpx.Client) -> None:
    client.put("/Patient/a", json=patient("a", meta={"tag": [TAG]}))
    assert meta(change(client, "/Patient/a/$meta-add", {"tag": [TAG]}))["versionId"] == "1"


def test_what_changed_in_between_is_refused(client: httpx.Client) -> None:
    client.put("/Patient/a", json=patient("a"))
    refused = change(client, "/Patient/a/$meta-add", {"tag": [TAG]}, **{"if-match": 'W/"7"'})
    assert refused.status_code == 412
    assert change(client, "/Patient/a/$meta-add", {"tag": [TAG]}, **{"if-match": 'W/"1"'}).status_code == 200


def test_the_labels_in_use_are_told_by_type_and_for_all(client: httpx.Client) -> None:
    assert meta(client.get("/$meta")) == {}
    client.put("/Patient/a", json=patient("a", meta={"tag": [TAG]}))
    client.put("/Patient/b", json=patient("b", meta={"tag": [TAG], "profile": [PROFILE]}))
    client.put("/Organization/o", json={**HOSPITAL, "meta": {"security": [LABEL]}})
    assert meta(client.get("/Patient/$meta")) == {"tag": [TAG], "profile": [PROFILE]}
    assert meta(client.get("/$meta")) == {"tag": [TAG], "profile": [PROFILE], "security": [LABEL]}
    client.delete("/Patient/b")
    assert meta(client.get("/Patient/$meta")) == {"tag": [TAG]}


def test_a_caller_learns_of_labels_he_may_see(guarded: httpx.Client) -> None:
    guarded.put("/Patient/a", json=patient("a", meta={"tag": [TAG]}), headers={"x-owner": "one"})
    assert meta(guarded.get("/Patient/$meta", headers={"x-owners": "two"})) == {}
    assert change(guarded, "/Patient/a/$meta-add", {"tag": [TAG]}, **{"x-owners": "two"}).status_code == 404
    assert meta(guarded.get("/Patient/$meta", headers={"x-owners": "one"})) == {"tag": [TAG]}


def test_a_resource_that_is_gone(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/gone", json=patient("gone"))
    sqlite_client.delete("/Patient/gone")
    assert sqlite_client.get("/Patient/gone/$meta").status_code == 410
    assert change(sqlite_client, "/Patient/gone/$meta-add", {"tag": [TAG]}).status_code == 410
    assert change(sqlite_client, "/Patient/never/$meta-add", {"tag": [TAG]}).status_code == 404
    assert sqlite_client.post("/Patient/never/$meta-add", json={"resourceType": "Parameters"}).status_code == 400
