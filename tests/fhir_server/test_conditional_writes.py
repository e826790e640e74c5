"""Conditional create, update, patch and delete over real HTTP, on both databases (FHIR R4 http.html)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import ids, patient

SYSTEM = "http://example.cn/mrn"
ONE = f"identifier={SYSTEM}|1"


def known(key: str, number: str = "1", **elements: Any) -> dict[str, Any]:
    """A Patient with an identifier; without a key it has no id."""
    made = patient(key, identifier=[{"system": SYSTEM, "value": number}], **elements)
    return made if key else {name: value for name, value in made.items() if name != "id"}


def code(response: httpx.Response) -> str:
    found: str = response.json()["issue"][0]["details"]["coding"][0]["code"]
    return found


def create(client: httpx.Client, resource: dict[str, Any], criteria: str, **headers: str) -> httpx.Response:
    return client.post("/Patient", json=resource, headers={"if-none-exist": criteria, **headers})


def two(client: httpx.Client) -> None:
    assert client.put("/Patient/a", json=known("a")).status_code == 201
    assert client.put("/Patient/b", json=known("b")).status_code == 201


def test_a_conditional_create_makes_one_resource_and_finds_it_again(client: httpx.Client) -> None:
    first = create(client, known(""), ONE)
    again = create(client, known("", gender="male"), ONE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["etag"] == 'W/"1"'
    assert again.json() == first.json()
    assert create(client, known(""), ONE, prefer="return=minimal").content == b""
    two(client)
    several = create(client, known(""), ONE)
    assert (several.status_code, code(several)) == (412, "multiple-matches")


@pytest.mark.parametrize(
    ("criteria", "status", "issue"),
    [
        ("", 400, "condition-empty"),
        ("_count=1", 400, "condition-empty"),
        ("identifier=", 400, "condition-valueless"),
        ("colour=red", 400, "search-parameter-unknown"),
        (f"{ONE}&colour=red", 400, "search-parameter-unknown"),
        ("birthdate=yesterday", 400, "search-value"),
        ("identifier=%FF", 400, "query-malformed"),
    ],
)
def test_criteria_that_cannot_be_used_refuse_the_write(
    sqlite_client: httpx.Client, criteria: str, status: int, issue: str
) -> None:
    lenient = {"prefer": "handling=lenient"}
    for answer in (
        create(sqlite_client, known(""), criteria, **lenient),
        sqlite_client.put(f"/Patient?{criteria}", json=known(""), headers=lenient),
        sqlite_client.delete(f"/Patient?{criteria}", headers=lenient),
    ):
        assert (answer.status_code, code(answer)) == (status, issue)


def test_criteria_may_come_with_their_type_or_a_question_mark(client: httpx.Client) -> None:
    assert create(client, known(""), f"Patient?{ONE}").status_code == 201
    assert create(client, known(""), f"?{ONE}").status_code == 200


def test_any_search_criteria_decide_a_conditional_create(client: httpx.Client) -> None:
    person = known("", name=[{"family": "李"}], birthDate="1980-02-03", gender="male")
    criteria = "family=%E6%9D%8E&birthdate=1980-02-03&gender=male"
    assert create(client, person, criteria).status_code == 201
    assert create(client, person, criteria).status_code == 200
    raw = {b"if-none-exist": "family=李&birthdate=lt1980".encode()}
    assert client.post("/Patient", json=person, headers=raw).status_code == 201


def test_a_conditional_update_creates_updates_or_refuses(client: httpx.Client) -> None:
    first = client.put(f"/Patient?{ONE}", json=known(""))
    assert first.status_code == 201
    found = first.json()["id"]
    changed = client.put(f"/Patient?{ONE}", json=known("", gender="male"))
    assert (changed.status_code, changed.json()["id"], changed.headers["etag"]) == (200, found, 'W/"2"')
    assert client.put(f"/Patient?{ONE}", json=known(found, gender="female")).status_code == 200
    other = client.put(f"/Patient?{ONE}", json=known("other"))
    assert (other.status_code, code(other)) == (400, "id-mismatch")
    two(client)
    several = client.put(f"/Patient?{ONE}", json=known(""))
    assert (several.status_code, code(several)) == (412, "multiple-matches")


def test_a_conditional_update_without_a_match_takes_the_id_of_the_body(client: httpx.Client) -> None:
    assert client.put(f"/Patient?{ONE}", json=known("mine")).status_code == 201
    assert client.get("/Patient/mine").status_code == 200
    taken = client.put(f"/Patient?identifier={SYSTEM}|2", json=known("mine", "2"))
    assert (taken.status_code, code(taken)) == (409, "id-taken")
    assert client.get("/Patient/mine").headers["etag"] == 'W/"1"'


def test_if_match_and_if_none_match_are_kept_by_conditional_updates(client: httpx.Client) -> None:
    assert client.put(f"/Patient?{ONE}", json=known(""), headers={"if-match": 'W/"1"'}).status_code == 412
    client.put(f"/Patient?{ONE}", json=known(""))
    assert client.put(f"/Patient?{ONE}", json=known(""), headers={"if-match": 'W/"2"'}).status_code == 412
    right = client.put(f"/Patient?{ONE}", json=known("", gender="male"), headers={"if-match": 'W/"1"'})
    assert right.status_code == 200
    only_new = client.put(f"/Patient?{ONE}", json=known(""), headers={"if-none-match": "*"})
    assert (only_new.status_code, code(only_new)) == (412, "exists-already")
    assert client.put("/Patient/n", json=patient("n"), headers={"if-none-match": "*"}).status_code == 201
    assert client.put("/Patient/n", json=patient("n"), headers={"if-none-match": "*"}).status_code == 412
    client.delete("/Patient/n")
    assert client.put("/Patient/n", json=patient("n"), headers={"if-none-match": "*"}).status_code == 201


def test_a_conditional_delete_takes_every_match_in_one_go(client: httpx.Client) -> None:
    assert client.delete(f"/Patient?{ONE}").status_code == 204
    two(client)
    client.put("/Patient/c", json=known("c", "2"))
    answer = client.delete(f"/Patient?{ONE}", headers={"prefer": "return=OperationOutcome"})
    assert (answer.status_code, code(answer)) == (200, "resources-deleted")
    assert answer.json()["issue"][0]["details"]["text"].startswith("2 ")
    assert ids(client.get("/Patient").json()) == ["Patient/c"]
    one = client.delete(f"/Patient?identifier={SYSTEM}|2")
    assert (one.status_code, one.headers["etag"]) == (204, 'W/"2"')


def test_a_conditional_patch_needs_its_one_match(client: httpx.Client) -> None:
    patch = b'[{"op":"add","path":"/gender","value":"male"}]'
    headers = {"content-type": "application/json-patch+json"}
    assert client.patch(f"/Patient?{ONE}", headers=headers, content=patch).status_code == 404
    client.put("/Patient/a", json=known("a"))
    patched = client.patch(f"/Patient?{ONE}", headers=headers, content=patch)
    assert (patched.status_code, patched.json()["gender"], patched.json()["id"]) == (200, "male", "a")
    client.put("/Patient/b", json=known("b"))
    assert client.patch(f"/Patient?{ONE}", headers=headers, content=patch).status_code == 412


def test_a_deleted_resource_matches_nothing(client: httpx.Client) -> None:
    first = create(client, known(""), ONE)
    client.delete(f"/Patient?{ONE}")
    assert create(client, known(""), ONE).headers["location"] != first.headers["location"]


def test_a_condition_never_finds_what_the_caller_may_not_see(guarded: httpx.Client) -> None:
    mine, theirs = {"x-owner": "A", "x-owners": "A"}, {"x-owner": "B", "x-owners": "B"}
    assert guarded.put("/Patient/b", json=known("b"), headers=theirs).status_code == 201
    assert create(guarded, known(""), ONE, **mine).status_code == 201
    assert create(guarded, known(""), ONE, **mine).status_code == 200
    assert guarded.put(f"/Patient?{ONE}", json=known("", gender="male"), headers=mine).status_code == 200
    assert guarded.get("/Patient/b", headers=theirs).headers["etag"] == 'W/"1"'
    taken = guarded.put(f"/Patient?identifier={SYSTEM}|9", json=known("b", "9"), headers=mine)
    assert (taken.status_code, code(taken)) == (409, "id-taken")
    assert guarded.delete(f"/Patient?{ONE}", headers=mine).status_code == 204
    assert guarded.get("/Patient/b", headers=theirs).status_code == 200
    nobody = {"x-owners": ""}
    assert guarded.delete(f"/Patient?{ONE}", headers=nobody).status_code == 204
    assert guarded.get("/Patient/b", headers=theirs).status_code == 200
