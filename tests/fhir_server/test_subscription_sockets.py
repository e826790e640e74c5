"""Subscriptions over a real WebSocket: bound, told, and only what the caller may see."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.subscriptions.address import allowed
from fhir_server.subscriptions.ws_token import made_token, read_token
from tests.fhir_server.conftest import by_header, patient, running
from tests.fhir_server.test_subscription_topics import becomes, encounter, put, told, topical


@pytest.fixture
def address(database_url: str) -> Iterator[str]:
    with running(Settings(database=database_url, cursor_key=Secret("k")), identify=by_header) as opened:
        yield opened


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{address}/fhir", timeout=30) as opened:
        yield opened


def opened(address: str, **headers: str) -> ClientConnection:
    return connect(f"ws{address.removeprefix('http')}/fhir/ws", additional_headers=headers)


def plain(key: str, criteria: str) -> dict[str, object]:
    return {
        "resourceType": "Subscription",
        "id": key,
        "status": "requested",
        "reason": "test",
        "criteria": criteria,
        "channel": {"type": "websocket"},
    }


def test_bound_socket_is_pinged_when_something_matches(client: httpx.Client, address: str) -> None:
    put(client, plain("s", "Patient?gender=male"))
    becomes(client, "s", "active")
    with opened(address) as one, opened(address) as two:
        for socket in (one, two):
            socket.send("bind s")
            assert socket.recv(5) == "bound s"
        put(client, patient("f", gender="female"), patient("m", gender="male"))
        assert (one.recv(5), two.recv(5)) == ("ping s", "ping s")
        with pytest.raises(TimeoutError):
            one.recv(0.2)


def test_socket_binds_only_what_its_caller_may_see(client: httpx.Client, address: str) -> None:
    answer = client.put("/Subscription/s", json=plain("s", "Patient?"), headers={"x-owners": "A", "x-owner": "A"})
    assert answer.status_code == 201
    with opened(address, **{"x-owners": "B"}) as socket:
        for text in ("bind s", "bind none", "bind", "bind-with-token xyz", "nonsense"):
            socket.send(text)
            assert str(socket.recv(5)).startswith("error")
    with opened(address, **{"x-owners": "A"}) as socket:
        socket.send("bind s")
        assert socket.recv(5) == "bound s"


def test_token_binds_a_topic_and_bundles_come(client: httpx.Client, address: str) -> None:
    put(client, topical("t", "encounter-start", content="full-resource"))
    becomes(client, "t", "active")
    granted = client.get("/Subscription/t/$get-ws-binding-token").json()
    values = {row["name"]: next(value for name, value in row.items() if name != "name") for row in granted["parameter"]}
    assert values["subscription"] == "t" and values["websocket-url"] == f"ws{address.removeprefix('http')}/fhir/ws"
    with connect(values["websocket-url"]) as socket:
        socket.send(f"bind-with-token {values['token']}")
        assert told(json.loads(socket.recv(5)))["type"] == "handshake"
        put(client, patient("a"), encounter("e1", "in-progress"))
        bundle = json.loads(socket.recv(5))
        assert told(bundle)["events"] == [(1, "Encounter/e1")]
        assert bundle["entry"][1]["resource"]["id"] == "e1"
    assert client.get("/Subscription/none/$get-ws-binding-token").status_code == 404


def test_heartbeat_comes_over_the_socket(client: httpx.Client, address: str) -> None:
    put(client, topical("t", "encounter-start", knobs=[("heartbeat-period", "valueUnsignedInt", 1)]))
    becomes(client, "t", "active")
    granted = client.post("/Subscription/$get-ws-binding-token?id=t").json()
    token = next(row["valueString"] for row in granted["parameter"] if row["name"] == "token")
    with opened(address) as socket:
        socket.send(f"bind-with-token {token}")
        assert [told(json.loads(socket.recv(5)))["type"] for _ in range(2)] == ["handshake", "heartbeat"]


def test_token_is_bound_to_key_ids_and_time() -> None:
    token = made_token(b"k", ["a", "b"], 100)
    assert read_token(b"k", token, 99) == ("a", "b")
    assert read_token(b"k", token, 100) is None
    assert read_token(b"other", token, 99) is None
    assert [text for text in ("", "x", "é", token[:-2], token[::-1]) if read_token(b"k", text, 99)] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/fhir/x",
        "http://HOOKS.example:80/fhir",
        "http://hooks.example/fhir?x=1",
        "https://other.example:8443/",
        "https://other.example:8443/any/where",
    ],
)
def test_listed_addresses_are_allowed(url: str) -> None:
    assert allowed(url, ["http://hooks.example/fhir", "https://other.example:8443"])


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/fhirx",
        "http://hooks.example/",
        "http://hooks.example:8080/fhir",
        "https://hooks.example/fhir",
        "http://hooks.example.evil.example/fhir",
        "http://hooks.example@evil.example/fhir",
        "http://evil.example/?http://hooks.example/fhir",
        "http://evil.example#@hooks.example/fhir",
        "http://hooks.example\\@evil.example/fhir",
        "http://hooks.example/fhir/../admin",
        "http://hooks.example/fhir/%2e%2e/admin",
        "http://hooks.example/fhir/%252e%252e/admin",
        "http://hooks.example/fhir/..%2fadmin",
        "file:///etc/passwd",
        "gopher://hooks.example/fhir",
        "//hooks.example/fhir",
        "http:hooks.example/fhir",
        "http://hooks.example:99999/fhir",
        "http://[::1/fhir",
        "http://2130706433/fhir",
        "http://hooks.example/fhir\r\nX: y",
        "http://hooks.ex\u0430mple/fhir",
        "",
    ],
)
def test_other_addresses_are_not(url: str) -> None:
    assert not allowed(url, ["http://hooks.example/fhir", "https://other.example:8443"])
    assert not allowed("http://hooks.example/fhir", [])
