"""$import writes lines of NDJSON as updates would, says what became of each, and fetches nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_server.bulk import import_step
from fhir_server.bulk.sources import lines
from fhir_server.intake import Intake, system_clock
from fhir_server.jobs.job import Job, Tools
from fhir_server.jobs.ledger import Ask, Keep, Take, find
from fhir_server.security.scope import EVERYTHING
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from tests.fhir_server.conftest import by_header, observation, patient, running

NDJSON = {"content-type": "application/fhir+ndjson", "prefer": "respond-async"}


def text(*resources: Any) -> bytes:
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in resources)


def finished(client: httpx.Client, answer: httpx.Response, **headers: str) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    for _ in range(600):
        status = client.get(answer.headers["content-location"], headers=headers)
        if status.status_code != 202:
            break
        time.sleep(0.02)
    assert status.status_code == 200, status.text
    manifest: dict[str, Any] = status.json()
    return manifest


def parameters(*inputs: tuple[str, str], **more: str) -> dict[str, Any]:
    listed = [
        {"name": "input", "part": [{"name": "type", "valueCode": kind}, {"name": "url", "valueUri": url}]}
        for kind, url in inputs
    ]
    named = [{"name": name, "valueString": value} for name, value in more.items()]
    return {"resourceType": "Parameters", "parameter": [*named, *listed]}


def test_lines_are_written_under_their_ids(client: httpx.Client) -> None:
    assert client.put("/Patient/b", json=patient("b", gender="male")).status_code == 201
    assert client.put("/Patient/c", json=patient("c")).status_code == 201
    body = text(
        observation("x", subject={"reference": "Patient/a"}), patient("a"), patient("b"), patient("c"), b"", b""
    )
    manifest = finished(client, client.post("/$import", content=body, headers=NDJSON))
    assert manifest["error"] == []
    assert manifest["output"] == [
        {"type": "Observation", "inputUrl": "body", "count": 1, "created": 1},
        {"type": "Patient", "inputUrl": "body", "count": 3, "created": 1, "updated": 1, "unchanged": 1},
    ]
    assert "gender" not in client.get("/Patient/b").json()
    assert client.get("/Observation?subject=Patient/a").json()["total"] == 1


def test_refused_lines_are_named_and_cost_the_others_nothing(client: httpx.Client) -> None:
    body = text(
        patient("a"), b"{nonsense", {"resourceType": "Patient", "id": "z", "gender": "?"}, b'{"a":1}', patient("b")
    )
    manifest = finished(client, client.post("/$import", content=body, headers=NDJSON))
    assert [row["count"] for row in manifest["output"]] == [2]
    assert [row["count"] for row in manifest["error"]] == [3]
    outcomes = [json.loads(line) for line in client.get(manifest["error"][0]["url"]).text.splitlines()]
    assert [one["issue"][0]["location"] for one in outcomes] == [["body:2"], ["body:3"], ["body:4"]]
    assert client.get("/Patient/z").status_code == 404


def test_line_without_id_gets_one(sqlite_client: httpx.Client) -> None:
    before = sqlite_client.get("/Basic?_summary=count").json()["total"]
    one = {"resourceType": "Basic", "code": {"text": "x"}}
    manifest = finished(sqlite_client, sqlite_client.post("/$import", content=text(one, one), headers=NDJSON))
    assert manifest["output"][0]["created"] == 2
    assert sqlite_client.get("/Basic?_summary=count").json()["total"] == before + 2


def test_two_lines_of_one_resource_are_two_versions(sqlite_client: httpx.Client) -> None:
    body = text(patient("twice"), patient("twice", gender="male"), patient("twice", gender="male"))
    manifest = finished(sqlite_client, sqlite_client.post("/$import", content=body, headers=NDJSON))
    assert manifest["output"][0] | {"type": ""} == {
        "type": "",
        "inputUrl": "body",
        "count": 3,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
    }
    assert sqlite_client.get("/Patient/twice").json()["meta"]["versionId"] == "2"


def test_caller_cannot_overwrite_what_he_may_not_see(guarded: httpx.Client) -> None:
    assert guarded.put("/Patient/a", json=patient("a"), headers={"x-owner": "A"}).status_code == 201
    headers = {"x-owners": "B", "x-owner": "B"}
    body = text(patient("a", gender="male"), patient("b"))
    manifest = finished(guarded, guarded.post("/$import", content=body, headers=NDJSON | headers), **headers)
    assert (manifest["output"][0]["count"], manifest["error"][0]["count"]) == (1, 1)
    assert "gender" not in guarded.get("/Patient/a", headers={"x-owners": "A"}).json()
    assert guarded.get("/Patient/b", headers={"x-owners": "A"}).status_code == 404


def test_subscription_comes_in_by_the_same_rules(guarded: httpx.Client) -> None:
    one = {"resourceType": "Subscription", "id": "s", "status": "requested", "reason": "x", "criteria": "Patient?"}
    headers = {"x-owners": "A"}  # without an institution of his own he would be told of everybody's
    body = text(one | {"channel": {"type": "websocket"}}, one | {"channel": {"type": "email"}})
    manifest = finished(guarded, guarded.post("/$import", content=body, headers=NDJSON | headers), **headers)
    assert (manifest["output"], manifest["error"][0]["count"]) == ([], 2)


@pytest.fixture
def with_folder(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "in" / "patients.ndjson").write_bytes(text(patient("a"), patient("b")))
    (tmp_path / "in" / "sub" / "mixed.ndjson").write_bytes(text(observation("x"), patient("c")))
    (tmp_path / "secret.ndjson").write_bytes(text(patient("s")))
    (tmp_path / "in" / "link.ndjson").symlink_to(tmp_path / "secret.ndjson")
    settings = Settings(
        database=f"sqlite:///{tmp_path}/q.db",
        cursor_key=Secret("k"),
        import_folder=tmp_path / "in",
        import_limit=2000,
    )
    with running(settings, identify=by_header) as address, httpx.Client(base_url=f"{address}/fhir") as client:
        yield client


def test_files_of_the_import_folder_can_be_named(with_folder: httpx.Client) -> None:
    body = parameters(("Patient", "patients.ndjson"), ("Patient", "file:sub/mixed.ndjson"), inputFormat="ndjson")
    manifest = finished(with_folder, with_folder.post("/$import", json=body))
    assert [(row["inputUrl"], row["type"], row["count"]) for row in manifest["output"]] == [
        ("patients.ndjson", "Patient", 2),
        ("sub/mixed.ndjson", "Patient", 1),
    ]
    assert sum(row["count"] for row in manifest["error"]) == 1


@pytest.mark.parametrize(
    "url",
    ["../secret.ndjson", "link.ndjson", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x", "sub", "none", ""],
)
def test_nothing_else_can_be_named(with_folder: httpx.Client, url: str) -> None:
    assert with_folder.post("/$import", json=parameters(("Patient", url))).status_code == 422


def test_without_a_folder_no_file_can_be_named(sqlite_client: httpx.Client) -> None:
    answer = sqlite_client.post("/$import", json=parameters(("Patient", "patients.ndjson")))
    assert (answer.status_code, "import_folder" in answer.text) == (422, True)
    assert sqlite_client.post("/$import", json={"resourceType": "Parameters"}).status_code == 400
    assert sqlite_client.get("/$import").status_code == 405


def test_body_over_the_limit_is_refused_and_leaves_nothing(with_folder: httpx.Client, tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        yield from [text(patient("a")) + b"\n"] * 100

    for body in (endless(), b"x" * 3000):
        assert with_folder.post("/$import", content=body, headers=NDJSON).status_code == 413
    assert list((tmp_path / "qiao-data").glob("*")) == []


def test_slice_that_is_done_again_doubles_nothing(database: Database, tmp_path: Path) -> None:
    """A process dies after the slice is done and before it is kept; another does it again."""
    source = tmp_path / "in.ndjson"
    source.write_bytes(text(*({"resourceType": "Basic", "code": {"text": str(n)}} for n in range(450))))
    intake = Intake(database)
    request = {"inputs": [{"name": "in", "path": str(source), "type": ""}], "owner": "", "url": ""}
    name = intake.submit(Ask("5f2b2d6e-55a1-4b39-9a2b-7d5a30f5a1c1", "import", request, EVERYTHING)).result()

    def job() -> Job:
        with database.read() as connection:
            found = find(connection, name, EVERYTHING)
        assert found is not None
        return found

    intake.submit(Take(job(), "one")).result()
    done = None
    while done is None or not done.done:
        tools = Tools(job(), "one", database, Settings(), tmp_path / "files", system_clock)
        lost = import_step.step(job().progress, tools)
        assert intake.submit(Keep(name, "another", lost)).result() is None
        done = intake.submit(Keep(name, "one", import_step.step(job().progress, tools))).result()
    assert done.result["counts"]["in"]["Basic"] == {"created": 450}
    intake.close()


def test_line_longer_than_the_limit_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_bytes(b"a" * 5000 + b"\nshort\n")
    assert [(len(line), line[:1]) for line, _ in lines(path, 0, 100)] == [(101, b"a"), (6, b"s")]
