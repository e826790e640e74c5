"""History of an instance, a type and the system: order, pages, times, deletes, scope."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from profiles.validator import validate
from tests.fhir_server.conftest import observation, patient

Json = dict[str, Any]


def history(client: httpx.Client, address: str, **headers: str) -> Json:
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert [issue for issue in validate(found) if issue.refuses] == []
    return found


def shown(bundle: Json) -> list[str]:
    """`PUT Patient/a 2` for each entry: method, what was asked for, version."""
    return [
        f"{e['request']['method']} {'/'.join(e['fullUrl'].split('/')[-2:])} {e['response']['etag'][3:-1]}"
        for e in bundle.get("entry", [])
    ]


@pytest.fixture
def told(client: httpx.Client) -> httpx.Client:
    """Two patients and an observation: created, updated, deleted, brought back."""
    client.put("/Patient/a", json=patient("a", gender="male"))
    client.put("/Patient/a", json=patient("a", gender="female"))
    client.put("/Patient/b", json=patient("b"))
    client.delete("/Patient/b")
    client.put("/Patient/b", json=patient("b", gender="other"))
    client.put("/Observation/o", json=observation("o"))
    return client


def test_all_versions_come_newest_first_with_the_request_that_made_each(told: httpx.Client) -> None:
    of_type = history(told, "/Patient/_history")
    assert shown(of_type) == [
        *("PUT Patient/b 3", "DELETE Patient/b 2", "PUT Patient/b 1", "PUT Patient/a 2", "PUT Patient/a 1"),
    ]
    assert of_type["total"] == 5
    assert [e["response"]["status"] for e in of_type["entry"]] == [
        *("201 Created", "204 No Content", "201 Created", "200 OK", "201 Created"),
    ]
    assert [("resource" in e) for e in of_type["entry"]] == [True, False, True, True, True]
    assert of_type["entry"][3]["resource"]["gender"] == "female"
    everything = history(told, "/_history")
    assert shown(everything) == ["PUT Observation/o 1", *shown(of_type)]
    assert shown(history(told, "/Patient/b/_history")) == shown(of_type)[:3]


def test_a_create_and_a_patch_are_told_as_such(client: httpx.Client) -> None:
    name = client.post("/Patient", json={"resourceType": "Patient"}).json()["id"]
    patch = b'[{"op":"add","path":"/gender","value":"male"}]'
    assert client.patch(f"/Patient/{name}", content=patch, headers={"content-type": "application/json-patch+json"})
    entries = history(client, f"/Patient/{name}/_history")["entry"]
    assert [e["request"] for e in entries] == [
        {"method": "PATCH", "url": f"Patient/{name}"},
        {"method": "POST", "url": "Patient"},
    ]


def test_pages_give_everything_once_while_others_write(told: httpx.Client) -> None:
    for number, address in enumerate(("/_history", "/Patient/_history", "/Patient/a/_history")):
        whole = shown(history(told, address))
        bundle = history(told, f"{address}?_count=1")
        told.put("/Patient/a", json=patient("a", multipleBirthInteger=number))
        told.put(f"/Patient/new-{number}", json=patient(f"new-{number}"))
        found = shown(bundle)
        while following := next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None):
            bundle = history(told, following)
            found += shown(bundle)
            assert bundle["total"] == len(whole)
        assert found == whole


def test_a_page_link_belongs_to_its_request(told: httpx.Client) -> None:
    following = history(told, "/Patient/_history?_count=1")["link"][1]["url"]
    mark = following.partition("_page=")[2]
    assert told.get(f"/_history?_count=1&_page={mark}").status_code == 400
    assert told.get(f"/Patient/_history?_count=2&_page={mark}").status_code == 400
    assert told.get(f"/Patient/_history?_count=1&_page={mark[:-2]}AA").status_code == 400
    assert told.get(f"/Patient/_history?_count=1&_page={mark}&_format=json").status_code == 200


def test_since_gives_what_came_at_that_time_or_later(told: httpx.Client) -> None:
    entries = history(told, "/_history")["entry"]
    for place, entry in enumerate(entries):
        at = entry["response"]["lastModified"]
        later = history(told, f"/_history?_since={at}")
        assert shown(later) == [
            each
            for each, e in zip(shown({"entry": entries}), entries, strict=True)
            if e["response"]["lastModified"] >= at
        ]
        assert len(later["entry"]) >= place + 1
    assert shown(history(told, "/_history?_since=2999-01-01T00:00:00Z")) == []
    assert history(told, "/Patient/_history?_since=2999-01-01T00:00:00Z")["total"] == 0


def test_at_gives_what_was_current_then(told: httpx.Client) -> None:
    times = {s: e["response"]["lastModified"] for s, e in _each(history(told, "/_history"))}
    then = shown(history(told, f"/_history?_at={times['PUT Patient/b 1']}"))
    assert {"PUT Patient/a 2", "PUT Patient/b 1"} <= set(then)
    assert "PUT Observation/o 1" not in then or times["PUT Observation/o 1"] == times["PUT Patient/b 1"]
    year = history(told, f"/_history?_at={times['PUT Patient/a 1'][:4]}")
    assert shown(year) == shown(history(told, "/_history"))
    now = shown(history(told, "/Patient/_history?_at=2999-01-01T00:00:00Z"))
    assert now == ["PUT Patient/b 3", "PUT Patient/a 2"]
    assert shown(history(told, "/_history?_at=1999")) == []


def _each(bundle: Json) -> list[tuple[str, Json]]:
    return list(zip(shown(bundle), bundle["entry"], strict=True))


def test_parts_and_amounts(told: httpx.Client) -> None:
    part = history(told, "/Patient/a/_history?_elements=birthDate")["entry"][0]["resource"]
    assert set(part) == {"resourceType", "id", "meta"}
    assert part["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert history(told, "/Patient/_history?_summary=count") | {"timestamp": ""} == {
        **{"resourceType": "Bundle", "type": "history", "timestamp": "", "total": 5},
        "link": [{"relation": "self", "url": f"{told.base_url}Patient/_history?_summary=count"}],
    }
    assert "total" not in history(told, "/Patient/_history?_total=none")
    assert history(told, "/Patient/_history?_total=accurate")["total"] == 5
    assert "entry" not in history(told, "/Patient/_history?_count=0")


@pytest.mark.parametrize(
    "query",
    ["_count=x", "_since=yesterday", "_at=now", "_list=1", "name=x", "_summary=all", "_count=1&_count=2", "_total=x"],
)
def test_what_cannot_be_read_is_refused(sqlite_client: httpx.Client, query: str) -> None:
    for address in ("/_history", "/Patient/_history"):
        assert sqlite_client.get(f"{address}?{query}").status_code == 400, address


def test_an_unknown_parameter_is_passed_over_when_lenient(sqlite_client: httpx.Client) -> None:
    assert sqlite_client.get("/_history?name=x", headers={"prefer": "handling=lenient"}).status_code == 200


def test_head_gives_the_headers_alone(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.head("/Patient/_history")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 0


def test_a_caller_sees_the_versions_of_what_he_may_see(guarded: httpx.Client) -> None:
    for owner in ("one", "two"):
        guarded.put(f"/Patient/{owner}", json=patient(owner), headers={"x-owner": owner})
        guarded.put(f"/Patient/{owner}", json=patient(owner, gender="male"), headers={"x-owner": owner})
    for address in ("/_history", "/Patient/_history"):
        own = history(guarded, address, **{"x-owners": "one"})
        assert shown(own) == ["PUT Patient/one 2", "PUT Patient/one 1"]
        assert own["total"] == 2
        assert shown(history(guarded, address, **{"x-owners": ""})) == []
        assert len(shown(history(guarded, address))) == 4
    hidden = guarded.get("/Patient/two/_history", headers={"x-owners": "one"})
    assert hidden.status_code == 404
    following = history(guarded, "/_history?_count=1", **{"x-owners": "one"})["link"][1]["url"]
    assert guarded.get(following, headers={"x-owners": "one,two"}).status_code == 400


def test_a_history_that_is_not_there(sqlite_client: httpx.Client) -> None:
    assert sqlite_client.get("/Patient/never/_history").status_code == 404
    assert sqlite_client.get("/Pasient/_history").status_code == 404
    refused = sqlite_client.delete("/Patient/_history")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
