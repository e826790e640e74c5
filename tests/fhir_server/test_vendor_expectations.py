"""What the test suites of other servers and the letter of R4 ask for, each held against the running server."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("count", ["1001", "2147483647", "99999999999"])
def test_a_page_size_beyond_ours_is_no_error(sqlite_client: httpx.Client, count: str) -> None:
    for address in ("/Patient", "/Patient/_history", "/_history"):
        assert sqlite_client.get(f"{address}?_count={count}").status_code == 200


@pytest.mark.parametrize(
    "value", ["Observation:subject:", "Observation:subject:%20", "Observation:subject:Foo", "Foo:x"]
)
@pytest.mark.parametrize("name", ["_include", "_revinclude", "_include:iterate"])
def test_an_include_that_names_nothing_is_refused(sqlite_client: httpx.Client, name: str, value: str) -> None:
    assert sqlite_client.get(f"/Patient?{name}={value}").status_code == 400


@pytest.mark.parametrize(
    "part", ["_summary=true", "_summary=text", "_summary=data", "_elements=gender", "_elements=gender,name"]
)
def test_a_part_of_a_resource_never_replaces_the_whole(client: httpx.Client, part: str) -> None:
    narrative = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}
    whole = patient("w", gender="male", name=[{"family": "A"}], maritalStatus={"text": "m"}, text=narrative)
    assert client.put("/Patient/w", json=whole).status_code == 201
    partial = client.get(f"/Patient/w?{part}").json()
    answers = [
        client.put("/Patient/w", json=partial),
        client.put("/Patient?_id=w", json=partial),
        client.post("/Patient", json=partial),
        send(client, "transaction", entry("PUT", "Patient/w", partial)),
    ]
    codes = [answer.json()["issue"][0]["details"]["coding"][0]["code"] for answer in answers]
    assert [answer.status_code for answer in answers] == [422] * 4 and set(codes) == {"resource-subsetted"}
    assert client.get("/Patient/w").json()["meta"]["versionId"] == "1"
    del partial["meta"]["tag"]
    assert client.put("/Patient/w", json=partial).status_code == 200


def test_the_ids_a_caller_gives_to_its_request_come_back(sqlite_client: httpx.Client) -> None:
    given = {"x-request-id": "7c1e-1", "x-correlation-id": "https://his.example.cn/call/42"}
    for address in ("/Patient", "/Patient/never", "/Nothing/1", "/metadata"):
        answer = sqlite_client.get(address, headers=given)
        assert {name: answer.headers.get(name) for name in given} == given
    for odd in ("a b", "x" * 200):
        assert "x-request-id" not in sqlite_client.get("/Patient", headers={"x-request-id": odd}).headers
    assert "x-request-id" not in sqlite_client.get("/Patient").headers


def linked(bundle: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle["link"]}


@pytest.mark.parametrize("path", ["/Patient/h/_history", "/Patient/_history", "/_history"])
def test_a_history_is_read_forwards_and_backwards(client: httpx.Client, path: str) -> None:
    for number in range(7):
        client.put("/Patient/h", json=patient("h", birthDate=f"199{number}-01-01"))

    def versions(bundle: dict[str, Any]) -> list[str]:
        return [each["resource"]["meta"]["versionId"] for each in bundle["entry"]]

    page = client.get(f"{path}?_count=3").json()
    assert set(linked(page)) == {"self", "first", "next"}
    pages = [page]
    while "next" in linked(page):
        page = client.get(linked(page)["next"]).json()
        pages.append(page)
    assert [versions(each) for each in pages] == [["7", "6", "5"], ["4", "3", "2"], ["1"]]
    assert set(linked(page)) == {"self", "first", "previous"}
    client.put("/Patient/h", json=patient("h", birthDate="1999-01-01"))
    back = [page]
    while "previous" in linked(page):
        page = client.get(linked(page)["previous"]).json()
        back.append(page)
    assert [versions(each) for each in back] == [["1"], ["4", "3", "2"], ["7", "6", "5"]]
    assert {each["total"] for each in (*pages, *back)} == {7}
    assert versions(client.get(linked(page)["next"]).json()) == ["4", "3", "2"]
    assert versions(client.get(linked(page)["first"]).json()) == ["8", "7", "6"]


def test_a_search_of_all_types_asks_who_is_referred_to(client: httpx.Client) -> None:
    client.put("/Patient/a", json=patient("a"))
    client.put("/Patient/b", json=patient("b"))
    client.put("/Device/d", json={"resourceType": "Device", "id": "d"})
    for key, subject in (("o1", "Patient/a"), ("o2", "Device/d")):
        body = observation(key, subject={"reference": subject}, code={"coding": [{"system": "urn:c", "code": "x"}]})
        assert client.put(f"/Observation/{key}", json=body).status_code == 201
    assert found(client, "/?_has:Observation:subject:code=urn:c|x") == ["a", "d"]
    assert found(client, "/?_has:Observation:subject:code=urn:c|y") == []
    assert found(client, "/?_type=Patient&_has:Observation:subject:code=urn:c|x") == ["a"]
    assert client.get("/?_type=Observation&_has:Observation:subject:code=x").status_code == 400


@pytest.mark.parametrize("way", ["json", "escaped", "xml", "batch", "transaction"])
def test_a_reference_that_names_this_server_is_one_of_its_own(client: httpx.Client, way: str) -> None:
    base = str(client.base_url).rstrip("/")
    client.put("/Patient/t", json=patient("t", name=[{"family": "Own"}]))
    body = observation("o", subject={"reference": f"{base}/Patient/t"}, note=[{"text": f"see {base}/Patient/t"}])
    if way in ("batch", "transaction"):
        answer = send(client, way, entry("PUT", "Observation/o", body)).json()["entry"][0]["response"]["status"]
        assert answer.startswith("201")
    elif way == "xml":
        text = '<Observation xmlns="http://hl7.org/fhir"><id value="o"/><status value="final"/>'
        text += '<code><text value="K"/></code>'
        text += (
            f'<subject><reference value="{base}/Patient/t"/></subject><note><text value="see {base}/Patient/t"/></note>'
        )
        headers = {"content-type": "application/fhir+xml"}
        assert client.put("/Observation/o", content=text + "</Observation>", headers=headers).status_code == 201
    else:
        text = json.dumps(body).replace("/", "\\/" if way == "escaped" else "/")
        headers = {"content-type": "application/fhir+json"}
        assert client.put("/Observation/o", content=text, headers=headers).status_code == 201
    stored = client.get("/Observation/o").json()
    assert (stored["subject"]["reference"], stored["note"][0]["text"]) == ("Patient/t", f"see {base}/Patient/t")
    for value in ("Patient/t", "t", f"{base}/Patient/t"):
        assert found(client, f"/Observation?subject={value}") == ["o"]
    assert found(client, "/Observation?subject:Patient.name=own") == ["o"]
    assert found(client, "/Observation?_include=Observation:subject") == ["o", "t"]
    assert found(client, "/Patient/t/Observation") == ["o"]
    assert client.delete("/Patient/t").status_code == 409
    missing = observation("p", subject={"reference": f"{base}/Patient/nobody"})
    assert client.put("/Observation/p", json=missing).status_code == 409


def test_references_to_other_servers_and_inside_of_stored_bundles_stay(client: httpx.Client) -> None:
    base = str(client.base_url).rstrip("/")
    strange = ["http://other.example/fhir/Patient/1", f"{base}/Nothing/1", f"{base}x/Patient/1", f"{base}/Patient/1/x"]
    for number, reference in enumerate(strange):
        body = observation(f"s{number}", subject={"reference": reference})
        assert client.put(f"/Observation/s{number}", json=body).status_code == 201
        assert client.get(f"/Observation/s{number}").json()["subject"]["reference"] == reference
    inner = {
        "fullUrl": f"{base}/Observation/i",
        "resource": observation("i", subject={"reference": f"{base}/Patient/1"}),
    }
    bundle = {"resourceType": "Bundle", "id": "b", "type": "collection", "entry": [inner]}
    assert client.put("/Bundle/b", json=bundle).status_code == 201
    assert client.get("/Bundle/b").json()["entry"][0]["resource"]["subject"]["reference"] == f"{base}/Patient/1"


def test_a_form_may_hold_chinese_as_it_is(client: httpx.Client) -> None:
    client.put("/Patient/z", json=patient("z", name=[{"text": "张三+1&"}]))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    for form, status, total in (
        ("name=张三", 200, 1),
        ("name=%E5%BC%A0三", 200, 1),
        ("name:exact=张三%2B1%26", 200, 1),
        ("name=李四", 200, 0),
    ):
        answer = client.post("/Patient/_search", content=form.encode(), headers=headers)
        assert (answer.status_code, answer.json().get("total")) == (status, total), form
    assert client.post("/Patient/_search", content="name=张三".encode("gb18030"), headers=headers).status_code == 400


@pytest.mark.parametrize(
    "sort", ["-name,-name", "name,-name", "_id,_id", "birthdate,birthdate,name", "_lastUpdated,_lastUpdated"]
)
def test_a_sort_key_that_is_named_twice_counts_once(client: httpx.Client, sort: str) -> None:
    for key, family in (("a", "B"), ("b", "A"), ("c", "C")):
        client.put(f"/Patient/{key}", json=patient(key, name=[{"family": family}]))
    first = sort.partition(",")[0]
    once, twice = (client.get(f"/Patient?_sort={keys}&_count=2") for keys in (first, sort))
    assert (once.status_code, twice.status_code) == (200, 200)
    if not sort.startswith("birthdate"):
        assert [e["fullUrl"] for e in twice.json()["entry"]] == [e["fullUrl"] for e in once.json()["entry"]]
    assert len(client.get(linked(twice.json())["next"]).json()["entry"]) == 1


def test_a_list_of_operations_is_a_patch_whatever_json_it_is_called(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/plain", json=patient("plain", active=True))
    answer = sqlite_client.patch("/Patient/plain", json=[{"op": "replace", "path": "/active", "value": False}])
    assert (answer.status_code, answer.json()["active"]) == (200, False)


def test_a_search_by_post_says_what_it_takes(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.post("/Patient/_search", json={"name": "x"})
    assert answer.status_code == 415
    assert "application/x-www-form-urlencoded" in answer.json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("url", ["\\,", "a\\", "\\$", "$", "a,b", "|"])
def test_a_canonical_of_any_characters_is_looked_for(sqlite_client: httpx.Client, url: str) -> None:
    for path, query in (("CodeSystem/$lookup", {"system": url, "code": "x"}), ("ValueSet/$expand", {"url": url})):
        assert sqlite_client.get(f"/{path}", params=query).status_code in (400, 404, 422)
