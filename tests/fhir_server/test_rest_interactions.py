"""The RESTful interactions over real HTTP, on both databases (FHIR R4 http.html)."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import ids, observation, patient

JSON = {"content-type": "application/fhir+json"}


def put(client: httpx.Client, resource: dict[str, Any], **headers: str) -> httpx.Response:
    return client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource, headers=headers)


def code(response: httpx.Response) -> str:
    """Our issue code of an OperationOutcome."""
    body = response.json()
    assert body["resourceType"] == "OperationOutcome"
    found: str = body["issue"][0]["details"]["coding"][0]["code"]
    return found


def test_a_created_resource_is_read_back_as_it_was_sent(client: httpx.Client) -> None:
    created = client.post("/Patient", json={"resourceType": "Patient", "id": "mine", "name": [{"text": "张三丰"}]})
    location = re.fullmatch(r"(.*)/Patient/([^/]+)/_history/1", created.headers["location"])
    assert created.status_code == 201
    assert location is not None
    assert location[1] == str(client.base_url).rstrip("/")
    assert location[2] != "mine"
    assert created.headers["etag"] == 'W/"1"'
    read = client.get(f"/Patient/{location[2]}")
    assert read.content == created.content
    assert read.headers["content-type"] == "application/fhir+json;charset=utf-8"
    assert read.json()["name"] == [{"text": "张三丰"}]
    assert read.headers["last-modified"].endswith("GMT")


def test_decimals_come_back_as_they_were_sent(client: httpx.Client) -> None:
    body = (
        b'{"resourceType":"Observation","id":"d","status":"final","code":{"text":"K"},"valueQuantity":{"value":1.10}}'
    )
    client.put("/Observation/d", content=body, headers=JSON)
    assert b'"value":1.10}' in client.get("/Observation/d").content


def test_an_update_makes_the_next_version_and_the_old_one_stays_readable(client: httpx.Client) -> None:
    assert put(client, patient("p", gender="male")).status_code == 201
    second = put(client, patient("p", gender="female"))
    assert (second.status_code, second.headers["etag"]) == (200, 'W/"2"')
    assert second.headers["location"].endswith("/Patient/p/_history/2")
    assert client.get("/Patient/p").json()["gender"] == "female"
    assert client.get("/Patient/p/_history/1").json()["gender"] == "male"
    assert client.get("/Patient/p/_history/2").json()["meta"]["versionId"] == "2"


def test_an_identical_update_makes_no_version(client: httpx.Client) -> None:
    put(client, patient("p", gender="male"))
    again = put(client, patient("p", gender="male"))
    assert (again.status_code, again.headers["etag"]) == (200, 'W/"1"')


def test_an_update_of_another_version_than_the_callers_is_refused(client: httpx.Client) -> None:
    put(client, patient("p", gender="male"))
    put(client, patient("p", gender="female"))
    stale = put(client, patient("p", gender="other"), **{"if-match": 'W/"1"'})
    assert (stale.status_code, code(stale)) == (412, "version-conflict")
    assert put(client, patient("p", gender="other"), **{"if-match": 'W/"2"'}).status_code == 200
    assert put(client, patient("new"), **{"if-match": 'W/"1"'}).status_code == 412
    odd = put(client, patient("p"), **{"if-match": "yesterday"})
    assert (odd.status_code, code(odd)) == (400, "header-invalid")


def test_a_deleted_resource_is_gone_and_its_versions_are_not(client: httpx.Client) -> None:
    put(client, patient("p"))
    gone = client.delete("/Patient/p")
    assert (gone.status_code, gone.content) == (204, b"")
    assert "content-type" not in gone.headers
    assert client.delete("/Patient/p").status_code == 204
    read = client.get("/Patient/p")
    assert (read.status_code, code(read)) == (410, "gone")
    assert client.get("/Patient/p/_history/1").status_code == 200
    assert client.get("/Patient/p/_history/2").status_code == 410
    back = put(client, patient("p"))
    assert (back.status_code, back.headers["etag"]) == (201, 'W/"3"')


def test_the_history_shows_every_version_the_newest_first(client: httpx.Client) -> None:
    put(client, patient("p", gender="male"))
    put(client, patient("p", gender="female"))
    client.delete("/Patient/p")
    history = client.get("/Patient/p/_history").json()
    assert (history["type"], history["total"]) == ("history", 3)
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "PUT", "PUT"]
    assert [entry["response"]["etag"] for entry in history["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [entry["response"]["status"][:3] for entry in history["entry"]] == ["204", "200", "201"]
    assert "resource" not in history["entry"][0]
    assert history["entry"][2]["resource"]["gender"] == "male"


def test_the_history_is_paged_by_links(client: httpx.Client) -> None:
    for gender in ("male", "female", "other", "unknown", "male"):
        put(client, patient("p", gender=gender))
    address, seen = f"{client.base_url}Patient/p/_history?_count=2", []
    while address:
        page = client.get(address).json()
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
    assert seen == ["5", "4", "3", "2", "1"]


def test_what_never_was_is_not_found(client: httpx.Client) -> None:
    for answer in (
        client.get("/Patient/none"),
        client.get("/Patient/none/_history"),
        client.get("/Patient/none/_history/1"),
    ):
        assert (answer.status_code, code(answer)) == (404, "not-found")
    assert client.delete("/Patient/none").status_code == 204  # as gone as was asked, http.html#delete
    put(client, patient("p"))
    assert client.get("/Patient/p/_history/7").status_code == 404
    assert client.get("/Patient/p/_history/abc").status_code == 404


def test_what_is_only_referred_to_is_not_found(client: httpx.Client) -> None:
    put(client, observation("o", subject={"reference": "Patient/later"}))
    assert client.get("/Patient/later").status_code == 404
    assert put(client, patient("later")).status_code == 201


def test_an_invalid_resource_is_refused_with_the_place_of_each_fault(client: httpx.Client) -> None:
    refused = client.post("/Patient", json={"resourceType": "Patient", "gender": "man", "colour": "red"})
    assert refused.status_code == 422
    expressions = {issue["expression"][0] for issue in refused.json()["issue"]}
    assert any(expression.startswith("Patient.gender") for expression in expressions)
    assert client.get("/Patient").json()["total"] == 0


@pytest.mark.parametrize(
    ("prefer", "shape"),
    [("return=minimal", ""), ("return=representation", "Patient"), ("return=OperationOutcome", "OperationOutcome")],
)
def test_prefer_says_what_a_write_returns(sqlite_client: httpx.Client, prefer: str, shape: str) -> None:
    answer = put(sqlite_client, patient("prefer"), prefer=prefer)
    assert answer.status_code in (200, 201)
    assert (answer.json()["resourceType"] if answer.content else "") == shape
    assert "content-type" in answer.headers if shape else "content-type" not in answer.headers


def test_a_conditional_read_saves_the_body(client: httpx.Client) -> None:
    put(client, patient("p"))
    same = client.get("/Patient/p", headers={"if-none-match": 'W/"1"'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", 'W/"1"')
    assert client.get("/Patient/p", headers={"if-none-match": 'W/"9"'}).status_code == 200


def test_head_is_get_without_the_body(client: httpx.Client) -> None:
    put(client, patient("p"))
    head, get = client.head("/Patient/p"), client.get("/Patient/p")
    assert head.content == b""
    for name in ("content-length", "etag", "content-type", "last-modified"):
        assert head.headers[name] == get.headers[name]
    assert client.head("/Patient/none").status_code == 404


def test_pretty_is_indented_and_means_the_same(client: httpx.Client) -> None:
    put(client, patient("p", name=[{"text": "张"}]))
    pretty = client.get("/Patient/p?_pretty=true")
    assert pretty.content.startswith(b'{\n  "resourceType"')
    assert pretty.json() == client.get("/Patient/p").json()


@pytest.mark.parametrize(
    "asked", ["json", "application/json", "application/fhir+json", "application/fhir%2Bjson", "text/json"]
)
def test_format_may_name_json_in_every_way(sqlite_client: httpx.Client, asked: str) -> None:
    assert sqlite_client.get(f"/Patient?_format={asked}", headers={"accept": "image/png"}).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json", 200),
        ("application/fhir+json;fhirVersion=4.0", 200),
        ("text/html, application/json;q=0.8", 200),
        ("*/*", 200),
        ("application/fhir+xml", 200),
        ("application/fhir+turtle", 406),
        ("application/json;q=0", 406),
        ("image/png", 406),
    ],
)
def test_accept_is_negotiated(sqlite_client: httpx.Client, accept: str, status: int) -> None:
    assert sqlite_client.get("/Patient", headers={"accept": accept}).status_code == status


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/fhir+json", 200),
        ("application/json; charset=UTF-8", 200),
        ("", 200),
        ("application/json; charset=gbk", 415),
        ("application/fhir+turtle", 415),
        ("text/plain", 415),
    ],
)
def test_a_body_is_fhir_in_utf8(sqlite_client: httpx.Client, content_type: str, status: int) -> None:
    sqlite_client.put("/Patient/media", json=patient("media"))
    headers = {"content-type": content_type} if content_type else {}
    body = b'{"resourceType":"Patient","id":"media"}'
    assert sqlite_client.put("/Patient/media", content=body, headers=headers).status_code == status


def test_a_search_pages_through_links_and_shows_how_it_was_understood(client: httpx.Client) -> None:
    for number in range(5):
        put(client, patient(f"p{number}", name=[{"text": "张 & 李"}]))
    page = client.get("/Patient", params={"name": "张", "_count": "2", "_sort": "_id"}).json()
    assert (page["type"], page["total"], ids(page)) == ("searchset", 5, ["Patient/p0", "Patient/p1"])
    links = {link["relation"]: link["url"] for link in page["link"]}
    assert "name=%E5%BC%A0&_count=2&_sort=_id" in links["self"]
    seen = ids(page)
    while "next" in links:
        page = client.get(links["next"]).json()
        links = {link["relation"]: link["url"] for link in page["link"]}
        seen = [*seen, *ids(page)]
    assert seen == [f"Patient/p{number}" for number in range(5)]


def test_entries_carry_their_full_url_and_the_stored_body(client: httpx.Client) -> None:
    put(client, patient("p"))
    entry = client.get("/Patient").json()["entry"][0]
    assert entry["fullUrl"] == f"{str(client.base_url).rstrip('/')}/Patient/p"
    assert entry["resource"] == client.get("/Patient/p").json()


def test_includes_are_marked_as_such(client: httpx.Client) -> None:
    put(client, patient("p"))
    put(client, observation("o", subject={"reference": "Patient/p"}))
    bundle = client.get("/Observation?_include=Observation:subject").json()
    assert (ids(bundle), ids(bundle, "include"), bundle["total"]) == (["Observation/o"], ["Patient/p"], 1)


def test_a_search_may_be_posted_as_a_form(client: httpx.Client) -> None:
    put(client, patient("p", name=[{"text": "张"}]))
    put(client, patient("q", name=[{"text": "李"}]))
    form = client.post("/Patient/_search", data={"name": "张"})
    assert ids(form.json()) == ["Patient/p"]
    both = client.post("/Patient/_search?name=李", data={"_id": "q"})
    assert ids(both.json()) == ["Patient/q"]


def test_an_unknown_parameter_refuses_unless_the_caller_is_lenient(sqlite_client: httpx.Client) -> None:
    strict = sqlite_client.get("/Patient?colour=red")
    assert (strict.status_code, code(strict)) == (400, "search-parameter-unknown")
    lenient = sqlite_client.get("/Patient?colour=red&_count=1", headers={"prefer": "handling=lenient"}).json()
    assert "colour" not in lenient["link"][0]["url"]
    assert lenient["entry"][-1]["search"]["mode"] == "outcome"


def test_a_page_link_that_was_changed_is_refused(client: httpx.Client) -> None:
    for number in range(3):
        put(client, patient(f"p{number}"))
    link = next(x["url"] for x in client.get("/Patient?_count=1").json()["link"] if x["relation"] == "next")
    assert client.get(link).status_code == 200
    for forged in (link[:-3] + "AAA", link.replace("_count=1", "_count=2"), link.replace("_cursor=", "_cursor=x")):
        answer = client.get(forged)
        assert (answer.status_code, code(answer)) == (400, "search-cursor")


def test_parts_of_resources_are_marked_and_keep_what_is_required(client: httpx.Client) -> None:
    text = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    put(client, observation("o", text=text, note=[{"text": "n"}], effectiveDateTime="2026-05-01"))

    def names(query: str) -> set[str]:
        part = client.get(f"/Observation?{query}").json()["entry"][0]["resource"]
        assert part["meta"]["tag"][-1]["code"] == "SUBSETTED"
        return set(part) - {"resourceType", "id", "meta"}

    assert names("_summary=true") == {"status", "code", "effectiveDateTime"}
    assert names("_summary=text") == {"text", "status", "code"}
    assert names("_summary=data") == {"status", "code", "note", "effectiveDateTime"}
    assert names("_elements=note") == {"status", "code", "note"}
    assert names("_elements=effective") == {"status", "code", "effectiveDateTime"}
    assert "entry" not in client.get("/Observation?_summary=count").json()


def test_an_update_must_carry_the_id_and_the_type_of_its_address(sqlite_client: httpx.Client) -> None:
    other = sqlite_client.put("/Patient/a", json=patient("b"))
    none = sqlite_client.put("/Patient/a", json={"resourceType": "Patient"})
    kind = sqlite_client.put("/Patient/a", json=observation("a"))
    assert [(r.status_code, code(r)) for r in (other, none, kind)] == [
        (400, "id-mismatch"),
        (400, "id-mismatch"),
        (400, "type-mismatch"),
    ]


@pytest.mark.parametrize(
    ("method", "address", "status", "issue"),
    [
        ("GET", "/Nothing/1", 404, "type-unknown"),
        ("POST", "/Nothing", 404, "type-unknown"),
        ("GET", "/Patient/1/2", 404, "type-unknown"),
        ("GET", "/Patient/$nothing", 404, "interaction-unknown"),
        ("GET", "/Patient/_nothing", 404, "interaction-unknown"),
        ("PUT", "/", 405, "method-not-allowed"),
        ("POST", "/Patient/1", 405, "method-not-allowed"),
        ("PATCH", "/Patient/1", 415, "media-type"),
        ("DELETE", "/metadata", 405, "method-not-allowed"),
        ("GET", "/Patient/" + "x" * 65, 400, "id-invalid"),
        ("GET", "/Patient/a_b", 400, "id-invalid"),
        ("GET", "/Patient/%E5%BC%A0", 400, "id-invalid"),
        ("GET", "/Patient/a%2Fb", 400, "id-invalid"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(
    sqlite_client: httpx.Client, method: str, address: str, status: int, issue: str
) -> None:
    answer = sqlite_client.request(method, address)
    assert (answer.status_code, code(answer)) == (status, issue)
    assert status != 405 or answer.headers["allow"]


def test_every_answer_carries_the_security_headers(sqlite_client: httpx.Client) -> None:
    for answer in (sqlite_client.get("/Patient"), sqlite_client.get("/Patient/none"), sqlite_client.get("/metadata")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


# ------------------------------------------------------------------------------------- scope


def test_a_caller_reads_searches_and_changes_his_own_institutions_data_only(guarded: httpx.Client) -> None:
    mine, theirs = {"x-owner": "A", "x-owners": "A"}, {"x-owner": "B", "x-owners": "B"}
    assert guarded.put("/Patient/a", json=patient("a"), headers=mine).status_code == 201
    assert guarded.put("/Patient/b", json=patient("b"), headers=theirs).status_code == 201
    assert guarded.get("/Patient/a", headers=mine).status_code == 200
    for address in ("/Patient/b", "/Patient/b/_history", "/Patient/b/_history/1"):
        assert guarded.get(address, headers=mine).status_code == 404
    assert ids(guarded.get("/Patient", headers=mine).json()) == ["Patient/a"]
    assert guarded.delete("/Patient/b", headers=mine).status_code == 204  # nothing there for him to delete
    assert guarded.get("/Patient/b", headers=theirs).status_code == 200
    assert guarded.put("/Patient/b", json=patient("b", gender="male"), headers=mine).status_code == 404
    assert guarded.get("/Patient/b", headers=theirs).json().get("gender") is None


def test_a_condition_on_a_version_tells_nothing_of_what_the_caller_may_not_see(guarded: httpx.Client) -> None:
    guarded.put("/Patient/theirs", json=patient("theirs"), headers={"x-owner": "B"})
    mine = {"x-owners": "A", "x-owner": "A"}
    for name in ("theirs", "nobodys"):
        for tag in ('W/"1"', 'W/"7"'):
            headers = mine | {"if-match": tag}
            assert guarded.put(f"/Patient/{name}", json=patient(name), headers=headers).status_code == 412
            assert guarded.delete(f"/Patient/{name}", headers=headers).status_code == 412
            change = {**headers, "content-type": "application/json-patch+json"}
            assert guarded.patch(f"/Patient/{name}", content=b"[]", headers=change).status_code == 412
    assert guarded.get("/Patient/theirs").status_code == 200


def test_a_page_link_serves_nobody_but_the_caller_it_was_made_for(guarded: httpx.Client) -> None:
    for number in range(4):
        guarded.put(f"/Patient/p{number}", json=patient(f"p{number}"), headers={"x-owner": "A"})
    first = guarded.get("/Patient?_count=1", headers={"x-owners": "A"}).json()
    link = next(x["url"] for x in first["link"] if x["relation"] == "next")
    assert guarded.get(link, headers={"x-owners": "A"}).status_code == 200
    assert guarded.get(link, headers={"x-owners": "A,B"}).status_code == 400


def test_an_empty_scope_sees_nothing_over_http(guarded: httpx.Client) -> None:
    guarded.put("/Patient/a", json=patient("a"), headers={"x-owner": "A"})
    nobody = {"x-owners": ""}
    assert guarded.get("/Patient", headers=nobody).json()["total"] == 0
    assert guarded.get("/Patient/a", headers=nobody).status_code == 404
    assert guarded.get("/Patient/a/_history", headers=nobody).status_code == 404
    assert guarded.get("/Patient?_summary=count", headers=nobody).json()["total"] == 0
