"""Composition/$document: the Composition first, then everything it leads to, once each."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from profiles.validator import validate
from tests.fhir_server.conftest import observation, patient

Json = dict[str, Any]


def refers(key: str) -> Json:
    return {"reference": key}


COMPOSITION: Json = {
    **{"resourceType": "Composition", "id": "c", "status": "final", "type": {"text": "discharge"}, "title": "T"},
    **{"date": "2026-01-01", "subject": refers("Patient/a"), "author": [refers("Practitioner/p")]},
    "section": [{"title": "results", "entry": [refers("Observation/o"), refers("Patient/a")]}],
}
WHOLE: tuple[Json, ...] = (
    {"resourceType": "Organization", "id": "h", "name": "H"},
    patient("a", managingOrganization=refers("Organization/h")),
    {"resourceType": "Practitioner", "id": "p"},
    observation("m", subject=refers("Patient/a")),
    observation("o", subject=refers("Patient/a"), hasMember=[refers("Observation/m")]),
    patient("apart"),
    COMPOSITION,
)


@pytest.fixture
def written(client: httpx.Client) -> httpx.Client:
    for resource in WHOLE:
        answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
        assert answer.status_code == 201, answer.text
    return client


def names(bundle: Json) -> list[str]:
    return [f"{e['resource']['resourceType']}/{e['resource']['id']}" for e in bundle["entry"]]


def test_it_holds_all_that_the_composition_leads_to(written: httpx.Client) -> None:
    answer = written.get("/Composition/c/$document")
    assert answer.status_code == 200
    found = answer.json()
    assert [issue for issue in validate(found) if issue.refuses] == []
    assert found["type"] == "document"
    assert found["identifier"]["value"].startswith("urn:uuid:")
    assert "timestamp" in found
    assert names(found)[0] == "Composition/c"
    assert sorted(names(found)[1:]) == [
        "Observation/m",
        "Observation/o",
        "Organization/h",
        "Patient/a",
        "Practitioner/p",
    ]
    assert all(e["fullUrl"].endswith(name) for e, name in zip(found["entry"], names(found), strict=True))


def test_the_composition_is_named_in_each_way(written: httpx.Client) -> None:
    for name in ("c", "Composition/c", f"{str(written.base_url).rstrip('/')}/Composition/c"):
        assert names(written.get("/Composition/$document", params={"id": name}).json())[0] == "Composition/c"
    assert written.get("/Composition/$document?id=none").status_code == 404
    assert written.get("/Composition/$document").status_code == 400
    assert written.get("/Composition/$document?id=http://else.test/Composition/c").status_code == 400
    assert written.get("/Composition/c/$document?id=c").status_code == 400


def test_it_is_stored_when_that_is_asked_for(written: httpx.Client) -> None:
    assert written.get("/Composition/c/$document?persist=true").status_code == 400
    answer = written.post("/Composition/c/$document?persist=true")
    assert answer.status_code == 200, answer.text
    stored = written.get(f"/Bundle/{answer.json()['id']}")
    assert stored.json() == answer.json()
    assert names(stored.json())[0] == "Composition/c"
    assert written.get("/Bundle?type=document").json()["total"] == 1


def test_another_graph_is_not_drawn(written: httpx.Client) -> None:
    assert written.get("/Composition/c/$document?graph=http://x.test/g").status_code == 400


def test_a_document_that_would_not_be_whole_is_refused(guarded: httpx.Client) -> None:
    for resource in WHOLE:
        owner = "two" if resource["id"] == "o" else "one"
        guarded.put(f"/{resource['resourceType']}/{resource['id']}", json=resource, headers={"x-owner": owner})
    address = "/Composition/c/$document"
    assert guarded.get(address, headers={"x-owners": "one"}).status_code == 422
    assert guarded.get(address, headers={"x-owners": "one,two"}).status_code == 200
    assert guarded.get(address, headers={"x-owners": "two"}).status_code == 404
