"""R4 Subscriptions over rest-hook: every matching change is told, in order, at least once, and only where allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.subscriptions import courier
from tests.fhir_server.conftest import by_header, observation, patient, running
from tests.fhir_server.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def hooked(database_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """A server that may call the receiver."""
    monkeypatch.setattr(courier, "_FIRST", 0.02)
    settings = Settings(database=database_url, cursor_key=Secret("k"), subscription_endpoints=[f"{receiver.url}/hook"])
    with (
        running(settings, identify=by_header) as address,
        httpx.Client(base_url=f"{address}/fhir", timeout=30) as client,
    ):
        yield client


def subscription(key: str, criteria: str, endpoint: str, **channel: Any) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "id": key,
        "status": "requested",
        "reason": "test",
        "criteria": criteria,
        "channel": {"type": "rest-hook", "endpoint": endpoint, **channel},
    }


def put(client: httpx.Client, resource: dict[str, Any], **headers: str) -> None:
    answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource, headers=headers)
    assert answer.status_code in (200, 201), answer.text


def becomes(client: httpx.Client, key: str, status: str) -> dict[str, Any]:
    for _ in range(1000):
        found: dict[str, Any] = client.get(f"/Subscription/{key}").json()
        if found["status"] == status:
            return found
        time.sleep(0.01)
    raise AssertionError(f"still {found['status']}")


def subscribed(client: httpx.Client, key: str, criteria: str, endpoint: str, **channel: Any) -> None:
    put(client, subscription(key, criteria, endpoint, **channel))
    becomes(client, key, "active")


def test_matching_changes_are_put_to_the_endpoint_in_order(hooked: httpx.Client, receiver: Receiver) -> None:
    subscribed(
        hooked,
        "s",
        "Observation?status=final&subject:Patient.gender=female",
        f"{receiver.url}/hook",
        payload="application/fhir+json",
        header=["Authorization: Bearer abc", "X-More: 1"],
    )
    put(hooked, patient("w", gender="female"))
    put(hooked, patient("m", gender="male"))
    of = {"w": {"reference": "Patient/w"}, "m": {"reference": "Patient/m"}}
    for n in range(6):
        put(hooked, observation("x", subject=of["w"], status="final" if n % 2 else "preliminary", valueInteger=n))
        put(hooked, observation(f"m{n}", subject=of["m"]))
    taken = receiver.wait(3)
    assert [(one.method, one.path, one.json["valueInteger"]) for one in taken] == [
        ("PUT", "/hook/Observation/x", n) for n in (1, 3, 5)
    ]
    assert taken[0].headers["authorization"] == "Bearer abc" and taken[0].headers["x-more"] == "1"
    assert taken[0].headers["content-type"] == "application/fhir+json"
    time.sleep(0.1)
    assert (len(receiver.taken), receiver.most_under_way) == (3, 1)


def test_without_payload_the_hook_is_only_knocked_at(hooked: httpx.Client, receiver: Receiver) -> None:
    subscribed(hooked, "s", "Patient?", f"{receiver.url}/hook/knock")
    put(hooked, patient("a"))
    (one,) = receiver.wait(1)
    assert (one.method, one.path, one.body) == ("POST", "/hook/knock", b"")


def test_failed_delivery_is_tried_again_and_order_is_kept(hooked: httpx.Client, receiver: Receiver) -> None:
    subscribed(hooked, "s", "Patient?", f"{receiver.url}/hook", payload="application/fhir+json")
    receiver.answers = [500, 503, 302, 404]
    for n in range(3):
        put(hooked, patient(f"p{n}"))
    taken = receiver.wait(7)
    assert [one.path.rpartition("/")[2] for one in taken] == ["p0"] * 5 + ["p1", "p2"]
    assert becomes(hooked, "s", "active")


def test_hook_that_never_answers_well_is_in_error_and_can_be_resumed(
    hooked: httpx.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "ATTEMPTS", 3)
    subscribed(hooked, "s", "Patient?", f"{receiver.url}/hook", payload="application/fhir+json")
    receiver.answers = [500] * 3
    put(hooked, patient("a"))
    found = becomes(hooked, "s", "error")
    assert "the endpoint answered 500" in found["error"]
    put(hooked, patient("b"))
    time.sleep(0.1)
    assert len(receiver.taken) == 3
    put(hooked, found | {"status": "requested"})
    taken = receiver.wait(5)
    assert [one.path.rpartition("/")[2] for one in taken[3:]] == ["a", "b"]
    assert "error" not in becomes(hooked, "s", "active")


def test_subscription_that_is_off_ended_or_gone_tells_nothing(hooked: httpx.Client, receiver: Receiver) -> None:
    endpoint = f"{receiver.url}/hook"
    for key in ("off", "gone", "later"):
        subscribed(hooked, key, "Patient?", f"{endpoint}/{key}")
    put(hooked, subscription("off", "Patient?", f"{endpoint}/off") | {"status": "off"})
    assert hooked.delete("/Subscription/gone").status_code == 204
    put(hooked, subscription("ended", "Patient?", endpoint) | {"end": "2020-01-01T00:00:00Z"})
    becomes(hooked, "ended", "off")
    put(hooked, patient("a"))
    receiver.wait(1)
    time.sleep(0.2)
    assert [one.path for one in receiver.taken] == ["/hook/later"]


def test_two_servers_of_one_store_tell_every_change_once(database_url: str, receiver: Receiver) -> None:
    settings = Settings(database=database_url, cursor_key=Secret("k"), subscription_endpoints=["*"])
    with (
        running(settings) as one,
        running(settings) as two,
        httpx.Client(base_url=f"{one}/fhir") as first,
        httpx.Client(base_url=f"{two}/fhir") as second,
    ):
        subscribed(first, "s", "Patient?", receiver.url, payload="application/fhir+json")
        for n in range(20):
            put((first, second)[n % 2], patient(f"p{n}"))
        taken = receiver.wait(20)
        time.sleep(0.2)
    assert [one.path.rpartition("/")[2] for one in taken] == [f"p{n}" for n in range(20)]
    assert len(receiver.taken) == 20


def test_subscriber_is_told_only_what_its_owner_may_see(hooked: httpx.Client, receiver: Receiver) -> None:
    mine = {"x-owners": "A", "x-owner": "A"}
    one = subscription(
        "s", "Observation?subject:Patient.gender=male", f"{receiver.url}/hook", payload="application/fhir+json"
    )
    put(hooked, one, **mine)
    becomes(hooked, "s", "active")
    put(hooked, patient("pa", gender="male"), **{"x-owner": "A"})
    put(hooked, patient("pb", gender="male"), **{"x-owner": "B"})
    put(hooked, observation("hidden", subject={"reference": "Patient/pa"}), **{"x-owner": "B"})
    put(hooked, observation("chained", subject={"reference": "Patient/pb"}), **{"x-owner": "A"})
    put(hooked, observation("seen", subject={"reference": "Patient/pa"}), **{"x-owner": "A"})
    receiver.wait(1)
    time.sleep(0.2)
    assert [one.path for one in receiver.taken] == ["/hook/Observation/seen"]


def test_caller_cannot_subscribe_in_the_name_of_others(hooked: httpx.Client, receiver: Receiver) -> None:
    one = subscription("s", "Patient?", f"{receiver.url}/hook")
    for headers in ({"x-owners": "A"}, {"x-owners": "A", "x-owner": "B"}):
        assert hooked.put("/Subscription/s", json=one, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"criteria": "Nonsense?"}, "subscription-criteria"),
        ({"criteria": "Patient?nonsense=1"}, "subscription-criteria"),
        ({"criteria": "Patient?_sort=name"}, "subscription-criteria"),
        ({"criteria": "Patient?_has:Observation:patient:code=1"}, "subscription-criteria"),
        ({"status": "active"}, "subscription-status"),
        ({"status": "error"}, "subscription-status"),
        ({"channel": {"type": "email", "endpoint": "mailto:a@b.example"}}, "subscription-channel"),
        ({"channel": {"type": "sms"}}, "subscription-channel"),
        ({"channel": {"type": "rest-hook"}}, "subscription-endpoint"),
        ({"channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1:1/hook"}}, "subscription-endpoint"),
        ({"channel": {"type": "websocket", "header": ["Host: x"]}}, "subscription-header"),
        ({"channel": {"type": "websocket", "header": ["no colon"]}}, "subscription-header"),
        ({"channel": {"type": "websocket", "payload": "text/plain"}}, "subscription-payload"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(sqlite_client: httpx.Client, change: dict[str, Any], code: str) -> None:
    one = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": "Patient?",
        "channel": {"type": "websocket"},
    }
    answer = sqlite_client.post("/Subscription", json=one | change)
    assert answer.status_code == 422
    assert code in [issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]]
    entry = {"resource": one | change, "request": {"method": "POST", "url": "Subscription"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert sqlite_client.post("/", json=bundle).status_code == 422
