"""A SearchParameter is data of the institution that wrote it: others neither see it nor are disturbed by it."""

from __future__ import annotations

from typing import Any

import httpx

from tests.fhir_server.conftest import ids
from tests.fhir_server.test_bulk_export import exported
from tests.fhir_server.test_search_custom import of_nation, parameter, reindexed

A, B = {"x-owner": "A", "x-owners": "A"}, {"x-owner": "B", "x-owners": "B"}
BOTH = {"x-owner": "A", "x-owners": "A,B"}


def put(client: httpx.Client, resource: dict[str, Any], who: dict[str, str]) -> None:
    answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource, headers=who)
    assert answer.status_code in (200, 201), answer.text


def known(client: httpx.Client, who: dict[str, str]) -> list[str]:
    """The search parameters of Patient that are not of R4."""
    parts = client.get("/metadata", headers=who).json()["rest"][0]["resource"]
    listed = next(part["searchParam"] for part in parts if part["type"] == "Patient")
    return [each["definition"] for each in listed if each.get("definition", "").startswith("http://example.org")]


def progress(client: httpx.Client, who: dict[str, str]) -> list[str]:
    parts = client.get("/$reindex", headers=who).json().get("parameter", [])
    return [part["part"][1]["valueCode"] for part in parts if part["name"] == "parameter"]


def test_parameter_of_one_institution_is_unknown_to_the_other(guarded: httpx.Client) -> None:
    put(guarded, parameter(), A)
    put(guarded, of_nation("p", "hui"), A)
    put(guarded, of_nation("q", "hui"), B)
    reindexed(guarded)
    url = "http://example.org/SearchParameter/nation"
    assert [known(guarded, who) for who in (A, B, {}, BOTH)] == [[url], [], [url], [url]]
    assert [progress(guarded, who) for who in (A, B, {})] == [["nation"], [], ["nation"]]
    documents = [guarded.get("/openapi.json?_type=Patient", headers=who).text for who in (A, B)]
    assert ['"nation"' in document for document in documents] == [True, False]
    answers = [guarded.get("/Patient?nation=hui", headers=who) for who in (A, B, {}, BOTH)]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 200]
    found = [sorted(ids(answer.json())) for answer in answers if answer.status_code == 200]
    assert found == [["Patient/p"], ["Patient/p", "Patient/q"], ["Patient/p", "Patient/q"]]
    conditional = guarded.put("/Patient?nation=hui", json={"resourceType": "Patient"}, headers=B)
    assert conditional.status_code == 400


def test_one_code_of_two_institutions_means_to_each_what_it_defined(guarded: httpx.Client) -> None:
    put(guarded, parameter("one", code="mark"), A)
    put(guarded, parameter("two", code="mark", expression="Patient.maritalStatus"), B)
    both = of_nation("p", "hui") | {"maritalStatus": {"coding": [{"system": "urn:m", "code": "M"}]}}
    put(guarded, both, A)
    put(guarded, both | {"id": "q"}, B)
    reindexed(guarded)
    found = {
        (name, mark): ids(guarded.get(f"/Patient?mark={mark}", headers=who).json())
        for name, who in (("A", A), ("B", B), ("all", BOTH))
        for mark in ("hui", "M")
    }
    assert found[("A", "hui")] == ["Patient/p"] and found[("A", "M")] == []
    assert found[("B", "M")] == ["Patient/q"] and found[("B", "hui")] == []
    assert sorted(found[("all", "hui")]) == ["Patient/p", "Patient/q"] and found[("all", "M")] == []
    assert known(guarded, BOTH) == ["http://example.org/SearchParameter/one"]


def test_export_filters_by_a_parameter_of_the_store(guarded: httpx.Client) -> None:
    put(guarded, parameter(), A)
    put(guarded, of_nation("p", "hui"), A)
    put(guarded, of_nation("q", "han"), A)
    reindexed(guarded)
    assert exported(guarded, "/$export?_type=Patient&_typeFilter=Patient?nation=hui", **A) == ["Patient/p"]
