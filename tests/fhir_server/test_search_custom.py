"""Search parameters added to a running store: validated, indexed at once for new writes, filled by `$reindex`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import coded, ids, observation, patient, running
from tests.ports import free_port

NATION = "http://example.org/nation"


def parameter(key: str = "nation", **elements: Any) -> dict[str, Any]:
    return {
        "resourceType": "SearchParameter",
        "id": key,
        "url": f"http://example.org/SearchParameter/{key}",
        "name": key,
        "status": "active",
        "description": "x",
        "code": key,
        "base": ["Patient"],
        "type": "token",
        "expression": f"Patient.extension('{NATION}').value",
    } | elements


def of_nation(key: str, nation: str) -> dict[str, Any]:
    return patient(key, extension=[{"url": NATION, "valueCode": nation}])


def put(client: httpx.Client, resource: dict[str, Any], status: tuple[int, ...] = (200, 201)) -> httpx.Response:
    answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
    assert answer.status_code in status, answer.text
    return answer


def reindexed(client: httpx.Client) -> None:
    started = client.post("/$reindex")
    assert started.status_code == 202
    for _ in range(400):
        answer = client.get(started.headers["content-location"])
        if answer.status_code != 202:
            assert answer.status_code == 200, answer.text
            return
        assert answer.headers["x-progress"]
        time.sleep(0.05)
    raise AssertionError("the job has no end")


def found(client: httpx.Client, address: str) -> list[str]:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return sorted(ids(answer.json()))


def issue(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def test_a_new_parameter_finds_what_was_there_before_and_what_comes_after(client: httpx.Client) -> None:
    for number in range(8):
        put(client, of_nation(f"old{number}", "hui" if number % 2 else "han"))
    assert issue(client.get("/Patient?nation=hui")) == (400, "search-parameter-unknown")
    put(client, parameter())
    assert issue(client.get("/Patient?nation=hui")) == (409, "search-parameter-filling")
    put(client, of_nation("new", "hui"))
    put(client, of_nation("old1", "miao"))
    reindexed(client)
    assert found(client, "/Patient?nation=hui") == ["Patient/new", "Patient/old3", "Patient/old5", "Patient/old7"]
    assert found(client, "/Patient?nation=miao") == ["Patient/old1"]
    assert found(client, "/Patient?nation:not=han,hui,miao") == []
    put(client, of_nation("old3", "han"))
    client.delete("/Patient/old5")
    assert found(client, "/Patient?nation=hui") == ["Patient/new", "Patient/old7"]


def test_the_capabilities_and_the_status_tell_of_it(client: httpx.Client) -> None:
    put(client, patient("p"))
    put(client, parameter())
    patient_part = next(
        each for each in client.get("/metadata").json()["rest"][0]["resource"] if each["type"] == "Patient"
    )
    assert {"name": "nation", "type": "token"}.items() <= next(
        each for each in patient_part["searchParam"] if each["name"] == "nation"
    ).items()
    states = [part["valueCode"] for part in client.get("/$reindex").json()["parameter"][0]["part"]]
    assert states == ["Patient", "nation", "filling"]
    reindexed(client)
    states = [part["valueCode"] for part in client.get("/$reindex").json()["parameter"][0]["part"]]
    assert states == ["Patient", "nation", "filled"]


@pytest.mark.parametrize(
    ("elements", "matching", "query"),
    [
        ({"type": "string", "expression": "Patient.maritalStatus.text"}, {"maritalStatus": {"text": "已婚"}}, "已"),
        ({"type": "string", "expression": "Patient.contact.name"}, {"contact": [{"name": {"text": "张三"}}]}, "张"),
        ({"type": "date", "expression": "Patient.photo.creation"}, {"photo": [{"creation": "2026-01-02"}]}, "2026"),
        ({"type": "number", "expression": "Patient.multipleBirth as integer"}, {"multipleBirthInteger": 2}, "gt1"),
        (
            {"type": "reference", "expression": "Patient.contact.organization", "target": ["Organization"]},
            {"contact": [{"organization": {"reference": "Organization/o"}}]},
            "Organization/o",
        ),
        ({"type": "token", "expression": "Patient.name.where(use = 'official').family.exists()"}, {}, "false"),
        (
            {"type": "string", "expression": "Patient.name.select(given.first() & family)"},
            {"name": [{"given": ["Ann", "B"], "family": "Lee"}]},
            "annlee",
        ),
    ],
)
def test_every_kind_is_indexed_by_path_or_by_fhirpath(
    sqlite_client: httpx.Client, elements: dict[str, Any], matching: dict[str, Any], query: str
) -> None:
    put(sqlite_client, {"resourceType": "Organization", "id": "o", "name": "x"})
    key = "k" + str(abs(hash(elements["expression"])))
    put(sqlite_client, patient("before" + key, **matching))
    put(sqlite_client, parameter(key, **elements))
    reindexed(sqlite_client)
    put(sqlite_client, patient("after" + key, **matching))
    both = {f"Patient/after{key}", f"Patient/before{key}"}
    assert both <= set(found(sqlite_client, f"/Patient?{key}={query}&_count=100"))
    assert sqlite_client.delete(f"/SearchParameter/{key}").status_code == 204


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        ({"code": "name"}, "search-parameter-clash"),
        ({"code": "_id"}, "search-parameter-code"),
        ({"base": ["Patient", "Observation"], "code": "birthdate"}, "search-parameter-clash"),
        ({"base": ["Resource"], "code": "status", "expression": "Resource.id"}, "search-parameter-clash"),
        ({"expression": "Patient.nothing"}, "search-parameter-expression"),
        ({"expression": "Patient.name."}, "search-parameter-expression"),
        ({"expression": "Observation.code"}, "search-parameter-expression"),
        ({"expression": "Patient.name", "type": "date"}, "search-parameter-expression"),
        ({"expression": "Patient.birthDate", "type": "reference"}, "search-parameter-expression"),
        ({"expression": None}, "search-parameter-expression"),
        ({"type": "composite"}, "search-parameter-kind"),
        ({"type": "special"}, "search-parameter-kind"),
    ],
)
def test_a_parameter_that_cannot_work_is_refused(
    sqlite_client: httpx.Client, elements: dict[str, Any], code: str
) -> None:
    resource = {name: value for name, value in (parameter("bad") | elements).items() if value is not None}
    assert issue(sqlite_client.put("/SearchParameter/bad", json=resource)) == (422, code)


def test_a_draft_is_kept_but_not_in_force(sqlite_client: httpx.Client) -> None:
    put(sqlite_client, parameter("draft", status="draft", code="name"))
    assert issue(sqlite_client.get("/Patient?draft=x")) == (400, "search-parameter-unknown")


def test_what_is_deleted_is_unknown_again_and_a_new_one_begins_anew(client: httpx.Client) -> None:
    put(client, of_nation("p", "hui"))
    put(client, parameter())
    reindexed(client)
    assert found(client, "/Patient?nation=hui") == ["Patient/p"]
    client.delete("/SearchParameter/nation")
    assert issue(client.get("/Patient?nation=hui")) == (400, "search-parameter-unknown")
    put(client, of_nation("p", "han"))
    put(client, parameter())
    put(client, of_nation("p", "hui"))
    reindexed(client)
    assert (found(client, "/Patient?nation=hui"), found(client, "/Patient?nation=han")) == (["Patient/p"], [])


def test_chains_sorting_and_includes_use_it(client: httpx.Client) -> None:
    put(client, of_nation("p", "hui"))
    put(client, observation("o", subject={"reference": "Patient/p"}, code=coded("c", "x")))
    put(client, parameter())
    put(client, parameter("born", type="date", expression="Patient.photo.creation"))
    reindexed(client)
    assert found(client, "/Observation?patient.nation=hui") == ["Observation/o"]
    assert found(client, "/Observation?subject:Patient.nation=han") == []
    assert found(client, "/Patient?nation=hui&_sort=-born") == ["Patient/p"]


def test_every_server_of_a_store_learns_of_it(database_url: str) -> None:
    settings = Settings(database=database_url, cursor_key=Secret("k"))
    with (
        running(settings) as one,
        running(settings) as other,
        httpx.Client(base_url=f"{one}/fhir", timeout=30) as here,
        httpx.Client(base_url=f"{other}/fhir", timeout=30) as there,
    ):
        put(there, of_nation("old", "hui"))
        put(here, parameter())
        put(there, of_nation("new", "hui"))  # the other process writes with the new parameter at once
        assert issue(there.get("/Patient?nation=hui")) == (409, "search-parameter-filling")
        reindexed(there)
        assert (
            found(here, "/Patient?nation=hui") == found(there, "/Patient?nation=hui") == ["Patient/new", "Patient/old"]
        )
        assert there.delete("/SearchParameter/nation").status_code == 204
        assert issue(here.get("/Patient?nation=hui")) == (400, "search-parameter-unknown")


SERVER = """
import sys, uvicorn
from fhir_server.security.secret import Secret
from fhir_server.app import create_app
from fhir_server.jobs import reindex
from fhir_server.settings import Settings
reindex.SLICE = int(sys.argv[3])
app = create_app(Settings(database=sys.argv[1], cursor_key=Secret("k")), factories=())
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""


