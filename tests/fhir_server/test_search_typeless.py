"""Searches over several types: one list, one order, one way of paging, and only what all of the types have."""

from __future__ import annotations

import httpx
import pytest

from tests.fhir_server.conftest import coded, ids, observation, patient


@pytest.fixture(scope="module")
def county(module_client: httpx.Client) -> httpx.Client:
    """A server whose store tests only read."""
    resources = [
        patient("p1", meta={"tag": [{"system": "s", "code": "red"}]}),
        patient("p2"),
        observation("o1", subject={"reference": "Patient/p1"}, code=coded("l", "x"), effectiveDateTime="2026-03-01"),
        observation("o2", subject={"reference": "Patient/p2"}, meta={"tag": [{"system": "s", "code": "red"}]}),
        {
            "resourceType": "DiagnosticReport",
            "id": "r1",
            "status": "final",
            "code": coded("l", "x"),
            "subject": {"reference": "Patient/p1"},
            "effectiveDateTime": "2026-02-01",
            "result": [{"reference": "Observation/o1"}],
        },
        {"resourceType": "Organization", "id": "g1", "name": "县医院"},
    ]
    for each in resources:
        assert module_client.put(f"/{each['resourceType']}/{each['id']}", json=each).status_code == 201
    return module_client


def found(client: httpx.Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return list(ids(answer.json()))


def walked(client: httpx.Client, address: str) -> list[str]:
    """All pages, by their `next` links."""
    seen: list[str] = []
    for _ in range(50):
        page = client.get(address).json()
        seen += ids(page)
        address = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        if not address:
            return seen
    raise AssertionError("the pages have no end")


EVERYTHING = ["DiagnosticReport/r1", "Observation/o1", "Observation/o2", "Organization/g1", "Patient/p1", "Patient/p2"]


def test_without_type_all_types_are_searched(county: httpx.Client) -> None:
    page = county.get("/").json()
    assert (sorted(ids(page)), page["total"]) == (EVERYTHING, 6)
    assert [link["relation"] for link in page["link"]] == ["self"]
    assert page["link"][0]["url"] == f"{county.base_url}"


def test_the_types_named_are_searched_and_no_other(county: httpx.Client) -> None:
    assert sorted(found(county, "/?_type=Patient,Organization")) == ["Organization/g1", "Patient/p1", "Patient/p2"]
    assert found(county, "/?_type=Organization") == ["Organization/g1"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("_id=o1", ["Observation/o1"]),
        ("_tag=red", ["Observation/o2", "Patient/p1"]),
        ("_tag=s|red&_type=Patient", ["Patient/p1"]),
        ("_type=Observation,DiagnosticReport&patient=p1", ["DiagnosticReport/r1", "Observation/o1"]),
        ("_type=Observation,DiagnosticReport&code=x", ["DiagnosticReport/r1", "Observation/o1"]),
        ("_type=Observation,DiagnosticReport&subject=Patient/p2", ["Observation/o2"]),
        ("_type=Observation,DiagnosticReport&patient._tag=red", ["DiagnosticReport/r1", "Observation/o1"]),
        ("_type=Observation,DiagnosticReport&date=ge2026-02-15", ["Observation/o1"]),
        ("_tag:not=red&_type=Patient", ["Patient/p2"]),
    ],
)
def test_common_parameters_apply_to_all_types(county: httpx.Client, query: str, expected: list[str]) -> None:
    assert sorted(found(county, f"/?{query}")) == expected


def test_one_order_for_all_types(county: httpx.Client) -> None:
    address = "/?_type=Observation,DiagnosticReport&_sort=-date"
    assert found(county, address) == ["Observation/o1", "DiagnosticReport/r1", "Observation/o2"]
    newest = ["Organization/g1", "DiagnosticReport/r1", "Observation/o2", "Observation/o1", "Patient/p2", "Patient/p1"]
    assert found(county, "/?_sort=-_lastUpdated") == newest


@pytest.mark.parametrize(
    "query", ["", "_sort=_lastUpdated", "_sort=-_id", "_type=Patient,Observation", "_tag:not=blue"]
)
def test_every_resource_comes_once_whatever_the_size_of_the_page(county: httpx.Client, query: str) -> None:
    whole = found(county, f"/?{query}&_count=100")
    assert len(whole) >= 4
    assert walked(county, f"/?{query}&_count=1") == whole
    assert walked(county, f"/?{query}&_count=4") == whole


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("name=x", "name"),
        ("_type=Patient,Observation&code=x", "code"),
        ("_type=Patient,Nothing", "_type"),
        ("_type=Parameters", "_type"),
        ("_type=Patient&_type=Observation", "_type"),
        ("_type=Patient,Observation&_has:Observation:patient:code=x", "_has"),
    ],
)
def test_what_is_not_common_to_the_types_is_refused(county: httpx.Client, query: str, word: str) -> None:
    answer = county.get(f"/?{query}")
    assert answer.status_code == 400
    assert word in answer.text


def test_a_form_says_the_same_as_the_address(county: httpx.Client) -> None:
    answer = county.post("/_search?_type=Observation,DiagnosticReport", data={"code": "x", "_count": "1"})
    assert answer.status_code == 200
    links = {link["relation"]: link["url"] for link in answer.json()["link"]}
    both = [*ids(answer.json()), *ids(county.get(links["next"]).json())]
    assert sorted(both) == ["DiagnosticReport/r1", "Observation/o1"]
    assert county.get(links["self"]).json()["total"] == 2


def test_includes_follow_the_references_of_each_type(county: httpx.Client) -> None:
    page = county.get("/?_type=Observation,DiagnosticReport&code=x&_include=*").json()
    assert sorted(ids(page)) == ["DiagnosticReport/r1", "Observation/o1"]
    assert ids(page, "include") == ["Patient/p1"]
    assert "_include=*" in page["link"][0]["url"]
    page = county.get("/?_type=Patient,Organization&_revinclude=Observation:subject").json()
    assert sorted(ids(page, "include")) == ["Observation/o1", "Observation/o2"]


def test_a_link_does_not_serve_another_set_of_types(county: httpx.Client) -> None:
    page = county.get("/?_type=Patient,Observation&_count=1").json()
    url = next(link["url"] for link in page["link"] if link["relation"] == "next")
    assert county.get(url).status_code == 200
    assert county.get(url.replace("Patient,Observation", "Patient")).status_code == 400
    assert county.get(url.replace("?_type=Patient,Observation&", "Patient?")).status_code == 400


def test_a_caller_sees_his_institutions_data_of_every_type(guarded: httpx.Client) -> None:
    for owner, each in (("a", patient("mine")), ("b", patient("theirs")), ("b", observation("other"))):
        answer = guarded.put(f"/{each['resourceType']}/{each['id']}", json=each, headers={"x-owner": owner})
        assert answer.status_code == 201
    mine = guarded.get("/", headers={"x-owners": "a"}).json()
    assert (ids(mine), mine["total"]) == (["Patient/mine"], 1)
    nobody = guarded.get("/?_summary=count", headers={"x-owners": ""}).json()
    assert nobody["total"] == 0


def test_head_answers_like_get_without_a_body(county: httpx.Client) -> None:
    answer = county.head("/?_type=Patient")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 100
