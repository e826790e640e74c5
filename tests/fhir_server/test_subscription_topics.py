"""Topic-based Subscriptions (Backport 1.1): handshake, numbered events, heartbeats, what can be asked about them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from fhir_server.intake import system_clock
from fhir_server.jobs.lead import Lead
from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from fhir_server.subscriptions import courier
from fhir_server.subscriptions.ledger import FOLLOWER, events, standings
from fhir_server.subscriptions.lookout import Lookout
from fhir_server.subscriptions.percolator import Percolator, Version
from fhir_server.subscriptions.subscription import Subscribed, read
from fhir_server.subscriptions.topics import TOPICS
from profiles import validate
from tests.fhir_server.conftest import Store, patient, running
from tests.fhir_server.receiver import Receiver, Taken, receiving

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
TOPIC = "https://qiao-fhir.github.io/cmc/SubscriptionTopic/"


def topical(key: str, topic: str, endpoint: str = "", **more: Any) -> dict[str, Any]:
    content, filters = more.pop("content", "id-only"), more.pop("filters", ())
    channel: dict[str, Any] = {
        "extension": [
            {"url": f"{BACKPORT}backport-{name}", value: number} for name, value, number in more.pop("knobs", ())
        ],
        "type": "rest-hook" if endpoint else "websocket",
        "payload": "application/fhir+json",
        "_payload": {"extension": [{"url": f"{BACKPORT}backport-payload-content", "valueCode": content}]},
    }
    found: dict[str, Any] = {
        "resourceType": "Subscription",
        "id": key,
        "meta": {"profile": [f"{BACKPORT}backport-subscription"]},
        "status": "requested",
        "reason": "test",
        "criteria": TOPIC + topic,
        "channel": {name: value for name, value in channel.items() if value}
        | ({"endpoint": endpoint} if endpoint else {}),
    }
    if filters:
        rows = [{"url": f"{BACKPORT}backport-filter-criteria", "valueString": text} for text in filters]
        found["_criteria"] = {"extension": rows}
    return found


def encounter(key: str, status: str, who: str = "a") -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": key,
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{who}"},
    }


def told(bundle: dict[str, Any]) -> dict[str, Any]:
    """The parameters of the status by name; events as (number, focus)."""
    found: dict[str, Any] = {"events": []}
    for row in bundle["entry"][0]["resource"]["parameter"]:
        if row["name"] == "notification-event":
            parts = {part["name"]: part for part in row["part"]}
            focus = parts.get("focus", {}).get("valueReference", {}).get("reference", "")
            found["events"].append((int(parts["event-number"]["valueString"]), focus.partition("/fhir/")[2]))
        else:
            found[row["name"]] = next(value for name, value in row.items() if name != "name")
    return found


def kind(name: str) -> Any:
    return lambda one: told(one.json)["type"] == name


def put(client: httpx.Client, *resources: dict[str, Any]) -> None:
    for resource in resources:
        answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
        assert answer.status_code in (200, 201), answer.text


def becomes(client: httpx.Client, key: str, status: str) -> None:
    for _ in range(1000):
        if client.get(f"/Subscription/{key}").json()["status"] == status:
            return
        time.sleep(0.01)
    raise AssertionError(client.get(f"/Subscription/{key}").text)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as opened:
        yield opened


@pytest.fixture
def hooked(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(courier, "_FIRST", 0.02)
    settings = Settings(
        database=database_url,
        cursor_key=Secret("k"),
        subscription_endpoints=["*"],
        base_url="http://qiao.example/fhir",
    )
    with running(settings) as address, httpx.Client(base_url=f"{address}/fhir", timeout=30) as client:
        put(client, patient("a"), patient("b"))
        yield client


def bundles(taken: list[Taken]) -> list[dict[str, Any]]:
    found = [one.json for one in taken]
    for bundle in found:
        assert [issue for issue in validate(bundle) if issue.refuses] == []
        assert bundle["type"] == "history"
        assert bundle["meta"]["profile"] == [f"{BACKPORT}backport-subscription-notification-r4"]
        assert bundle["entry"][0]["resource"]["meta"]["profile"] == [f"{BACKPORT}backport-subscription-status-r4"]
    return found


def test_handshake_comes_first_and_events_are_numbered_without_gaps(hooked: httpx.Client, receiver: Receiver) -> None:
    put(hooked, topical("s", "encounter-start", f"{receiver.url}/h", filters=["Encounter?patient=Patient/a"]))
    becomes(hooked, "s", "active")
    put(hooked, encounter("e1", "planned"), encounter("e1", "in-progress"), encounter("e1", "onleave"))
    put(hooked, encounter("e2", "in-progress", "b"))
    put(hooked, encounter("e1", "in-progress"), encounter("e1", "in-progress") | {"priority": {"text": "x"}})
    put(hooked, encounter("e3", "in-progress"))
    found = [told(one) for one in bundles(receiver.wait(4))]
    assert [one["type"] for one in found] == ["handshake", *["event-notification"] * 3]
    assert found[0]["status"] == "requested" and found[0]["events-since-subscription-start"] == "0"
    assert [one["events"] for one in found[1:]] == [
        [(1, "Encounter/e1")],
        [(2, "Encounter/e1")],
        [(3, "Encounter/e3")],
    ]
    assert found[-1]["subscription"] == {"reference": "http://qiao.example/fhir/Subscription/s"}
    assert found[-1]["topic"] == TOPIC + "encounter-start"
    entry = receiver.taken[1].json["entry"][1]
    assert entry["fullUrl"] == "http://qiao.example/fhir/Encounter/e1" and "resource" not in entry


def test_payload_is_as_much_as_was_asked_for(hooked: httpx.Client, receiver: Receiver) -> None:
    for content in ("empty", "id-only", "full-resource"):
        put(hooked, topical(content, "encounter-end", f"{receiver.url}/{content}", content=content))
        becomes(hooked, content, "active")
    put(hooked, encounter("e1", "in-progress"), encounter("e1", "finished"))
    found = {one.path[1:]: one.json for one in receiver.wait(3, of=kind("event-notification"))}
    assert len(found["empty"]["entry"]) == 1 and told(found["empty"])["events"] == [(1, "")]
    assert "resource" not in found["id-only"]["entry"][1]
    assert found["full-resource"]["entry"][1]["resource"] == hooked.get("/Encounter/e1").json()


def test_critical_value_is_told_when_it_becomes_critical(hooked: httpx.Client, receiver: Receiver) -> None:
    put(hooked, topical("s", "critical-value", receiver.url))
    becomes(hooked, "s", "active")
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    one = {"resourceType": "Observation", "status": "final", "code": {"text": "K"}}
    high = {"interpretation": [{"coding": [{"system": system, "code": "HH"}]}]}
    entries = [
        {"resource": one | {"id": "n"}, "request": {"method": "PUT", "url": "Observation/n"}},
        {"resource": one | {"id": "c"} | high, "request": {"method": "PUT", "url": "Observation/c"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert hooked.post("/", json=bundle).status_code == 200
    put(hooked, one | {"id": "c", "status": "amended"} | high)  # critical before: nothing new
    put(hooked, one | {"id": "n", "status": "corrected"} | high)
    taken = receiver.wait(2, of=lambda one: len(told(one.json)["events"]) > 0)
    assert [event for one in taken for event in told(one.json)["events"]] == [
        (1, "Observation/c"),
        (2, "Observation/n"),
    ]


def test_max_count_is_how_many_events_come_together(hooked: httpx.Client, receiver: Receiver) -> None:
    put(hooked, topical("s", "encounter-start", receiver.url, knobs=[("max-count", "valuePositiveInt", 3)]))
    becomes(hooked, "s", "active")
    receiver.answers = [500] * 4
    put(hooked, *(encounter(f"e{n}", "in-progress") for n in range(7)))
    found: list[int] = []
    for _ in range(1000):
        came = [told(one.json)["events"] for one in receiver.taken]
        found = sorted({number for events in came for number, _ in events})
        if found == list(range(1, 8)):
            break
        time.sleep(0.01)
    assert found == list(range(1, 8)) and max(map(len, came)) == 3


def test_handshake_that_is_refused_is_tried_again(hooked: httpx.Client, receiver: Receiver) -> None:
    receiver.answers = [500, 500]
    put(hooked, topical("s", "encounter-start", receiver.url))
    becomes(hooked, "s", "active")
    assert [told(one.json)["type"] for one in receiver.wait(3)] == ["handshake"] * 3


def test_heartbeat_comes_when_nothing_happened(hooked: httpx.Client, receiver: Receiver) -> None:
    put(hooked, topical("s", "encounter-start", receiver.url, knobs=[("heartbeat-period", "valueUnsignedInt", 1)]))
    beats = receiver.wait(2, of=kind("heartbeat"))
    assert told(bundles(beats)[0])["events"] == []


def test_past_events_and_status_can_be_asked_for(hooked: httpx.Client, receiver: Receiver) -> None:
    put(hooked, topical("s", "encounter-start", receiver.url, content="full-resource"))
    becomes(hooked, "s", "active")
    put(hooked, *(encounter(f"e{n}", "in-progress") for n in range(5)))
    receiver.wait(6)
    status = hooked.get("/Subscription/s/$status").json()
    assert (status["type"], status["total"]) == ("searchset", 1)
    found = told(status)
    assert (found["type"], found["status"], found["events-since-subscription-start"]) == ("query-status", "active", "5")
    events = hooked.get("/Subscription/s/$events?eventsSinceNumber=2&eventsUntilNumber=4").json()
    assert told(events)["type"] == "query-event"
    assert [number for number, _ in told(events)["events"]] == [2, 3, 4]
    assert [entry["resource"]["id"] for entry in events["entry"][1:]] == ["e1", "e2", "e3"]
    idle = hooked.get("/Subscription/s/$events?content=id-only").json()
    assert all("resource" not in entry for entry in idle["entry"][1:]) and len(idle["entry"]) == 6
    assert hooked.get("/Subscription/$status?status=error").json()["total"] == 0
    assert hooked.get("/Subscription/$status?id=s").json()["total"] == 1
    for address, code in (("none/$status", 404), ("none/$events", 404), ("s/$events?eventsSinceNumber=x", 400)):
        assert hooked.get(f"/Subscription/{address}").status_code == code


@pytest.mark.parametrize(
    ("topic", "filters"),
    [
        ("nonsense", ()),
        ("encounter-start", ["Patient?name=x"]),
        ("encounter-start", ["Encounter?nonsense=x"]),
        ("encounter-start", ["Encounter?status=planned"]),
    ],
)
def test_topic_or_filter_that_is_not_there_is_refused(sqlite_client: httpx.Client, topic: str, filters: Any) -> None:
    assert sqlite_client.put("/Subscription/s", json=topical("s", topic, filters=filters)).status_code == 422


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_every_topic_can_be_subscribed_to_with_every_filter(topic: Any) -> None:
    texts = [
        f"{topic.type}?{name}=Patient/1" for name in sorted(topic.filters - {"status", "class", "type", "category"})
    ]
    assert isinstance(read(topical("s", topic.name, filters=texts), 0, ()), Subscribed)


def test_lookout_goes_through_all_that_is_new_at_once(store: Store) -> None:
    """More changes than it takes in one bite, and a Subscription in their midst."""
    one = topical("early", "encounter-start")
    late = topical("late", "encounter-start")
    store.put(patient("a"), one)
    store.put(*(encounter(f"e{n}", "in-progress") for n in range(700)))
    store.put(late)
    store.put(*(encounter(f"f{n}", "in-progress") for n in range(600)))
    submit = store.intake.submit
    assert submit(Lead(FOLLOWER, "w", 0, lambda _: False)).result() == 0
    lookout = Lookout(store.database, submit, system_clock, (), "w")
    while lookout.look():
        pass
    with store.database.read() as connection:
        assert {name: how.event for name, how in standings(connection).items()} == {"early": 1300, "late": 600}
        told_of = [event.id for event in events(connection, "early", 1, 2000, 2000)]
    assert told_of == [f"e{n}" for n in range(700)] + [f"f{n}" for n in range(600)]
    lookout.close()


def test_percolator_forgets_what_it_was_shown() -> None:
    from fhir_server.search.query import Query, parse
    from fhir_server.search.values import Surroundings
    from fhir_server.security.scope import EVERYTHING

    query = parse("Encounter", [("status", "planned")], Surroundings(0, ""))
    assert isinstance(query, Query)
    percolator = Percolator()
    for status, meets in (("planned", True), ("finished", False), ("planned", True)):
        version = Version(("Encounter", "e"), encounter("e", status), "")
        found = percolator.meeting([version], [], {"s": (query, EVERYTHING)}, 0)
        assert bool(found["s"]) is meets
    percolator.close()
