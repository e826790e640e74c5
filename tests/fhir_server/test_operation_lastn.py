"""$lastn: the most recent observations of each code of a subject."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import ids, observation, patient

Json = dict[str, Any]
LOINC, LOCAL = "http://loinc.org", "http://x.test/codes"


def code(*codings: tuple[str, str], text: str = "") -> Json:
    listed = [{"system": system, "code": value} for system, value in codings]
    return {**({"coding": listed} if listed else {}), **({"text": text} if text else {})}


@pytest.fixture
def results(client: httpx.Client) -> httpx.Client:
    for key in ("a", "b"):
        client.put(f"/Patient/{key}", json=patient(key))
    rows = (
        ("k1", code((LOINC, "2823-3")), "2024-01-01", "a"),
        ("k2", code((LOINC, "2823-3"), (LOCAL, "K")), "2024-03-01", "a"),
        ("k3", code((LOCAL, "K")), "2024-02-01", "a"),
        ("na1", code((LOINC, "2951-2")), "2024-01-15", "a"),
        ("na2", code((LOINC, "2951-2")), "", "a"),
        ("t1", code(text="随访 结果"), "2024-05-01", "a"),
        ("t2", code(text="随访 结果"), "2024-06-01", "a"),
        ("other", code((LOINC, "2823-3")), "2024-09-01", "b"),
    )
    for key, coded, at, subject in rows:
        date = {"effectiveDateTime": at} if at else {}
        body = observation(key, subject={"reference": f"Patient/{subject}"}, **date) | {"code": coded}
        assert client.put(f"/Observation/{key}", json=body).status_code == 201
    return client


def found(client: httpx.Client, query: str) -> list[str]:
    answer = client.get(f"/Observation/$lastn?{query}")
    assert answer.status_code == 200, answer.text
    names = [name.removeprefix("Observation/") for name in ids(answer.json())]
    assert answer.json()["total"] == len(names)
    return names


def test_one_of_each_code_the_newest(results: httpx.Client) -> None:
    assert found(results, "patient=a") == ["t2", "k2", "na1"]


def test_codes_are_one_that_share_a_coding_also_through_a_third(results: httpx.Client) -> None:
    assert found(results, "subject=Patient/a&max=9") == ["t2", "t1", "k2", "k3", "k1", "na1", "na2"]
    assert found(results, "patient=a&max=2") == ["t2", "t1", "k2", "k3", "na1", "na2"]


def test_the_search_chooses_what_is_looked_at(results: httpx.Client) -> None:
    assert found(results, f"patient=a&code={LOINC}|2823-3") == ["k2"]
    assert found(results, "patient=a&date=lt2024-02-15&max=2") == ["k3", "na1", "k1"]
    assert found(results, "patient=nobody") == []


def test_it_can_be_asked_by_post(results: httpx.Client) -> None:
    rows = [{"name": "patient", "valueString": "a"}, {"name": "max", "valuePositiveInt": 1}]
    answer = results.post("/Observation/$lastn", json={"resourceType": "Parameters", "parameter": rows})
    assert len(ids(answer.json())) == 3


@pytest.mark.parametrize("query", ["", "code=x", "patient=a&max=0", "patient=a&max=x", "patient=a&max=1&max=2"])
def test_what_makes_no_sense_is_refused(sqlite_client: httpx.Client, query: str) -> None:
    assert sqlite_client.get(f"/Observation/$lastn?{query}").status_code == 400


@pytest.mark.parametrize("query", ["_sort=date", "_count=1", "colour=red", "_include=*"])
def test_what_is_not_of_this_search_is_refused(sqlite_client: httpx.Client, query: str) -> None:
    assert sqlite_client.get(f"/Observation/$lastn?patient=a&{query}").status_code == 400
