"""Conditions, links and duplicates inside transactions and batches, over real HTTP (FHIR R4 http.html#trules)."""

from __future__ import annotations

import time
from base64 import b64encode
from typing import Any

import httpx
import pytest

from tests.fhir_server.conftest import observation, patient
from tests.fhir_server.test_conditional_writes import ONE, SYSTEM, known, two
from tests.fhir_server.test_rest_bundles import URN, entry, issues, send, statuses, without_id

TWO = f"identifier={SYSTEM}|2"


def about(key: str, target: str, **elements: Any) -> dict[str, Any]:
    made = observation(key or "x", subject={"reference": target}, **elements)
    return made if key else without_id(made)


def subject(client: httpx.Client, key: str) -> str:
    found: str = client.get(f"/Observation/{key}").json()["subject"]["reference"]
    return found


def test_links_lead_to_the_resource_a_condition_matched(client: httpx.Client) -> None:
    client.put("/Patient/there", json=known("there"))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Observation/o", about("o", URN + "1")),
        entry("POST", "Patient", known(""), URN + "1", ifNoneExist=ONE),
        entry("PUT", "Observation/n", about("n", URN + "2")),
        entry("PUT", f"Patient?{TWO}", known("", "2"), URN + "2"),
    )
    assert statuses(answer) == ["201", "200", "201", "201"]
    assert subject(client, "o") == "Patient/there"
    made = answer.json()["entry"][3]["response"]["location"].split("/fhir/")[1].split("/_history")[0]
    assert subject(client, "n") == made
    again = send(
        client,
        "transaction",
        entry("PUT", "Observation/o", about("o", URN + "2")),
        entry("PUT", f"Patient?{TWO}", known("", "2", gender="male"), URN + "2"),
    )
    assert again.status_code == 200, again.text
    assert (statuses(again), subject(client, "o")) == (["200", "200"], made)


def test_a_conditional_reference_becomes_its_one_match(client: httpx.Client) -> None:
    client.put("/Patient/there", json=known("there", name=[{"family": "Li"}]))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Observation/o", about("o", f"Patient?{ONE}")),
        entry("PUT", "Observation/f", about("f", "Patient?family=li&birthdate:missing=true")),
    )
    assert statuses(answer) == ["201", "201"], answer.text
    assert (subject(client, "o"), subject(client, "f")) == ("Patient/there", "Patient/there")
    assert client.put("/Observation/p", json=about("p", f"Patient?{ONE}")).status_code == 201
    assert subject(client, "p") == "Patient/there"
    batch = send(client, "batch", entry("PUT", "Observation/b", about("b", f"Patient?{ONE}")))
    assert (statuses(batch), subject(client, "b")) == (["201"], "Patient/there")


@pytest.mark.parametrize("criteria", [TWO, "family=wang&gender=male"])
def test_a_conditional_reference_sees_what_the_transaction_writes(client: httpx.Client, criteria: str) -> None:
    client.put("/Patient/old", json=known("old", "2", name=[{"family": "Wang"}], gender="male"))
    answer = send(
        client,
        "transaction",
        entry("PUT", "Observation/o", about("o", f"Patient?{criteria}")),
        entry("PUT", "Patient/new", known("new", "2", name=[{"family": "Wang"}], gender="male")),
        entry("DELETE", "Patient/old"),
    )
    assert statuses(answer) == ["201", "201", "204"], answer.text
    assert subject(client, "o") == "Patient/new"
    assert client.get("/Patient/old/_history").json()["total"] == 2


