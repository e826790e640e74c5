"""What an operation of a script sends: method, address, headers, body."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from conformance.testscript.stored import Stored
from tests.conformance.testscript_bench import BASE, Desk, answer, asking, asserting, fixture, ran, results, scripted

PATIENT = {"resourceType": "Patient", "id": "p", "gender": "male"}
MADE = answer(201, {**PATIENT, "id": "77", "meta": {"versionId": "3"}}, Location=f"{BASE}/Patient/77/_history/3")


def sent(tmp_path: Path, *actions: dict[str, Any], **parts: Any) -> Stored:
    """The last request of a test whose first action creates the fixture p as `made`."""
    desk = Desk({"POST /Patient": MADE})
    create = asking("create", sourceId="p", responseId="made")
    found = ran(scripted(create, *actions, **{**fixture(PATIENT), **parts}), tmp_path, desk)
    assert "error" not in results(found.tests[0]), found.tests[0].trouble
    return desk.asked[-1]


@pytest.mark.parametrize(
    ("operation", "line"),
    [
        (asking("create", sourceId="p"), "POST /Patient"),
        (asking("read", targetId="made"), "GET /Patient/77"),
        (asking("read", resource="Patient", params="/5"), "GET /Patient/5"),
        (asking("read", resource="Patient", params="5"), "GET /Patient/5"),
        (asking("vread", targetId="made"), "GET /Patient/77/_history/3"),
        (asking("update", sourceId="p"), "PUT /Patient/p"),
        (asking("update", sourceId="p", targetId="made"), "PUT /Patient/77"),
        (asking("update", resource="Patient", sourceId="p", params="?gender=male"), "PUT /Patient?gender=male"),
        (asking("delete", targetId="made"), "DELETE /Patient/77"),
        (asking("deleteCondMultiple", resource="Patient", params="gender=male"), "DELETE /Patient?gender=male"),
        (asking("history", targetId="made"), "GET /Patient/77/_history"),
        (asking("history", resource="Patient", params="?_count=2"), "GET /Patient/_history?_count=2"),
        (asking("history"), "GET /_history"),
        (asking("search", resource="Patient", params="?gender=male"), "GET /Patient?gender=male"),
        (asking("search", resource="Patient", params="gender=male"), "GET /Patient?gender=male"),
        (asking("search", resource="Patient"), "GET /Patient"),
        (asking("search", resource="Patient", params="?name=张 三"), "GET /Patient?name=%E5%BC%A0%20%E4%B8%89"),
        (asking("search", resource="Patient", params="?code=a%7Cb|c"), "GET /Patient?code=a%7Cb|c"),
        (asking("batch", sourceId="p"), "POST /"),
        (asking("transaction", sourceId="p"), "POST /"),
        (asking("capabilities"), "GET /metadata"),
        (asking("everything", targetId="made"), "GET /Patient/77/$everything"),
        (asking("$everything", targetId="made"), "GET /Patient/77/$everything"),
        (asking("expand", resource="ValueSet", params="?url=http://a"), "GET /ValueSet/$expand?url=http://a"),
        (asking("validate", resource="Patient", sourceId="p"), "POST /Patient/$validate"),
        (asking("head", targetId="made"), "HEAD /Patient/77"),
        (asking("read", url="Patient/9?_summary=true"), "GET /Patient/9?_summary=true"),
        (asking("read", url=f"{BASE}/Patient/9"), "GET /Patient/9"),
        (asking("read", url="Patient/9", method="delete"), "DELETE /Patient/9"),
    ],
)
def test_operation_becomes_this_request(tmp_path: Path, operation: dict[str, Any], line: str) -> None:
    request = sent(tmp_path, operation)
    assert f"{request.method} {request.url.removeprefix(BASE)}" == line


def test_a_search_by_post_has_its_parameters_in_the_body(tmp_path: Path) -> None:
    request = sent(tmp_path, asking("search", resource="Patient", params="?gender=male", method="post"))
    assert (request.method, request.url) == ("POST", f"{BASE}/Patient/_search")
    assert request.data == b"gender=male"
    assert request.header("Content-Type") == "application/x-www-form-urlencoded"


def test_accept_and_content_type_may_be_codes_or_media_types_or_none(tmp_path: Path) -> None:
    request = sent(tmp_path, asking("create", sourceId="p", accept="xml", contentType="xml"))
    assert request.header("Accept") == "application/fhir+xml"
    assert request.header("Content-Type") == "application/fhir+xml"
    assert request.data.startswith(b"<?xml") and b'<gender value="male"/>' in request.data
    assert sent(tmp_path, asking("read", targetId="made", accept="text/turtle")).header("Accept") == "text/turtle"
    assert sent(tmp_path, asking("read", targetId="made", accept="none")).header("Accept") is None


def test_a_header_of_the_script_wins(tmp_path: Path) -> None:
    headers = [{"field": "accept", "value": "a/b"}, {"field": "If-Match", "value": 'W/"${version}"'}]
    variable = [{"name": "version", "sourceId": "made", "expression": "Patient.meta.versionId"}]
    request = sent(tmp_path, asking("read", targetId="made", requestHeader=headers), variable=variable)
    assert request.header("Accept") == "a/b"
    assert request.header("If-Match") == 'W/"3"'


def test_variables_are_filled_in_everywhere_also_in_fixtures(tmp_path: Path) -> None:
    source = {**PATIENT, "identifier": [{"value": "${number}-${D4}"}]}
    request = sent(
        tmp_path,
        asking("update", sourceId="p", url="Patient/${made id}"),
        **fixture(source),
        variable=[
            {"name": "number", "defaultValue": "7"},
            {"name": "made id", "sourceId": "made", "path": "$.id"},
        ],
    )
    assert request.url == f"{BASE}/Patient/77"
    assert json.loads(request.data)["identifier"] == [{"value": "7-0000"}]


def test_a_binary_is_sent_as_what_it_holds_when_the_script_names_its_media_type(tmp_path: Path) -> None:
    patch = b'[{"op":"remove","path":"/gender"}]'
    binary = {"resourceType": "Binary", "id": "p", "contentType": "application/json-patch+json"}
    source = fixture({**binary, "data": b64encode(patch).decode()})
    operation = asking("patch", resource="Patient", params="/1", sourceId="p")
    operation["operation"]["contentType"] = "application/json-patch+json"
    desk = Desk()
    ran(scripted(operation, **source), tmp_path, desk)
    assert desk.asked[0].data == patch
    del operation["operation"]["contentType"]
    ran(scripted(operation, **source), tmp_path, desk)
    assert b"Binary" in desk.asked[1].data


@pytest.mark.parametrize(
    "operation",
    [
        asking("read", targetId="nobody"),
        asking("read", resource="Patient"),
        asking("create", sourceId="nobody"),
        asking("read", url="Patient/${nobody}"),
        asking("vread", targetId="p"),
        asking(""),
    ],
)
def test_what_cannot_be_worked_out_is_an_error_and_nothing_is_sent(tmp_path: Path, operation: dict[str, Any]) -> None:
    desk = Desk()
    found = ran(scripted(operation, asserting(response="notFound"), **fixture(PATIENT)), tmp_path, desk)
    assert results(found.tests[0]) == ["error", "skip"]
    assert desk.asked == []


@pytest.mark.parametrize(
    ("variable", "given", "value"),
    [
        ({"defaultValue": "a"}, {}, "a"),
        ({"defaultValue": "a"}, {"v": "b"}, "b"),
        ({"sourceId": "made", "headerField": "location"}, {}, f"{BASE}/Patient/77/_history/3"),
        ({"sourceId": "made", "expression": "Patient.gender"}, {}, "male"),
        ({"sourceId": "made", "path": "fhir:Patient/fhir:gender/@value"}, {}, "male"),
        ({"sourceId": "made", "path": ".meta.versionId"}, {}, "3"),
        ({"sourceId": "made", "expression": "Patient.name", "defaultValue": "none"}, {}, "none"),
        ({"defaultValue": "${CD2}"}, {}, "aa"),
    ],
)
def test_value_of_a_variable(tmp_path: Path, variable: dict[str, str], given: dict[str, str], value: str) -> None:
    desk = Desk({"POST /Patient": MADE})
    actions = (asking("create", sourceId="p", responseId="made"), asking("search", resource="Patient", url="?x=${v}"))
    ran(scripted(*actions, **fixture(PATIENT), variable=[{"name": "v", **variable}]), tmp_path, desk, variables=given)
    assert desk.asked[-1].url == f"{BASE}?x={value}"


def test_a_variable_defined_by_itself_is_an_error(tmp_path: Path) -> None:
    variable = [{"name": "a", "defaultValue": "${b}"}, {"name": "b", "defaultValue": "${a}"}]
    found = ran(scripted(asking("read", url="${a}"), variable=variable), tmp_path, Desk())
    trouble = found.tests[0].trouble
    assert trouble is not None and "by itself" in trouble.message
