# ruff: noqa: E501
"""Great, many and slow things: every answer is sound and soon there, and nobody else is kept waiting."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from fhir_server import request_head
from tests.fhir_server.conftest import patient
from tests.fhir_server.sound_answers import FHIR, FORM, sound

_MANY = 50_000
_GREAT: dict[str, tuple[str, str, str]] = {
    "a decimal of a million digits": ("/Observation", '{"resourceType":"Observation","valueQuantity":{"value":0.' + "1" * 10**6 + "}}", FHIR),
    "an exponent": ("/Observation", '{"resourceType":"Observation","valueQuantity":{"value":1E+999999999}}', FHIR),
    "a long name": ("/Patient", '{"resourceType":"Patient","name":[{"family":"' + "张" * 300_000 + '"}]}', FHIR),
    "a long date": ("/Patient", '{"resourceType":"Patient","birthDate":"' + "2020-" * _MANY + '"}', FHIR),
    "a long language": ("/Patient", '{"resourceType":"Patient","language":"zh' + "-abcde" * _MANY + '!"}', FHIR),
    "a long media type": ("/Binary", '{"resourceType":"Binary","contentType":"a/b' + ";a=b" * _MANY + ';"}', FHIR),
    "blanks in base64": ("/Binary", '{"resourceType":"Binary","contentType":"a/b","data":"' + " " * 10**6 + '="}', FHIR),
    "deep XML": ("/Patient", '<Patient xmlns="http://hl7.org/fhir">' + '<extension url="a">' * _MANY, "application/fhir+xml"),
    "many members": ("/Patient", json.dumps({"resourceType": "Patient"} | {f"k{n}": 1 for n in range(_MANY)}), FHIR),
    "many parameters": (
        "/Patient/$validate",
        json.dumps({"resourceType": "Parameters", "parameter": [{"name": f"n{n}", "valueString": "x"} for n in range(_MANY)]}),
        FHIR,
    ),
    "brackets in a filter": ("/Patient/_search", "_filter=" + "(" * _MANY + "name eq a" + ")" * _MANY, FORM),
    "alternatives in a filter": ("/Patient/_search", "_filter=" + " or ".join(["name eq a"] * 5000), FORM),
    "a long chain": ("/Observation/_search", "subject" + ".link" * 5000 + "=x", FORM),
    "nested _has": ("/Patient/_search", "_has:Observation:patient:" * 3000 + "code=x", FORM),
    "a long URI above": ("/ValueSet/_search", "url:above=http://x" + "/a" * _MANY, FORM),
    "many sort keys": ("/Patient/_search", "_sort=" + ",".join(["name"] * _MANY), FORM),
    "many values": ("/Observation/_search", "code=" + ",".join(map(str, range(_MANY))), FORM),
    "a long unit": ("/Observation/_search", "value-quantity=1|http://unitsofmeasure.org|" + "m." * _MANY + "m", FORM),
    "a great exponent": ("/Observation/_search", "value-quantity=1e" + "9" * _MANY, FORM),
    "wildcards": ("/Patient/_search", "name:contains=" + "%25_" * _MANY, FORM),
    "many parts of a composite": ("/Observation/_search", "code-value-quantity=" + "$" * _MANY, FORM),
}  # fmt: skip


@pytest.mark.parametrize("name", _GREAT)
def test_what_is_great_is_answered_soon(sqlite_client: httpx.Client, name: str) -> None:
    address, body, media = _GREAT[name]
    sound(sqlite_client.post(address, content=body.encode(), headers={"content-type": media}))


def test_an_expansion_made_of_a_great_code_system_many_times_is_refused(sqlite_client: httpx.Client) -> None:
    concepts = [{"code": f"c{number}"} for number in range(5000)]
    great = {"resourceType": "CodeSystem", "status": "active", "content": "complete", "url": "http://x.test/great"}
    sqlite_client.post("/CodeSystem", json={**great, "concept": concepts})
    include = [{"system": "http://x.test/great"}] * 2000
    asked = {"resourceType": "ValueSet", "status": "active", "compose": {"include": include}}
    answer = sqlite_client.post("/ValueSet/$expand", json=asked)
    sound(answer)
    assert answer.json()["issue"][0]["code"] == "too-costly"


@pytest.mark.parametrize("name", ["a" * 64, "." * 64, "-", "a.b-c." * 10, "0"])
def test_ids_of_every_form_are_stored_and_found(sqlite_client: httpx.Client, name: str) -> None:
    url = sqlite_client.base_url.copy_with(raw_path=f"/fhir/Patient/{name.replace('.', '%2E')}".encode())
    body = json.dumps(patient(name)).encode()
    sound(made := sqlite_client.send(httpx.Request("PUT", url, content=body, headers={"content-type": FHIR})))
    assert made.status_code in (200, 201)
    assert sqlite_client.send(httpx.Request("GET", url)).json()["id"] == name
    assert sqlite_client.get(f"/Patient?_id={name}").json()["total"] == 1


# ------------------------------------------------------------------------------------------------------ connections


def _address(client: httpx.Client) -> tuple[str, int]:
    assert client.base_url.port is not None
    return client.base_url.host, client.base_url.port


def test_headers_without_end_are_cut_off(sqlite_client: httpx.Client) -> None:
    with socket.create_connection(_address(sqlite_client), timeout=10) as raw:
        raw.sendall(b"GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n")
        answer = b""
        try:
            for _ in range(20):
                raw.sendall(b"X-Long: " + b"a" * 8000 + b"\r\n")
            answer = raw.recv(100)
        except ConnectionError:
            answer = b"cut off"
    assert answer == b"cut off" or answer.startswith(b"HTTP/1.1 431")
    assert sqlite_client.get("/Patient?_count=0").status_code == 200


def test_slow_clients_keep_nobody_waiting(sqlite_client: httpx.Client) -> None:
    slow = [socket.create_connection(_address(sqlite_client), timeout=10) for _ in range(100)]
    for number, each in enumerate(slow):
        each.sendall(
            b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\n" + (b"Content-Length: 99\r\n\r\n{" if number % 2 else b"")
        )
    started = time.perf_counter()
    assert sqlite_client.get("/Patient?_count=0").status_code == 200
    assert time.perf_counter() - started < 1
    for each in slow:
        each.close()


def test_two_hundred_connections_at_once_are_all_answered(sqlite_client: httpx.Client) -> None:
    sqlite_client.put("/Patient/p", json=patient("p"))
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200, keepalive_expiry=2)
    with (
        httpx.Client(base_url=sqlite_client.base_url, limits=limits, timeout=30) as many,
        ThreadPoolExecutor(200) as pool,
    ):
        asked = [
            lambda: many.get("/Patient/p"),
            lambda: many.get("/Patient?_id=p"),
            lambda: many.post("/Patient", json={"resourceType": "Patient"}),
        ]
        answers = list(pool.map(lambda number: asked[number % 3](), range(600)))
    assert {answer.status_code for answer in answers} == {200, 201}


def test_a_request_that_stops_halfway_gives_its_connection_back(
    sqlite_client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_head, "IDLE", 0.3)
    head = (
        b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nContent-Length: 26\r\n\r\n"
    )
    body = b'{"resourceType":"Patient"}'
    with socket.create_connection(_address(sqlite_client), timeout=10) as stopped:
        stopped.sendall(head + body[:5])
        assert stopped.recv(100) == b""
    with socket.create_connection(_address(sqlite_client), timeout=10) as slow:
        slow.sendall(head)
        for byte in body:
            time.sleep(0.04)
            slow.sendall(bytes([byte]))
        assert slow.recv(100).startswith(b"HTTP/1.1 201")
        time.sleep(0.5)
        slow.sendall(head + body)
        assert slow.recv(5000), "between two requests the limit does not count"


def _said(client: httpx.Client, *parts: bytes) -> list[bytes]:
    """What comes back after each part."""
    with socket.create_connection(_address(client), timeout=10) as raw:
        answers = []
        for part in parts:
            raw.sendall(part)
            answers.append(raw.recv(65536))
    return answers


def test_who_asks_before_he_sends_a_body_is_told_to_go_on(sqlite_client: httpx.Client) -> None:
    """curl does, as soon as a body is large."""
    head = b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/fhir+json\r\n"
    first, second = _said(sqlite_client, head + b"Content-Length: 26\r\n\r\n", b'{"resourceType":"Patient"}')
    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.startswith(b"HTTP/1.1 201")


def test_a_body_that_would_be_refused_is_refused_before_it_is_sent(sqlite_client: httpx.Client) -> None:
    head = b"POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: application/fhir+json\r\n"
    (answer,) = _said(sqlite_client, head + b"Content-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_request_for_two_hosts_is_refused_and_underscores_are_names(sqlite_client: httpx.Client) -> None:
    line = b"GET /fhir/Patient?_count=1 HTTP/1.1\r\nHost: fhir_server_1:8080\r\n"
    (one,), (two,) = _said(sqlite_client, line + b"\r\n"), _said(sqlite_client, line + b"Host: b\r\n\r\n")
    assert b"http://fhir_server_1:8080/fhir/Patient" in one
    assert two.startswith(b"HTTP/1.1 400") and b"host-repeated" in two