@pytest.mark.parametrize(
    ("criteria", "status", "issue"),
    [
        (f"identifier={SYSTEM}|9", 412, "reference-unmatched"),
        (ONE, 412, "reference-ambiguous"),
        ("family=nobody", 412, "reference-unmatched"),
        ("colour=red", 400, "search-parameter-unknown"),
        ("_count=1", 400, "condition-empty"),
    ],
)
def test_a_conditional_reference_without_its_one_match_names_its_place(
    client: httpx.Client, criteria: str, status: int, issue: str
) -> None:
    two(client)
    answer = send(
        client,
        "transaction",
        entry("PUT", "Patient/new", patient("new")),
        entry("PUT", "Observation/o", about("o", f"Patient?{criteria}")),
    )
    assert answer.status_code == status
    assert issues(answer) == [(issue, "Bundle.entry[1].resource.subject.reference")]
    assert client.get("/Patient/new").status_code == 404


@pytest.mark.parametrize(
    "entries",
    [
        [entry("POST", "Patient", known(""), ifNoneExist=ONE), entry("POST", "Patient", known(""), ifNoneExist=ONE)],
        [entry("PUT", f"Patient?{ONE}", known("")), entry("POST", "Patient", known(""), ifNoneExist=ONE)],
        [entry("PUT", f"Patient?{ONE}", known("")), entry("PUT", "Patient/there", known("there"))],
        [entry("PUT", f"Patient?{ONE}", known("")), entry("PUT", "Patient?gender=female", known(""))],
        [entry("DELETE", f"Patient?{ONE}"), entry("PUT", "Patient/there", known("there"))],
        [entry("POST", "Patient", known(""), ifNoneExist=ONE), entry("DELETE", "Patient/there")],
        [entry("PUT", "Patient/a", patient("a"), URN), entry("PUT", "Patient/b", patient("b"), URN)],
    ],
)
def test_two_entries_about_one_resource_are_refused_by_both_names(
    client: httpx.Client, entries: list[dict[str, Any]]
) -> None:
    client.put("/Patient/there", json=known("there", gender="female"))
    answer = send(client, "transaction", entry("PUT", "Patient/z", patient("z")), *entries)
    assert answer.status_code == 400, answer.text
    assert {code for code, _ in issues(answer)} == {"bundle-duplicate"}
    assert {place.partition(".r")[0] for _, place in issues(answer)} == {"Bundle.entry[1]", "Bundle.entry[2]"}
    assert client.get("/Patient/z").status_code == 404
    assert client.get("/Patient/there").headers["etag"] == 'W/"1"'


def test_two_creates_may_find_the_same_resource(client: httpx.Client) -> None:
    client.put("/Patient/there", json=known("there", gender="female"))
    answer = send(
        client,
        "transaction",
        entry("POST", "Patient", known(""), URN + "1", ifNoneExist=ONE),
        entry("POST", "Patient", known(""), URN + "2", ifNoneExist=f"{ONE}&gender=female"),
        entry("PUT", "Observation/o", about("o", URN + "2")),
    )
    assert (statuses(answer), subject(client, "o")) == (["200", "200", "201"], "Patient/there")


def test_conditional_entries_of_every_verb_and_reads_after_them(client: httpx.Client) -> None:
    for number in "123":
        client.put(f"/Patient/p{number}", json=known(f"p{number}", number))
    operations = b'[{"op":"add","path":"/gender","value":"male"}]'
    patch = {
        "resourceType": "Binary",
        "contentType": "application/json-patch+json",
        "data": b64encode(operations).decode(),
    }
    answer = send(
        client,
        "transaction",
        entry("GET", "Patient?_summary=count"),
        entry("GET", "Patient/p2", ifNoneMatch='W/"2"'),
        entry("PATCH", f"Patient?{TWO}", patch),
        entry("DELETE", f"Patient?{ONE}"),
        entry("PUT", f"Patient?identifier={SYSTEM}|3", known("", "3", gender="female"), ifMatch='W/"1"'),
        entry("POST", "Patient", known("", "4"), ifNoneExist=f"identifier={SYSTEM}|4"),
        entry("POST", "Patient/$validate", patient("v", gender="none of these")),
    )
    assert statuses(answer) == ["200", "304", "200", "204", "200", "201", "200"], answer.text
    assert answer.json()["entry"][0]["resource"]["total"] == 3
    assert client.get("/Patient/p2").json()["gender"] == "male"


