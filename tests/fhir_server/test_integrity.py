"""Referential integrity of REST writes over real HTTP (FHIR R4 references.html, http.html#delete)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fhir_server.integrity import literals
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import observation, patient, running
from tests.fhir_server.test_rest_bundles import entry, issues, send, statuses


def about(key: str, target: str, **elements: Any) -> dict[str, Any]:
    return observation(key, subject={"reference": target}, **elements)


def test_a_reference_to_what_is_not_there_is_refused_with_its_place(client: httpx.Client) -> None:
    answer = client.put("/Observation/o", json=about("o", "Patient/none", note=[{"text": "x"}]))
    assert answer.status_code == 409
    assert issues(answer) == [("reference-missing", "Observation.subject.reference")]
    assert "none" not in answer.text
    deep = client.put(
        "/Observation/o", json=observation("o", note=[{"text": "x", "authorReference": {"reference": "Patient/none"}}])
    )
    assert issues(deep) == [("reference-missing", "Observation.note[0].authorReference.reference")]
    client.put("/Patient/p", json=patient("p"))
    assert client.put("/Observation/o", json=about("o", "Patient/p")).status_code == 201
    client.delete("/Observation/o")
    client.delete("/Patient/p")
    assert client.put("/Observation/o", json=about("o", "Patient/p")).status_code == 409


@pytest.mark.parametrize("target", ["http://elsewhere/fhir/Patient/1", "urn:uuid:1f", "#c"])
def test_absolute_logical_and_contained_references_are_let_be(sqlite_client: httpx.Client, target: str) -> None:
    key = f"let-{len(target)}"
    resource = about(key, target, **({"contained": [patient("c")]} if target == "#c" else {}))
    assert sqlite_client.put(f"/Observation/{key}", json=resource).status_code == 201


def test_what_is_referred_to_cannot_be_deleted(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p"))
    client.put("/Observation/o1", json=about("o1", "Patient/p"))
    client.put("/Observation/o2", json=about("o2", "Patient/p"))
    client.put(
        "/Encounter/e",
        json={
            "resourceType": "Encounter",
            "id": "e",
            "status": "planned",
            "class": {"code": "AMB"},
            "subject": {"reference": "Patient/p"},
        },
    )
    answer = client.delete("/Patient/p")
    assert (answer.status_code, issues(answer)[0][0]) == (409, "reference-held")
    assert "1 Encounter, 2 Observation" in answer.json()["issue"][0]["details"]["text"]
    assert client.get("/Patient/p").status_code == 200
    client.delete("/Encounter/e")
    client.delete("/Observation?subject=Patient/p")
    assert client.delete("/Patient/p").status_code == 204


def test_records_of_the_past_hold_nothing_back(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p"))
    record = {
        "resourceType": "Provenance",
        "id": "r",
        "target": [{"reference": "Patient/p"}],
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "x"}}],
    }
    assert client.put("/Provenance/r", json=record).status_code == 201
    assert client.delete("/Patient/p").status_code == 204
    assert client.put("/Provenance/later", json=record | {"id": "later"}).status_code == 201
    never = record | {"id": "never", "target": [{"reference": "Patient/never"}]}
    assert client.put("/Provenance/never", json=never).status_code == 409


def test_in_a_transaction_the_order_of_the_entries_does_not_matter(client: httpx.Client) -> None:
    both = send(
        client,
        "transaction",
        entry("PUT", "Observation/o", about("o", "Patient/p", hasMember=[{"reference": "Observation/m"}])),
        entry("PUT", "Observation/m", about("m", "Patient/p", derivedFrom=[{"reference": "Observation/o"}])),
        entry("PUT", "Patient/p", patient("p")),
    )
    assert statuses(both) == ["201"] * 3
    alone = client.delete("/Observation/m")
    assert (alone.status_code, issues(alone)[0][0]) == (409, "reference-held")
    gone = send(client, "transaction", entry("DELETE", "Observation/m"), entry("DELETE", "Observation/o"))
    assert statuses(gone) == ["204"] * 2


def test_a_transaction_cannot_delete_what_another_entry_refers_to(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p"))
    answer = send(
        client, "transaction", entry("DELETE", "Patient/p"), entry("PUT", "Observation/o", about("o", "Patient/p"))
    )
    assert answer.status_code == 409
    assert issues(answer)[0] == ("reference-missing", "Bundle.entry[1].resource.subject.reference")
    assert client.get("/Patient/p").status_code == 200
    client.put("/Patient/q", json=patient("q"))
    client.put("/Observation/o", json=about("o", "Patient/p"))
    moved = send(
        client, "transaction", entry("DELETE", "Patient/p"), entry("PUT", "Observation/o", about("o", "Patient/q"))
    )
    assert statuses(moved) == ["204", "200"]


def test_a_reference_that_dangled_before_does_not_stop_an_update(tmp_path: Any) -> None:
    url = f"sqlite:///{tmp_path}/qiao.db"
    loose = Settings(database=url, cursor_key=Secret("k"), referential_integrity=False)
    with running(loose) as address, httpx.Client(base_url=f"{address}/fhir") as client:
        assert client.put("/Observation/o", json=about("o", "Patient/none")).status_code == 201
    strict = Settings(database=url, cursor_key=Secret("k"))
    with running(strict) as address, httpx.Client(base_url=f"{address}/fhir") as client:
        assert client.put("/Observation/o", json=about("o", "Patient/none", issued="2026-01-01T00:00:00Z")).is_success
        assert client.put("/Observation/o", json=about("o", "Patient/nobody")).status_code == 409


def test_what_the_caller_may_not_see_is_not_there_and_not_told(guarded: httpx.Client) -> None:
    mine, theirs = {"x-owner": "A", "x-owners": "A"}, {"x-owner": "B", "x-owners": "A,B"}
    guarded.put("/Patient/a", json=patient("a"), headers=mine)
    guarded.put("/Patient/b", json=patient("b"), headers=theirs)
    assert guarded.put("/Observation/o", json=about("o", "Patient/b"), headers=mine).status_code == 409
    assert guarded.put("/Observation/o", json=about("o", "Patient/a"), headers=theirs).status_code == 201
    held = guarded.delete("/Patient/a", headers=mine)
    assert held.status_code == 409
    assert "Observation" not in held.text


def test_a_text_that_looks_like_a_reference_is_none() -> None:
    assert literals("Observation", rb'{"note":[{"text":"\"reference\":\"Patient/1\""}]}') == set()
    assert literals("Observation", b'{"subject":{"reference":"Patient/1/_history/2"}}') == {("Patient", "1")}
    assert literals("Bundle", b'{"subject":{"reference":"Patient/1"}}') == set()
