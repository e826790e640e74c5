"""Hostile requests: every one is answered with a 4xx OperationOutcome, none with a 500, and the server goes on."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fhir_server.rest.router import ROUTES
from fhir_server.settings import Settings
from tests.fhir_server.conftest import observation, patient, running

JSON = {"content-type": "application/fhir+json"}


def wrapped(levels: int) -> bytes:
    return b'{"resourceType":"Patient","x":' + b"[" * levels + b"]" * levels + b"}"


BODIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "json-malformed"),
    "no JSON": (b"<Patient/>", "json-malformed"),
    "half a document": (b'{"resourceType":"Patient"', "json-malformed"),
    "a duplicate key": (b'{"resourceType":"Patient","id":"a","id":"b"}', "json-duplicate-key"),
    "a list": (b"[]", "body-not-object"),
    "a text": (b'"x"', "body-not-object"),
    "a NUL": (b'{"resourceType":"Patient","name":[{"text":"\\u0000"}]}', "json-malformed"),
    "a raw NUL": (b'{"resourceType":"Patient","name":[{"text":"\x00"}]}', "json-malformed"),
    "a lone surrogate": (b'{"resourceType":"Patient","name":[{"text":"\\ud800"}]}', "json-malformed"),
    "broken UTF-8": (b'{"resourceType":"Patient","name":[{"text":"\xff\xfe"}]}', "json-malformed"),
    "GBK": ('{"resourceType":"Patient","name":[{"text":"张三丰"}]}'.encode("gbk"), "json-malformed"),
    "nesting": (wrapped(100), "json-too-deep"),
    "deep nesting": (wrapped(100_000), "json-too-deep"),
    "a huge integer": (b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 5000 + b"}", "number-too-large"),
    "a huge exponent": (b'{"resourceType":"Patient","multipleBirthInteger":1e999}', "element-type"),
    "NaN": (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', "json-malformed"),
    "no type": (b"{}", "type-mismatch"),
    "an unknown type": (b'{"resourceType":"Nothing"}', "type-mismatch"),
    "a type that is no text": (b'{"resourceType":["Patient"]}', "type-mismatch"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused(sqlite_client: httpx.Client, name: str) -> None:
    body, code = BODIES[name]
    answer = sqlite_client.post("/Patient", content=body, headers=JSON)
    assert 400 <= answer.status_code < 500
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == code


@pytest.mark.parametrize(
    "elements",
    [
        {"name": "张"},
        {"name": [[]]},
        {"name": [None]},
        {"name": [{"text": 1}]},
        {"name": [{}]},
        {"gender": {"x": 1}},
        {"birthDate": "2026-02-30"},
        {"birthDate": 20260501},
        {"id": "a b"},
        {"id": 7},
        {"meta": []},
        {"meta": {"lastUpdated": "now"}},
        {"colour": "red"},
        {"managingOrganization": {"reference": 1}},
        {"managingOrganization": {"reference": "Patient/1"}},
        {"text": {"status": "generated", "div": "<script>alert(1)</script>"}},
        {"extension": [{"url": "urn:x"}] * 3},
        {"contained": [{"resourceType": "Nothing"}]},
    ],
)
def test_a_resource_of_the_wrong_shape_is_refused_with_its_place(
    sqlite_client: httpx.Client, elements: dict[str, Any]
) -> None:
    answer = sqlite_client.put("/Patient/p", json={"resourceType": "Patient", "id": "p", **elements})
    assert 400 <= answer.status_code < 500
    assert answer.json()["issue"][0]["expression"][0].startswith("Patient")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/Patient?name=%", 400),
        ("/Patient?name=%zz", 400),
        ("/Patient?name=%FF", 400),
        ("/Patient?name=%ED%A0%80", 400),
        ("/Patient?name=%00", 400),
        ("/Patient/%00", 400),
        ("/Patient/%FF", 400),
        ("/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/Patient/..%2f..%2fetc", 400),
        ("/Patient?" + "&".join("name=x" for _ in range(600)), 400),
        ("/Patient?name=" + "x" * 20_000, 414),
        ("/Patient?_count=" + "9" * 400, 400),
        ("/Patient?birthdate=9999-12-31T23:59:60.999999999%2B14:00", 200),
        ("/Patient?birthdate=0000", 400),
        ("/Observation?value-quantity=1e999", 200),
        ("/Observation?value-quantity=" + "9" * 400, 400),
        ("/Patient?_lastUpdated=ap0001-01-01", 200),
        ("/Patient?_id=" + quote("'; DROP TABLE resource; --"), 200),
    ],
)
def test_a_bad_address_is_refused(sqlite_client: httpx.Client, address: str, status: int) -> None:
    raw = httpx.URL(str(sqlite_client.base_url)).copy_with(raw_path=b"/fhir" + address.encode())
    answer = sqlite_client.send(httpx.Request("GET", raw))
    assert answer.status_code == status
    assert answer.json()["resourceType"] in ("OperationOutcome", "Bundle")


def test_a_patch_whose_part_has_a_name_that_is_no_text_is_malformed(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/p", json=patient("p"))
    for name in ([], {}, 1, None):
        part = [{"name": name, "valueString": "x"}]
        body = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": part}]}
        answer = sqlite_client.patch("/Patient/p", json=body, headers=JSON)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (400, "structure")


@pytest.fixture
def narrow(tmp_path: Any) -> Iterator[str]:
    with running(Settings(database=f"sqlite:///{tmp_path}/q.db", body_limit=2000)) as address:
        yield address


def test_a_body_over_the_limit_is_refused_however_it_is_announced(narrow: str) -> None:
    big = b'{"resourceType":"Patient","name":[{"text":"' + b"x" * 5000 + b'"}]}'
    declared = httpx.post(f"{narrow}/fhir/Patient", content=big, headers=JSON)
    streamed = httpx.post(f"{narrow}/fhir/Patient", content=iter([big[:100], big[100:]]), headers=JSON)
    for answer in (declared, streamed):
        assert answer.status_code == 413
        assert answer.json()["issue"][0]["code"] == "too-long"
    assert httpx.get(f"{narrow}/fhir/Patient").status_code == 200


def test_a_connection_that_breaks_off_in_a_body_does_no_harm(narrow: str) -> None:
    host, port = narrow.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")
    assert httpx.get(f"{narrow}/fhir/Patient").json()["total"] == 0


def test_an_odd_host_header_is_not_repeated_in_links(narrow: str) -> None:
    answer = httpx.get(f"{narrow}/fhir/Patient", headers={"host": 'evil"><script>'})
    assert "evil" not in answer.text


def test_an_error_of_our_own_is_an_incident_and_its_values_stay_out_of_the_log(
    narrow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("张三丰 330106199001010011")

    route = next(each for each in ROUTES if each.interaction == "read")
    monkeypatch.setattr("fhir_server.rest.endpoint.carry_out", broken)
    with structlog.testing.capture_logs() as logged:
        answer = httpx.get(f"{narrow}/fhir/Patient/1")
    assert route.method == "GET"
    assert answer.status_code == 500
    incident = logged[-1]["incident"]
    assert incident in answer.text
    assert "张三丰" not in json.dumps(logged, ensure_ascii=False) + answer.text


# ------------------------------------------------------------------------------------------ fuzz

_names = st.sampled_from(
    (
        "Patient",
        "Observation",
        "Nothing",
        "metadata",
        "_history",
        "_search",
        "$validate",
        "p",
        "o",
        "1",
        "..",
        "",
        "a b",
        "张",
        "%00",
    )
)
_parameters = st.sampled_from(
    (
        "name",
        "identifier",
        "_id",
        "_sort",
        "_count",
        "_include",
        "_revinclude",
        "_has:Observation:patient:code",
        "date",
        "birthdate",
        "value-quantity",
        "patient",
        "subject:Patient.name",
        "patient.identifier",
        "_lastUpdated",
        "_total",
        "_summary",
        "_elements",
        "_cursor",
        "_format",
        "_pretty",
        "code:not",
        "code:missing",
        "name:exact",
        "name:contains",
        "identifier:of-type",
        "subject:identifier",
        "combo-code",
        "colour",
        "_filter",
        "",
    )
)
_values = st.one_of(
    st.sampled_from(
        (
            "x",
            "s|x",
            "|x",
            "s|",
            "|",
            "a,b",
            "\\,",
            "ge2025",
            "2025-02-30",
            "gt5",
            "5|s|u",
            "Patient/p",
            "-date,_id",
            "true",
            "json",
            "0",
            "1",
            "99999999999",
            "Observation:subject",
            "Observation:*",
            "*",
            "accurate",
            "count",
            "张",
            "eq",
            "\\",
        )
    ),
    st.text(max_size=12),
)
_json = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False), st.text(max_size=8)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                (
                    "resourceType",
                    "id",
                    "name",
                    "text",
                    "coding",
                    "code",
                    "system",
                    "value",
                    "reference",
                    "x",
                    "entry",
                    "request",
                    "method",
                    "url",
                    "type",
                    "fullUrl",
                    "resource",
                    "extension",
                    "meta",
                )
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@st.composite
def _bodies(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from(("bytes", "json", "patient", "observation", "bundle")))
    if kind == "bytes":
        return draw(st.binary(max_size=60))
    noise = draw(
        st.dictionaries(
            st.sampled_from(
                (
                    "id",
                    "name",
                    "code",
                    "subject",
                    "status",
                    "valueQuantity",
                    "text",
                    "meta",
                    "effectiveDateTime",
                    "identifier",
                )
            ),
            _json,
            max_size=3,
        )
    )
    if kind == "json":
        value: Any = draw(_json)
    elif kind == "patient":
        value = patient("p") | noise
    elif kind == "observation":
        value = observation("o") | noise
    else:
        resource = draw(st.one_of(st.just(patient("p")), st.just(observation("o") | noise), _json))
        request = {
            "method": draw(st.sampled_from(("GET", "PUT", "POST", "DELETE", "x"))),
            "url": draw(
                st.one_of(
                    st.sampled_from(("Patient/p", "Patient", "Observation?code=x", "/", "%", "http://x/")),
                    st.text(max_size=8),
                )
            ),
        }
        entry = draw(st.one_of(_json, st.just({"resource": resource, "request": request, "fullUrl": "urn:uuid:1"})))
        value = {
            "resourceType": "Bundle",
            "type": draw(st.sampled_from(("batch", "transaction", "x"))),
            "entry": [entry],
        }
    return json.dumps(value).encode("utf-8", "surrogatepass")


REQUESTS = int(os.environ.get("QIAO_SCHEMATHESIS", "500"))
"""`make fuzz` sends ten times as many."""


def _safe(part: str) -> str:
    return quote(part.encode("utf-8", "surrogatepass"))


@settings(
    max_examples=REQUESTS,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(("GET", "GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "LOCK")),
    path=st.lists(_names, max_size=4),
    query=st.lists(st.tuples(_parameters, _values), max_size=3),
    headers=st.dictionaries(
        st.sampled_from(("accept", "content-type", "if-match", "if-none-match", "prefer", "if-none-exist")),
        st.sampled_from(
            (
                "application/fhir+json",
                "application/json;charset=utf-8",
                'W/"1"',
                "return=minimal",
                "handling=lenient",
                "x",
                "",
                "*/*",
            )
        ),
        max_size=2,
    ),
    body=_bodies(),
)
def test_no_request_is_ever_answered_with_a_500(
    sqlite_client: httpx.Client,
    method: str,
    path: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
) -> None:
    address = "/fhir/" + "/".join(_safe(part) for part in path)
    if query:
        address += "?" + "&".join(f"{_safe(name)}={_safe(text)}" for name, text in query)
    url = sqlite_client.base_url.copy_with(raw_path=address.encode())
    given = headers if method in ("GET", "HEAD", "DELETE") else JSON | headers
    answer = sqlite_client.send(httpx.Request(method, url, headers=given, content=body))
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and method != "HEAD":
        assert answer.json()["resourceType"] == "OperationOutcome"
        assert answer.json()["issue"][0]["severity"] in ("error", "fatal")