def test_an_entry_that_reads_a_binary_gives_the_resource(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Binary/b", content=b"\x00\x01", headers={"content-type": "application/octet-stream"})
    answer = send(sqlite_client, "batch", entry("GET", "Binary/b"), entry("POST", "Patient/$validate", patient("v")))
    resources = [each["resource"]["resourceType"] for each in answer.json()["entry"]]
    assert resources == ["Binary", "OperationOutcome"]


def test_outcomes_are_given_to_who_prefers_them(sqlite_client: httpx.Client) -> None:
    entries = [entry("PUT", "Patient/out", patient("out")), entry("DELETE", "Patient/nothing")]
    answer = send(sqlite_client, "transaction", *entries, prefer="return=OperationOutcome")
    told = [each["response"]["outcome"]["resourceType"] for each in answer.json()["entry"]]
    assert told == ["OperationOutcome"] * 2


def test_a_failing_condition_names_its_entry_and_takes_the_whole_back(client: httpx.Client) -> None:
    two(client)
    for failing, code in (
        (entry("PUT", f"Patient?{ONE}", known("")), "multiple-matches"),
        (entry("PUT", "Patient/a", known("a"), ifMatch='W/"7"'), "version-conflict"),
        (entry("PATCH", "Patient/none", {"resourceType": "Parameters"}), "not-found"),
    ):
        answer = send(client, "transaction", entry("PUT", "Patient/z", patient("z")), failing)
        found, place = issues(answer)[0]
        assert (found, place.startswith("Bundle.entry[1]")) == (code, True)
    assert client.get("/Patient/z").status_code == 404


@pytest.mark.parametrize(
    "one",
    [
        entry("PUT", "Patient/p", patient("p"), "http://x/fhir/Patient/q"),
        entry("POST", "Patient", patient("p"), "http://x/fhir/Patient/q"),
        entry("PUT", "Patient/p", patient("p"), "http://x/fhir/Patient/p/_history/1"),
    ],
)
def test_a_full_url_that_disagrees_with_its_resource_is_refused(
    sqlite_client: httpx.Client, one: dict[str, Any]
) -> None:
    answer = send(sqlite_client, "transaction", one)
    assert (answer.status_code, issues(answer)) == (400, [("full-url", "Bundle.entry[0].fullUrl")])


def test_an_empty_transaction_is_one(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.post("/", json={"resourceType": "Bundle", "type": "transaction"})
    assert (answer.status_code, answer.json()["type"]) == (200, "transaction-response")


def test_conditional_entries_of_a_batch_stand_by_themselves(client: httpx.Client) -> None:
    answer = send(
        client,
        "batch",
        entry("POST", "Patient", known(""), ifNoneExist=ONE),
        entry("POST", "Patient", known("", gender="male"), ifNoneExist=ONE),
        entry("PUT", f"Patient?{ONE}", known("", gender="female")),
        entry("DELETE", f"Patient?identifier={SYSTEM}|9"),
        entry("PATCH", f"Patient?identifier={SYSTEM}|9", {"resourceType": "Parameters"}),
        entry("POST", "Patient", known(""), ifNoneExist=""),
    )
    assert statuses(answer) == ["201", "200", "200", "204", "404", "400"], answer.text


def test_the_cost_of_a_large_transaction_is_linear(sqlite_client: httpx.Client) -> None:
    def seconds(count: int) -> float:
        bundle = [
            entry("POST", "Patient", known("", f"{count}-{n}"), f"{URN}{n:06}", ifNoneExist=f"{ONE}-{count}-{n}")
            for n in range(count)
        ]
        bundle += [entry("POST", "Observation", about("", f"{URN}{n:06}")) for n in range(count)]
        started = time.process_time()
        assert send(sqlite_client, "transaction", *bundle).status_code == 200
        return time.process_time() - started

    small = min(seconds(150), seconds(151))
    large = min(seconds(1500), seconds(1501))
    assert large < 25 * small
