"""PATCH over real HTTP, in all three languages, on both databases (FHIR R4 http.html#patch)."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from fhir_server.patch import fhirpath_patch, json_patch, xml_patch
from fhir_server.patch.failure import PatchError
from profiles.xml_output import dump_xml
from tests.fhir_server.conftest import observation, patient

JSON = {"content-type": "application/json-patch+json"}
XML = {"content-type": "application/xml-patch+xml"}
FHIR = {"content-type": "application/fhir+json"}


def operation(kind: str, path: str, **parts: Any) -> dict[str, Any]:
    made = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    made += [{"name": name, **value} for name, value in parts.items()]
    return {"name": "operation", "part": made}


def parameters(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(operations)}


def patched(client: httpx.Client, address: str, *operations: dict[str, Any], **headers: str) -> httpx.Response:
    return client.patch(address, content=json.dumps(operations), headers=JSON | headers)


def code(response: httpx.Response) -> str:
    found: str = response.json()["issue"][0]["details"]["coding"][0]["code"]
    return found


def test_each_language_makes_a_new_version_with_the_method_in_its_history(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p", name=[{"family": "李"}]))
    first = patched(client, "/Patient/p", {"op": "add", "path": "/gender", "value": "male"})
    assert (first.status_code, first.headers["etag"], first.json()["gender"]) == (200, 'W/"2"', "male")
    xml = '<diff xmlns="http://hl7.org/fhir"><replace sel="f:Patient/f:gender/@value">female</replace></diff>'
    second = client.patch("/Patient/p", content=xml, headers=XML)
    assert (second.status_code, second.json()["gender"]) == (200, "female")
    fhir = parameters(operation("add", "Patient.name[0]", name={"valueString": "given"}, value={"valueString": "伟"}))
    third = client.patch("/Patient/p", json=fhir, headers=FHIR)
    assert (third.status_code, third.json()["name"]) == (200, [{"family": "李", "given": ["伟"]}])
    listed = client.get("/Patient/p/_history").json()["entry"]
    assert [each["request"]["method"] for each in listed] == ["PATCH", "PATCH", "PATCH", "PUT"]


def test_a_patch_that_changes_nothing_makes_no_version(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p", gender="male"))
    same = patched(client, "/Patient/p", {"op": "replace", "path": "/gender", "value": "male"})
    assert (same.status_code, same.headers["etag"]) == (200, 'W/"1"')


def test_decimals_keep_their_digits(client: httpx.Client) -> None:
    content = (
        '{"resourceType":"Observation","id":"d","status":"final","code":{"text":"K"},"valueQuantity":{"value":1.10}}'
    )
    client.put("/Observation/d", content=content, headers=FHIR)
    patch = b'[{"op":"add","path":"/referenceRange","value":[{"low":{"value":2.500}}]}]'
    assert client.patch("/Observation/d", content=patch, headers=JSON).status_code == 200
    assert '"value":1.10}' in client.get("/Observation/d").text
    assert '"value":2.500}' in client.get("/Observation/d").text
    xml = '<diff xmlns="http://hl7.org/fhir"><replace sel="f:Observation/f:status/@value">amended</replace></diff>'
    assert client.patch("/Observation/d", content=xml, headers=XML).status_code == 200
    assert '"value":1.10}' in client.get("/Observation/d").text


@pytest.mark.parametrize(
    ("operations", "status", "issue"),
    [
        ([{"op": "test", "path": "/gender", "value": "female"}], 409, "patch-test"),
        ([{"op": "test", "path": "/active", "value": 1}], 409, "patch-test"),
        ([{"op": "remove", "path": "/photo"}], 422, "patch-failed"),
        ([{"op": "replace", "path": "", "value": [1]}], 422, "patch-failed"),
        ([{"op": "replace", "path": "", "value": {}}], 422, "patch-protected"),
        ([{"op": "add", "path": "/gender", "value": "none of these"}], 422, "code-not-in-valueset"),
        ([{"op": "add", "path": "/colour", "value": "red"}], 422, "element-unknown"),
        ([{"op": "remove", "path": "/name/0"}], 422, "element-empty"),
        ([{"op": "replace", "path": "/id", "value": "q"}], 422, "patch-protected"),
        ([{"op": "replace", "path": "/meta/versionId", "value": "9"}], 422, "patch-protected"),
        ([{"op": "replace", "path": "/resourceType", "value": "Person"}], 422, "patch-protected"),
        ([{"op": "spin", "path": "/gender"}], 400, "patch-malformed"),
        ([{"op": "add", "path": "gender", "value": 1}], 400, "patch-malformed"),
        ([{"op": "add", "path": "/a~2", "value": 1}], 400, "patch-malformed"),
        ([{"op": "add", "path": "/gender"}], 400, "patch-malformed"),
        ({"op": "add"}, 400, "patch-malformed"),
        ([{"op": "test", "path": "/gender", "value": "male"}] * 1001, 400, "patch-malformed"),
    ],
)
def test_a_json_patch_that_cannot_be_carried_out_changes_nothing(
    sqlite_client: httpx.Client, operations: Any, status: int, issue: str
) -> None:
    sqlite_client.put("/Patient/j", json=patient("j", gender="male", active=True, name=[{"text": "x"}]))
    answer = sqlite_client.patch("/Patient/j", content=json.dumps(operations), headers=JSON)
    assert (answer.status_code, code(answer)) == (status, issue), answer.text
    assert sqlite_client.get("/Patient/j").headers["etag"] == 'W/"1"'


@pytest.mark.parametrize(
    ("patch", "status"),
    [
        ("<diff/>", 400),
        ("<diff", 400),
        ('<!DOCTYPE d><diff><remove sel="f:Patient"/></diff>', 400),
        ('<diff><remove sel="//*[count(//*[//*])]"/></diff>', 400),
        ('<diff><remove sel="document(1)"/></diff>', 400),
        ('<diff><remove sel="f:Patient/f:photo"/></diff>', 422),
        ('<diff><remove sel="x:Patient"/></diff>', 422),
        ('<diff><remove sel="f:Patient"/></diff>', 422),
        ('<diff><replace sel="f:Patient/f:gender/@value"><x/></replace></diff>', 422),
        ('<diff xmlns="http://hl7.org/fhir"><add sel="f:Patient"><colour value="red"/></add></diff>', 422),
        ('<diff><add sel="f:Patient/f:gender" type="@value">x</add></diff>', 422),
    ],
)
def test_an_xml_patch_that_cannot_be_carried_out_changes_nothing(
    sqlite_client: httpx.Client, patch: str, status: int
) -> None:
    sqlite_client.put("/Patient/x", json=patient("x", gender="male"))
    answer = sqlite_client.patch("/Patient/x", content=patch, headers=XML)
    assert answer.status_code == status, answer.text
    assert sqlite_client.get("/Patient/x").headers["etag"] == 'W/"1"'


MALE = {"valueCode": "male"}
INDEX = {"valueInteger": 5}


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (operation("replace", "Patient.photo", value=MALE), 422),
        (operation("replace", "Patient.name", value={"valueHumanName": {"text": "z"}}), 422),
        (operation("add", "Patient", name={"valueString": "gender"}, value=MALE), 422),
        (operation("add", "Patient", name={"valueString": "colour"}, value=MALE), 422),
        (operation("insert", "Patient.name", index=INDEX, value={"valueHumanName": {"text": "z"}}), 422),
        (operation("move", "Patient.name", source=INDEX, destination=INDEX), 422),
        (operation("delete", "Patient.name"), 422),
        (operation("delete", "Patient"), 422),
        (operation("replace", "Patient.id", value={"valueId": "q"}), 422),
        (operation("replace", "Patient.gender", value={"valueCode": "none of these"}), 422),
        (operation("delete", "Patient.where("), 400),
        (operation("delete", "Patient.nothing()"), 400),
        (operation("delete", ""), 400),
        (operation("spin", "Patient.name"), 400),
        (operation("add", "Patient", name={"valueString": "gender"}), 400),
        (operation("insert", "Patient.name", index={"valueInteger": -1}, value=MALE), 400),
        ({"name": "operation"}, 400),
        ({"name": "other"}, 400),
    ],
)
def test_a_fhirpath_patch_that_cannot_be_carried_out_changes_nothing(
    sqlite_client: httpx.Client, one: dict[str, Any], status: int
) -> None:
    sqlite_client.put("/Patient/f", json=patient("f", gender="male", name=[{"text": "x"}, {"text": "y"}]))
    answer = sqlite_client.patch("/Patient/f", json=parameters(one), headers=FHIR)
    assert answer.status_code == status, answer.text
    assert sqlite_client.get("/Patient/f").headers["etag"] == 'W/"1"'


def test_a_fhirpath_patch_reaches_choices_and_what_stands_beside_a_primitive(sqlite_client: httpx.Client) -> None:
    extension = {"url": "http://x", "valueString": "y"}
    sqlite_client.put("/Observation/c", json=observation("c", valueString="1"))
    done = sqlite_client.patch(
        "/Observation/c",
        json=parameters(
            operation("replace", "Observation.value", value={"valueQuantity": {"value": 5}}),
            operation(
                "add", "Observation.status", name={"valueString": "extension"}, value={"valueExtension": extension}
            ),
            operation("add", "Observation", name={"valueString": "effective"}, value={"valueDateTime": "2026"}),
        ),
        headers=FHIR,
    )
    assert done.status_code == 200, done.text
    body = done.json()
    assert ("valueString" in body, body["valueQuantity"], body["effectiveDateTime"]) == (False, {"value": 5}, "2026")
    assert body["_status"] == {"extension": [extension]}
    undone = sqlite_client.patch(
        "/Observation/c", json=parameters(operation("delete", "Observation.status.extension[0]")), headers=FHIR
    )
    assert (undone.status_code, "_status" in undone.json()) == (200, False)


def test_a_fhirpath_patch_may_come_as_xml(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/xml", json=patient("xml"))
    one = parameters(operation("add", "Patient", name={"valueString": "gender"}, value={"valueCode": "male"}))
    answer = sqlite_client.patch(
        "/Patient/xml", content=dump_xml(one), headers={"content-type": "application/fhir+xml"}
    )
    assert (answer.status_code, answer.json()["gender"]) == (200, "male")


@pytest.mark.parametrize("media", ["application/merge-patch+json", "application/json"])
def test_a_merge_patch_changes_what_it_names(sqlite_client: httpx.Client, media: str) -> None:
    before = patient("merge", gender="male", active=True, maritalStatus={"text": "x", "coding": [{"code": "M"}]})
    sqlite_client.put("/Patient/merge", json=before)
    part = {"resourceType": "Patient", "gender": "female", "active": None, "maritalStatus": {"text": None}}
    answer = sqlite_client.patch("/Patient/merge", json=part, headers={"content-type": media})
    assert answer.status_code == 200, answer.text
    after = {name: value for name, value in answer.json().items() if name != "meta"}
    assert after == patient("merge", gender="female", maritalStatus={"coding": [{"code": "M"}]})
    other = sqlite_client.patch("/Patient/merge", json={"id": "other"}, headers={"content-type": media})
    assert (other.status_code, code(other)) == (422, "patch-protected")


def test_what_is_not_there_cannot_be_patched(client: httpx.Client) -> None:
    one = {"op": "add", "path": "/gender", "value": "male"}
    assert patched(client, "/Patient/none", one).status_code == 404
    client.put("/Patient/p", json=patient("p"))
    client.delete("/Patient/p")
    assert patched(client, "/Patient/p", one).status_code == 410


def test_if_match_holds_for_a_patch(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p"))
    one = {"op": "add", "path": "/gender", "value": "male"}
    assert patched(client, "/Patient/p", one, **{"if-match": 'W/"2"'}).status_code == 412
    assert patched(client, "/Patient/p", one, **{"if-match": 'W/"1"'}).status_code == 200


def test_no_patch_is_lost_when_many_come_at_once(client: httpx.Client) -> None:
    client.put("/Patient/p", json=patient("p", name=[{"text": "0"}]))

    def one(number: int) -> int:
        return patched(
            client, "/Patient/p", {"op": "add", "path": "/name/-", "value": {"text": str(number)}}
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(1, 41))) == {200}
    body = client.get("/Patient/p").json()
    assert sorted(int(name["text"]) for name in body["name"]) == list(range(41))
    assert body["meta"]["versionId"] == "41"


def test_a_caller_patches_only_what_he_may_see(guarded: httpx.Client) -> None:
    guarded.put("/Patient/b", json=patient("b"), headers={"x-owner": "B"})
    one = {"op": "add", "path": "/gender", "value": "male"}
    assert patched(guarded, "/Patient/b", one, **{"x-owners": "A"}).status_code == 404
    assert patched(guarded, "/Patient/b", one, **{"x-owners": "A,B"}).status_code == 200


@pytest.mark.parametrize("value", [[1, 2, 3], ["x" * 1_000_000]])
def test_a_patch_that_copies_without_end_is_stopped(value: Any) -> None:
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"} for _ in range(60)]
    with pytest.raises(PatchError):
        json_patch.apply(json_patch.read(doubling), {"a": value})


def test_a_patch_that_nests_without_end_is_refused_and_the_store_stays_up(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/n", json=patient("n"))
    nesting = [
        {"op": "add", "path": "/extension" + "/0/extension" * depth, "value": [{"url": "u"}]} for depth in range(900)
    ]
    answer = sqlite_client.patch("/Patient/n", content=json.dumps(nesting), headers=JSON)
    assert (answer.status_code, code(answer)) == (422, "patch-failed")
    assert sqlite_client.put("/Patient/n", json=patient("n", gender="male")).status_code == 200


def test_a_patch_applied_twice_does_the_same_twice() -> None:
    """The writer tries again after a conflict: what the first try put in and changed must not come back changed."""
    operations = fhirpath_patch.read(
        parameters(
            operation("add", "Patient", name={"valueString": "name"}, value={"valueHumanName": {"family": "x"}}),
            operation("add", "Patient.name[0]", name={"valueString": "given"}, value={"valueString": "y"}),
        )
    )
    twice = [fhirpath_patch.apply(operations, patient("p")) for _ in range(2)]
    assert twice[0] == twice[1] == patient("p", name=[{"family": "x", "given": ["y"]}])
    added = json_patch.read([{"op": "add", "path": "/a", "value": {}}, {"op": "add", "path": "/a/b", "value": 1}])
    assert [json_patch.apply(added, {}) for _ in range(2)] == [{"a": {"b": 1}}] * 2


@pytest.mark.parametrize("given", [None, 1, "x", [], {}, [None], {"resourceType": "Parameters", "parameter": [1]}])
def test_no_document_makes_an_engine_fail_otherwise_than_by_its_own_error(given: Any) -> None:
    for read in (json_patch.read, fhirpath_patch.read):
        if read is fhirpath_patch.read and not isinstance(given, dict):
            continue
        try:
            read(given)
        except PatchError as error:
            assert error.issues[0].code == "patch-malformed"
    with pytest.raises(PatchError):
        xml_patch.read(b"\x00", limit=10)


def becomes_active(client: httpx.Client, address: str) -> bool:
    """Only the server says so."""
    for _ in range(500):
        if client.get(address).json()["status"] == "active":
            return True
        time.sleep(0.02)
    return False


def test_a_patch_cannot_make_what_a_write_may_not(sqlite_client: httpx.Client) -> None:
    asked = {
        **{"resourceType": "Subscription", "id": "s", "status": "requested", "reason": "r"},
        **{"criteria": "Observation?status=final", "channel": {"type": "websocket"}},
    }
    assert sqlite_client.put("/Subscription/s", json=asked).status_code == 201
    channel = {"op": "replace", "path": "/channel", "value": {"type": "rest-hook", "endpoint": "http://10.0.0.1/"}}
    assert code(patched(sqlite_client, "/Subscription/s", channel)) == "subscription-endpoint"
    assert becomes_active(sqlite_client, "/Subscription/s")
    changed = {"op": "replace", "path": "/status", "value": "error"}
    assert code(patched(sqlite_client, "/Subscription/s", changed)) == "subscription-status"
    reason = patched(sqlite_client, "/Subscription/s", {"op": "replace", "path": "/reason", "value": "another"})
    assert reason.status_code == 200


def test_a_patch_that_leaves_no_such_resource_meets_no_check(sqlite_client: httpx.Client) -> None:
    sqlite_client.put(
        "/Subscription/t",
        json={
            **{"resourceType": "Subscription", "id": "t", "status": "off", "reason": "r"},
            **{"criteria": "Observation?status=final", "channel": {"type": "websocket"}},
        },
    )
    assert patched(sqlite_client, "/Subscription/t", {"op": "remove", "path": "/channel"}).status_code == 422
    other = {"op": "replace", "path": "/resourceType", "value": "Patient"}
    assert code(patched(sqlite_client, "/Subscription/t", other)) == "patch-protected"
