"""Value sets and code systems of the store, asked for by a search over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from tests.fhir_server.conftest import coded, ids, observation

CODES = {
    "resourceType": "CodeSystem",
    "id": "animals",
    "url": "urn:animals",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "bird", "concept": [{"code": "duck"}, {"code": "owl"}]}, {"code": "fish"}],
}
BIRDS = {
    "resourceType": "ValueSet",
    "id": "birds",
    "url": "http://v.test/birds",
    "status": "active",
    "compose": {
        "include": [{"system": "urn:animals", "filter": [{"property": "concept", "op": "is-a", "value": "bird"}]}]
    },
}


def put(client: httpx.Client, *resources: dict[str, Any], owner: str = "") -> None:
    for each in resources:
        answer = client.put(f"/{each['resourceType']}/{each['id']}", json=each, headers={"x-owner": owner})
        assert answer.status_code == 201, answer.text


def found(client: httpx.Client, owners: str = "A,B", **parameters: str) -> list[str]:
    answer = client.get("/Observation", params=parameters, headers={"x-owners": owners})
    assert answer.status_code == 200, answer.text
    return sorted(ids(answer.json()))


def test_a_search_reads_the_terminology_the_caller_may_see(guarded: httpx.Client) -> None:
    put(guarded, CODES, BIRDS, owner="B")
    for code in ("duck", "fish"):
        put(guarded, observation(code, code=coded("urn:animals", code)), owner="A")
    for name in ("http://v.test/birds", "ValueSet/birds", "birds"):
        assert found(guarded, **{"code:in": name}) == ["Observation/duck"]
        assert found(guarded, **{"code:not-in": name}) == ["Observation/fish"]
    assert found(guarded, **{"code:below": "urn:animals|bird"}) == ["Observation/duck"]
    assert found(guarded, **{"code:above": "urn:animals|duck"}) == ["Observation/duck"]
    for name, text in (("code:in", "birds"), ("code:in", "http://v.test/birds"), ("code:below", "urn:animals|bird")):
        refused = guarded.get("/Observation", params={name: text}, headers={"x-owners": "A"})
        assert refused.status_code == 400
        assert "not loaded here" in refused.text