def test_a_reindex_that_was_killed_goes_on(database_url: str, tmp_path: Path) -> None:
    def started(size: int) -> tuple[subprocess.Popen[bytes], httpx.Client]:
        port = free_port()
        command = [sys.executable, "-c", SERVER, database_url, str(port), str(size)]
        process = subprocess.Popen(command, cwd=Path(__file__).parent.parent.parent, stderr=subprocess.DEVNULL)
        opened = httpx.Client(base_url=f"http://127.0.0.1:{port}/fhir", timeout=30)
        for _ in range(200):
            try:
                opened.get("/$reindex")
                return process, opened
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("no server")

    process, client = started(1)
    entries = [
        {"resource": of_nation(f"p{n}", "hui"), "request": {"method": "PUT", "url": f"Patient/p{n}"}}
        for n in range(300)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert client.post("/", json=bundle).status_code == 200
    put(client, parameter())
    job = client.post("/$reindex").headers["content-location"]
    for _ in range(400):
        if client.get(job).headers.get("x-progress", "").split(" ")[0] not in ("waiting", "begins", "0", "running"):
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    client.close()
    process, client = started(50)
    try:
        path = job.partition("/fhir")[2]
        progress = client.get(path).headers.get("x-progress", "300")
        assert progress.split(" ")[0] not in ("waiting", "begins", "0")
        for _ in range(600):
            if client.get(path).status_code == 200:
                break
            time.sleep(0.05)
        assert client.get("/Patient?nation=hui&_summary=count").json()["total"] == 300
    finally:
        process.terminate()
        process.wait()
        client.close()
