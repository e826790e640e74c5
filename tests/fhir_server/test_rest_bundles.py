"""batch and transaction over real HTTP, on both databases (FHIR R4 http.html#transaction)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from fhir_server.rest.links import linked
from fhir_server.settings import Settings
from tests.fhir_server.conftest import ids, observation, patient, running

URN = "urn:uuid:6f0c3b1e-0000-4000-8000-00000000000"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><a href="{0}">{0}</a></div>'


def entry(
    method: str, url: str, resource: dict[str, Any] | None = None, full_url: str = "", **request: str
) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **request}}
    if resource is not None:
        made["resource"] = resource
    if full_url:
        made["fullUrl"] = full_url
    return made


def send(client: httpx.Client, kind: str, *entries: dict[str, Any], **headers: str) -> httpx.Response:
    return client.post("/", json={"resourceType": "Bundle", "type": kind, "entry": list(entries)}, headers=headers)


def statuses(response: httpx.Response) -> list[str]:
    return [each["response"]["status"][:3] for each in response.json()["entry"]]


def issues(response: httpx.Response) -> list[tuple[str, str]]:
    return [(i["details"]["coding"][0]["code"], i.get("expression", [""])[0]) for i in response.json()["issue"]]


def without_id(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "id"}


def test_references_between_new_resources_become_their_addresses(client: httpx.Client) -> None:
    result = without_id(observation("x", subject={"reference": URN + "1"}, hasMember=[{"reference": URN + "3"}]))
    answer = send(
        client,
        "transaction",
        entry("POST", "Observation", result, URN + "2"),
        entry("POST", "Observation", without_id(observation("y")), URN + "3"),
        entry("POST", "Patient", {"resourceType": "Patient"}, URN + "1"),
    )
    assert (answer.status_code, answer.json()["type"], statuses(answer)) == (200, "transaction-response", ["201"] * 3)
    places = [each["response"]["location"].split("/fhir/")[1].split("/_history")[0] for each in answer.json()["entry"]]
    stored = client.get(f"/{places[0]}").json()
    assert stored["subject"]["reference"] == places[2]
    assert stored["hasMember"][0]["reference"] == places[1]
    assert ids(client.get(f"/Observation?subject={places[2]}").json()) == [places[0]]


def test_a_reference_to_a_urn_that_no_entry_has_refuses_the_whole_and_is_named(client: httpx.Client) -> None:
    answer = send(
        client,
        "transaction",
        entry("POST", "Patient", {"resourceType": "Patient"}, URN + "1"),
        entry("POST", "Observation", without_id(observation("x", hasMember=[{"reference": URN + "9"}]))),
        entry("POST", "Observation", without_id(observation("y", subject={"reference": "urn:oid:1.2.3"}))),
        entry("POST", "Observation", without_id(observation("z", subject={"reference": URN + "1"}))),
    )
    assert answer.status_code == 400
    assert issues(answer) == [
        ("reference-placeholder", "Bundle.entry[1].resource.hasMember[0].reference"),
        ("reference-placeholder", "Bundle.entry[2].resource.subject.reference"),
    ]
    assert client.get("/Patient?_summary=count").json()["total"] == 0


def test_a_urn_in_a_stored_bundle_or_an_identifier_is_no_link(sqlite_client: httpx.Client) -> None:
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"fullUrl": URN + "8", "resource": None}]}
    inner["entry"][0]["resource"] = without_id(observation("x", subject={"reference": URN + "9"}))  # type: ignore[index]
    named = {"resourceType": "Patient", "identifier": [{"system": "urn:ietf:rfc:3986", "value": URN + "7"}]}
    answer = send(sqlite_client, "transaction", entry("POST", "Bundle", inner), entry("POST", "Patient", named))
    assert (answer.status_code, statuses(answer)) == (200, ["201", "201"])


def test_without_referential_integrity_a_urn_may_name_nothing(tmp_path: Any) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path}/q.db", referential_integrity=False)
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir") as free:
        lost = without_id(observation("x", subject={"reference": URN + "9"}))
        assert send(free, "transaction", entry("POST", "Observation", lost)).status_code == 200


def test_links_in_narratives_and_uris_are_rewritten_and_texts_are_not() -> None:
    addresses = {URN + "1": "Patient/p"}
    resource = {
        "text": {"div": DIV.format(URN + "1")},
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": URN + "1"}],
        "extension": [{"url": "urn:e", "valueUri": URN + "1"}, {"url": "urn:f", "valueString": URN + "1"}],
        "subject": {"reference": URN + "1", "display": URN + "1"},
        "contained": [{"instantiatesUri": [URN + "1", "urn:other"]}],
    }
    changed = linked(resource, addresses)
    assert changed["text"]["div"] == DIV.replace("{0}", "Patient/p", 1).replace("{0}", URN + "1")
    assert changed["identifier"] == resource["identifier"]
    assert [e.get("valueUri") or e.get("valueString") for e in changed["extension"]] == ["Patient/p", URN + "1"]
    assert changed["subject"] == {"reference": "Patient/p", "display": URN + "1"}
    assert changed["contained"] == [{"instantiatesUri": ["Patient/p", "urn:other"]}]


def test_a_relative_reference_finds_the_entry_its_full_url_names(client: httpx.Client) -> None:
    send(
        client,
        "transaction",
        entry("POST", "Patient", {"resourceType": "Patient"}, "http://old/fhir/Patient/7"),
        entry(
            "PUT",
            "Observation/o",
            observation("o", subject={"reference": "Patient/7"}),
            "http://old/fhir/Observation/o",
        ),
    )
    subject = client.get("/Observation/o").json()["subject"]["reference"]
    assert subject != "Patient/7"
    assert client.get(f"/{subject}").status_code == 200


def test_one_wrong_entry_takes_everything_back(client: httpx.Client) -> None:
    client.put("/Patient/old", json=patient("old"))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Patient/new", patient("new")),
        entry("DELETE", "Patient/old"),
        entry("PUT", "Patient/bad", patient("bad", gender="none of these")),
    )
    assert answer.status_code == 422
    assert issues(answer)[0][1].startswith("Bundle.entry[2].resource.gender")
    assert client.get("/Patient/new").status_code == 404
    assert client.get("/Patient/old").status_code == 200


def test_a_version_conflict_inside_takes_everything_back_and_names_the_entry(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p"))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Patient/q", patient("q")),
        entry("PUT", "Patient/p", patient("p", gender="male"), ifMatch='W/"9"'),
    )
    assert answer.status_code == 412
    assert issues(answer)[0][1].startswith("Bundle.entry[1]")
    assert client.get("/Patient/q").status_code == 404


def test_entries_are_carried_out_in_the_order_delete_post_put_get(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p", gender="male"))
    answer = send(
        client,
        "transaction",
        entry("GET", "Patient?_sort=_id"),
        entry("PUT", "Patient/q", patient("q")),
        entry("DELETE", "Patient/p"),
    )
    assert statuses(answer) == ["200", "201", "204"]
    assert ids(answer.json()["entry"][0]["resource"]) == ["Patient/q"]


def test_two_entries_for_one_resource_are_refused_and_both_are_named(client: httpx.Client) -> None:
    answer = send(
        client,
        "transaction",
        entry("PUT", "Patient/p", patient("p")),
        entry("PUT", "Patient/other", patient("other")),
        entry("DELETE", "Patient/p"),
    )
    assert answer.status_code == 400
    assert issues(answer) == [("bundle-duplicate", "Bundle.entry[0]"), ("bundle-duplicate", "Bundle.entry[2]")]
    twice = send(
        client,
        "transaction",
        entry("POST", "Patient", {"resourceType": "Patient"}, URN + "1"),
        entry("POST", "Patient", {"resourceType": "Patient"}, URN + "1"),
    )
    assert (twice.status_code, issues(twice)[0][0]) == (400, "bundle-duplicate")


def test_deleting_what_never_was_does_not_fail_a_transaction(client: httpx.Client) -> None:
    assert statuses(send(client, "transaction", entry("DELETE", "Patient/none"))) == ["204"]


def test_a_transaction_answers_with_resources_only_when_asked(client: httpx.Client) -> None:
    one = entry("PUT", "Patient/p", patient("p"))
    assert "resource" not in send(client, "transaction", one).json()["entry"][0]
    whole = send(client, "transaction", one, prefer="return=representation").json()["entry"][0]
    assert whole["resource"] == client.get("/Patient/p").json()
    assert whole["response"]["etag"] == 'W/"1"'


def test_each_entry_of_a_batch_stands_by_itself(client: httpx.Client) -> None:
    client.put("/Patient/old", json=patient("old"))
    answer = send(
        client,
        "batch",
        entry("PUT", "Patient/bad", patient("bad", gender="none of these")),
        entry("PUT", "Patient/good", patient("good")),
        entry("GET", "Patient/old"),
        entry("GET", "Patient?_id=good"),
        entry("GET", "Patient/none"),
        entry("GET", "metadata"),
        entry("DELETE", "Patient/none"),
        entry("POST", "Patient", {"resourceType": "Patient"}),
        entry("PATCH", "Patient/old", {"resourceType": "Patient"}),
        entry("PUT", "Patient/other", patient("another")),
        entry("GET", "Patient?colour=red"),
        entry("HEAD", "Patient/old"),
    )
    assert (answer.status_code, answer.json()["type"]) == (200, "batch-response")
    assert statuses(answer) == ["422", "201", "200", "200", "404", "200", "204", "201", "400", "400", "400", "200"]
    listed = answer.json()["entry"]
    assert ids(listed[3]["resource"]) == ["Patient/good"]
    assert listed[0]["response"]["outcome"]["resourceType"] == "OperationOutcome"
    assert client.get("/Patient/good").status_code == 200


@pytest.mark.parametrize(
    ("bundle", "status", "issue"),
    [
        ({"resourceType": "Bundle", "type": "collection"}, 400, "bundle-type"),
        ({"resourceType": "Bundle"}, 400, "bundle-type"),
        ({"resourceType": "Bundle", "type": ["batch"]}, 400, "bundle-type"),
        ({"resourceType": "Patient"}, 400, "type-mismatch"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": 1}, 400, "bundle-entry"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [1]}, 400, "bundle-entry"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [{}]}, 400, "bundle-entry"),
        (
            {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "PUT", "url": 1}}]},
            400,
            "bundle-entry",
        ),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Patient/p")]}, 400, "bundle-entry"),
        (
            {"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Patient", patient("p"))]},
            400,
            "condition-empty",
        ),
        (
            {"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Patient/a_b", patient("a_b"))]},
            400,
            "id-invalid",
        ),
        (
            {"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Nothing/p", patient("p"))]},
            404,
            "type-unknown",
        ),
        (
            {"resourceType": "Bundle", "type": "transaction", "entry": [entry("PUT", "Patient/p", patient("q"))]},
            400,
            "id-mismatch",
        ),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [entry("GET", "Nothing/p")]}, 404, "type-unknown"),
        ({"resourceType": "Bundle", "type": "transaction", "entry": [entry("GET", "%%%")]}, 404, "type-unknown"),
        (
            {
                "resourceType": "Bundle",
                "type": "transaction",
                "entry": [entry("PUT", "Patient/p", patient("p"), ifMatch="x")],
            },
            400,
            "header-invalid",
        ),
    ],
)
def test_a_bundle_that_cannot_be_carried_out_is_refused(
    sqlite_client: httpx.Client, bundle: dict[str, Any], status: int, issue: str
) -> None:
    answer = sqlite_client.post("/", json=bundle)
    assert (answer.status_code, issues(answer)[0][0]) == (status, issue)


def test_an_empty_bundle_is_answered_with_an_empty_bundle(sqlite_client: httpx.Client) -> None:
    assert (
        sqlite_client.post("/", json={"resourceType": "Bundle", "type": "transaction"}).json()["type"]
        == "transaction-response"
    )
    assert "entry" not in send(sqlite_client, "batch").json()


def test_a_large_bundle_is_one_unit(client: httpx.Client) -> None:
    many = [entry("PUT", f"Patient/p{n}", patient(f"p{n}", name=[{"text": "张" * 20}])) for n in range(600)]
    assert statuses(send(client, "transaction", *many)) == ["201"] * 600
    assert client.get("/Patient?_summary=count").json()["total"] == 600
    assert statuses(send(client, "batch", *many)) == ["200"] * 600


def test_a_transaction_sees_the_callers_own_data_only(guarded: httpx.Client) -> None:
    guarded.put("/Patient/b", json=patient("b"), headers={"x-owner": "B"})
    mine = {"x-owner": "A", "x-owners": "A"}
    refused = send(guarded, "transaction", entry("PUT", "Patient/b", patient("b", gender="male")), **mine)
    assert refused.status_code == 404
    read = send(guarded, "batch", entry("GET", "Patient/b"), entry("GET", "Patient"), **mine)
    assert statuses(read) == ["404", "200"]
    assert read.json()["entry"][1]["resource"]["total"] == 0
