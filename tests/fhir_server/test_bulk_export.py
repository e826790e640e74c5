"""$export gives the store as it stood, whole, to whoever may see it, whatever happens meanwhile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import by_header, coded, observation, patient, running

NDJSON = "application/fhir+ndjson"


def load(client: httpx.Client, *resources: dict[str, Any], **headers: str) -> None:
    for resource in resources:
        address = f"/{resource['resourceType']}/{resource['id']}"
        assert client.put(address, json=resource, headers=headers).status_code in (200, 201)


def kick_off(client: httpx.Client, address: str, **headers: str) -> httpx.Response:
    given = {"accept": "application/fhir+json", "prefer": "respond-async"} | headers
    return client.get(address, headers=given)


def finished(client: httpx.Client, answer: httpx.Response, **headers: str) -> dict[str, Any]:
    """The manifest, once it is there."""
    assert answer.status_code == 202, answer.text
    location = answer.headers["content-location"]
    for _ in range(600):
        status = client.get(location, headers=headers)
        if status.status_code != 202:
            break
        assert status.headers["x-progress"] and status.headers["retry-after"] == "1"
        time.sleep(0.02)
    assert status.status_code == 200, status.text
    assert status.headers["content-type"] == "application/json"
    manifest: dict[str, Any] = status.json()
    return manifest


def resources(client: httpx.Client, manifest: dict[str, Any], part: str = "output", **headers: str) -> list[Any]:
    found = []
    for file in manifest[part]:
        answer = client.get(file["url"], headers={"accept": NDJSON} | headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, NDJSON)
        lines = answer.text.splitlines()
        assert len(lines) == file["count"]
        read = [json.loads(line) for line in lines]
        assert {each["resourceType"] for each in read} == {file["type"]}
        found += read
    return found


def names(found: list[Any]) -> list[str]:
    return sorted(f"{each['resourceType']}/{each['id']}" for each in found)


def exported(client: httpx.Client, address: str, **headers: str) -> list[str]:
    manifest = finished(client, kick_off(client, address, **headers), **headers)
    return names(resources(client, manifest, **headers))


def of(key: str, who: str, **elements: Any) -> dict[str, Any]:
    return observation(key, subject={"reference": f"Patient/{who}"}, **elements)


def group(key: str, *members: str, left: tuple[str, ...] = ()) -> dict[str, Any]:
    listed = [{"entity": {"reference": f"Patient/{who}"}} for who in members]
    listed += [{"entity": {"reference": f"Patient/{who}"}, "inactive": True} for who in left]
    return {"resourceType": "Group", "id": key, "type": "person", "actual": True, "member": listed}


ORGANIZATION = {"resourceType": "Organization", "id": "o1", "name": "H"}


def test_system_export_holds_every_resource_as_it_is_read(client: httpx.Client) -> None:
    load(client, patient("a", birthDate="1980-01-01"), patient("b"), of("x", "a"), ORGANIZATION)
    answer = kick_off(client, "/$export")
    manifest = finished(client, answer)
    assert set(manifest) == {"transactionTime", "request", "requiresAccessToken", "output", "deleted", "error"}
    assert manifest["request"] == f"{client.base_url}$export"
    assert (manifest["requiresAccessToken"], manifest["error"], manifest["deleted"]) == (False, [], [])
    found = resources(client, manifest)
    assert names(found) == ["Observation/x", "Organization/o1", "Patient/a", "Patient/b"]
    assert all(each == client.get(f"/{each['resourceType']}/{each['id']}").json() for each in found)
    newest = max(each["meta"]["lastUpdated"] for each in found)
    assert manifest["transactionTime"][: len(newest) - 1] >= newest[:-1]


def test_patient_export_holds_patients_and_what_is_theirs(client: httpx.Client) -> None:
    appointment = {
        "resourceType": "Appointment",
        "id": "m",
        "status": "proposed",
        "participant": [{"actor": {"reference": "Patient/b"}, "status": "accepted"}],
    }
    load(client, patient("a"), patient("b"), of("x", "a"), observation("nobody"), ORGANIZATION, appointment)
    assert exported(client, "/Patient/$export") == ["Appointment/m", "Observation/x", "Patient/a", "Patient/b"]
    assert exported(client, "/Patient/$export?_type=Patient,Observation") == ["Observation/x", "Patient/a", "Patient/b"]


def test_group_export_holds_active_members_only(client: httpx.Client) -> None:
    load(client, patient("a"), patient("b"), patient("c"), of("x", "a"), of("y", "b"), of("z", "c"))
    load(client, group("g", "a", left=("c",)))
    assert exported(client, "/Group/g/$export") == ["Group/g", "Observation/x", "Patient/a"]
    assert kick_off(client, "/Group/none/$export").status_code == 404


def test_patients_can_be_named_in_the_request(sqlite_client: httpx.Client) -> None:
    load(sqlite_client, patient("na"), patient("nb"), of("nx", "na"), of("ny", "nb"))
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "patient", "valueReference": {"reference": "Patient/nb"}}],
    }
    answer = sqlite_client.post("/Patient/$export", json=body, headers={"prefer": "respond-async"})
    assert names(resources(sqlite_client, finished(sqlite_client, answer))) == ["Observation/ny", "Patient/nb"]
    assert sqlite_client.post("/$export", json=body, headers={"prefer": "respond-async"}).status_code == 400


@pytest.mark.parametrize("address", ["/$export", "/Patient/$export", "/Group/none/$export"])
def test_an_export_must_be_asked_for_asynchronously(sqlite_client: httpx.Client, address: str) -> None:
    for answer in (sqlite_client.get(address), sqlite_client.get(address, headers={"prefer": "handling=lenient"})):
        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


def test_since_gives_what_changed_and_what_was_deleted(client: httpx.Client) -> None:
    load(client, patient("old"), patient("gone"), of("lost", "old"))
    first = finished(client, kick_off(client, "/$export"))
    time.sleep(0.01)
    load(client, patient("new"))
    since = client.get("/Patient/new").json()["meta"]["lastUpdated"]
    assert client.delete("/Observation/lost").status_code == 204
    assert client.delete("/Patient/gone").status_code == 204
    for level in ("", "/Patient"):
        manifest = finished(client, kick_off(client, f"{level}/$export?_since={since}"))
        assert names(resources(client, manifest)) == ["Patient/new"]
        bundles = resources(client, manifest, "deleted")
        assert {bundle["type"] for bundle in bundles} == {"transaction"}
        urls = sorted(entry["request"]["url"] for bundle in bundles for entry in bundle["entry"])
        assert urls == ["Observation/lost", "Patient/gone"]
    again = finished(client, kick_off(client, f"/$export?_since={first['transactionTime']}"))
    assert "Patient/new" in names(resources(client, again))


def test_type_filter_and_elements(client: httpx.Client) -> None:
    load(client, patient("a", gender="male"), patient("b", gender="female", birthDate="1970-05-05"))
    load(client, of("x", "a", code=coded("urn:s", "K")), of("y", "b", code=coded("urn:s", "Na")))
    query = "_type=Patient,Observation&_typeFilter=Patient?gender=female,Observation?code=urn:s|K"
    assert exported(client, f"/$export?{query}") == ["Observation/x", "Patient/b"]
    assert exported(client, f"/Patient/$export?{query}") == ["Observation/x", "Patient/b"]
    manifest = finished(client, kick_off(client, "/$export?_type=Patient&_elements=gender"))
    assert all("birthDate" not in each and "gender" in each for each in resources(client, manifest))


@pytest.mark.parametrize(
    "query",
    [
        "_outputFormat=text/csv",
        "_type=Patiant",
        "_since=yesterday",
        "_since=2020-01-01",
        "_typeFilter=Patient?nonsense=1",
        "_typeFilter=nonsense",
        "_unknown=1",
    ],
)
def test_what_cannot_be_understood_is_refused(sqlite_client: httpx.Client, query: str) -> None:
    answer = kick_off(sqlite_client, f"/$export?{query}")
    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


def test_lenient_handling_passes_over_what_is_unknown(sqlite_client: httpx.Client) -> None:
    prefer = "respond-async, handling=lenient"
    assert kick_off(sqlite_client, "/$export?_unknown=1", prefer=prefer).status_code == 202
    assert kick_off(sqlite_client, "/Patient/$export?_type=Organization").status_code == 400


@pytest.mark.parametrize(
    "name", ["application/fhir+ndjson", "application%2Ffhir%2Bndjson", "application/ndjson", "ndjson"]
)
def test_all_names_of_the_format_are_known(sqlite_client: httpx.Client, name: str) -> None:
    assert kick_off(sqlite_client, f"/$export?_outputFormat={name}").status_code == 202


def test_deleting_the_job_takes_its_files_away(client: httpx.Client) -> None:
    load(client, patient("a"))
    answer = kick_off(client, "/$export")
    manifest = finished(client, answer)
    url, location = manifest["output"][0]["url"], answer.headers["content-location"]
    expires = parsedate_to_datetime(client.get(location).headers["expires"])
    assert expires.timestamp() > time.time() + 3600
    assert client.delete(location).status_code == 202
    for gone in (url, location):
        assert client.get(gone).status_code == 404
    assert client.delete(location).status_code == 404


def test_files_cannot_be_guessed(sqlite_client: httpx.Client) -> None:
    load(sqlite_client, patient("a"))
    manifest = finished(sqlite_client, kick_off(sqlite_client, "/$export?_type=Patient"))
    url = manifest["output"][0]["url"]
    for wrong in (
        url[:-8] + "x.ndjson",
        url.rpartition("/")[0] + "/..%2F..%2Fqiao.db",
        url.replace("file/", "file/%2e%2e%2f"),
    ):
        assert sqlite_client.get(wrong).status_code in (400, 404)


def test_caller_gets_what_he_may_see_and_nobody_elses_files(guarded: httpx.Client) -> None:
    load(guarded, patient("a"), **{"x-owner": "A"})
    load(guarded, patient("b"), **{"x-owner": "B"})
    load(guarded, of("x", "a"), **{"x-owner": "A"})
    load(guarded, of("y", "a"), **{"x-owner": "B"})
    load(guarded, group("g", "a", "b"), **{"x-owner": "A"})
    load(guarded, of("z", "b"), **{"x-owner": "A"})
    mine = {"x-owners": "A"}
    assert exported(guarded, "/$export?_type=Observation,Patient", **mine) == [
        "Observation/x",
        "Observation/z",
        "Patient/a",
    ]
    for address in ("/Patient/$export", "/Group/g/$export"):
        found = exported(guarded, address, **mine)
        assert [each for each in found if "Group" not in each] == ["Observation/x", "Patient/a"]
    assert kick_off(guarded, "/Group/g/$export", **{"x-owners": "B"}).status_code == 404
    answer = kick_off(guarded, "/$export", **mine)
    manifest = finished(guarded, answer, **mine)
    assert manifest["requiresAccessToken"] is True
    for headers in ({"x-owners": "B"}, {"x-owners": ""}):
        assert guarded.get(answer.headers["content-location"], headers=headers).status_code == 404
        assert guarded.get(manifest["output"][0]["url"], headers=headers).status_code == 404
        assert guarded.delete(answer.headers["content-location"], headers=headers).status_code == 404


@pytest.fixture
def small_files(tmp_path: Any) -> Iterator[httpx.Client]:
    settings = Settings(
        database=f"sqlite:///{tmp_path}/q.db",
        cursor_key=Secret("k"),
        export_file=4096,
        data_folder=tmp_path / "elsewhere",
    )
    with running(settings, identify=by_header) as address, httpx.Client(base_url=f"{address}/fhir") as client:
        yield client


def test_files_are_split_and_stand_in_the_data_folder(small_files: httpx.Client, tmp_path: Any) -> None:
    load(small_files, *(patient(f"p{n}") for n in range(100)))
    manifest = finished(small_files, kick_off(small_files, "/$export"))
    assert len(manifest["output"]) > 2
    assert names(resources(small_files, manifest)) == sorted(f"Patient/p{n}" for n in range(100))
    assert len(list((tmp_path / "elsewhere").glob("*/Patient-*.ndjson"))) == len(manifest["output"])


@pytest.mark.parametrize(
    ("method", "address", "body"),
    [
        ("GET", "/_job/%00", None),
        ("DELETE", "/_job/nonsense", None),
        ("GET", "/_job/subscriptions", None),
        ("GET", "/_job/00000000-0000-0000-0000-000000000000/file/%00", None),
        ("GET", "/Group/%00/$export", None),
        ("POST", "/$export", {"resourceType": "Parameters", "parameter": [1, {"name": 2}]}),
        ("POST", "/$export", {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": []}]}),
        ("POST", "/$export", {"resourceType": "Patient"}),
        ("POST", "/$import", {"resourceType": "Parameters", "parameter": [1]}),
        ("POST", "/$import", {"resourceType": "Parameters", "parameter": [{"name": "input", "part": "x"}]}),
        ("GET", "/Subscription/%00/$status", None),
        ("GET", "/Subscription/$status?id=%00", None),
        ("GET", "/Subscription/x/$events?eventsSinceNumber=99999999999999999999999", None),
        ("POST", "/Subscription/x/$events", {"resourceType": "Parameters", "parameter": [{"name": 1}]}),
        ("GET", "/Subscription/$get-ws-binding-token", None),
    ],
)
def test_strange_requests_are_answered_with_reasons(client: httpx.Client, method: str, address: str, body: Any) -> None:
    answer = client.request(method, address, json=body, headers={"prefer": "respond-async"})
    assert answer.status_code in (200, 202, 400, 404, 422), answer.text
