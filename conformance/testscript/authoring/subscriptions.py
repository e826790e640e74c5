"""Subscriptions as far as requests and responses show them (subscription.html, Subscriptions R5 Backport)."""

from __future__ import annotations

from typing import Any

from conformance.testscript.authoring.language import (
    Source,
    call,
    create,
    delete,
    kind,
    okay,
    read,
    refused,
    script,
    status,
    test,
    that,
    thing,
    update,
    variable,
)
from profiles.systems import CANONICAL_BASE

_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"


def _subscription(name: str, criteria: str = "Observation?status=final", **channel: Any) -> dict[str, Any]:
    return thing(
        "Subscription",
        name,
        status="requested",
        reason="test",
        criteria=criteria,
        channel={"type": "rest-hook", "endpoint": "${hook}", "payload": "application/fhir+json"} | channel,
    )


def _about(name: str, topic: str) -> dict[str, Any]:
    """A Subscription to a topic."""
    content = {"extension": [{"url": f"{_BACKPORT}backport-payload-content", "valueCode": "id-only"}]}
    made = _subscription(name, criteria=topic, _payload=content)
    return made | {"meta": made["meta"] | {"profile": [f"{_BACKPORT}backport-subscription"]}}


_HOOK = variable("hook", defaultValue="http://127.0.0.1:9/hook")

SCRIPTS: tuple[Source, ...] = (
    script(
        "subscriptions/rest-hook",
        "a rest-hook subscription",
        test("it is taken", update("ts-hook-1", "Subscription"), status(200, 201)),
        test(
            "the server says its status",
            read("Subscription/ts-hook-1"),
            okay(),
            that("Subscription.status in ('requested' | 'active' | 'error')"),
        ),
        test("criteria that cannot be read", create("broken", "Subscription"), status(400, 422), refused()),
        test("a client does not say active", create("active", "Subscription"), status(400, 422), refused()),
        test(
            "it ends", delete("Subscription/ts-hook-1"), status(200, 204), read("Subscription/ts-hook-1"), status(410)
        ),
        fixtures=[
            _subscription("ts-hook-1"),
            _subscription("broken", criteria="Observation?nonsense=1"),
            _subscription("active") | {"status": "active"},
        ],
        variables=[_HOOK],
        teardown=delete("Subscription/ts-hook-1"),
        says="subscription.html",
    ),
    script(
        "subscriptions/websocket",
        "a websocket subscription",
        test("it is taken", update("ts-socket-1", "Subscription"), status(200, 201)),
        test(
            "it can be read", read("Subscription/ts-socket-1"), okay(), that("Subscription.channel.type = 'websocket'")
        ),
        test(
            "a token for the websocket",
            call("GET", "Subscription/ts-socket-1/$get-ws-binding-token"),
            okay(),
            kind("Parameters"),
            that("parameter.where(name = 'token').value.exists()"),
            that("parameter.where(name = 'websocket-url').value.exists()"),
        ),
        fixtures=[
            thing(
                "Subscription",
                "ts-socket-1",
                status="requested",
                reason="test",
                criteria="Observation?status=final",
                channel={"type": "websocket"},
            )
        ],
        teardown=delete("Subscription/ts-socket-1"),
        says="subscription.html#websockets",
    ),
    script(
        "subscriptions/topic",
        "a topic-based subscription, its $status and its events",
        test("it is taken", update("ts-topic-1", "Subscription"), status(200, 201)),
        test(
            "$status",
            call("GET", "Subscription/ts-topic-1/$status"),
            okay(),
            kind("Bundle"),
            that("Bundle.entry[0].resource.is(Parameters)"),
            that("Bundle.entry[0].resource.parameter.where(name = 'topic').exists()"),
        ),
        test("$status of all", call("GET", "Subscription/$status"), okay(), kind("Bundle")),
        test("a topic that does not exist", create("unknown", "Subscription"), status(400, 422), refused()),
        fixtures=[_about("ts-topic-1", "${topic}"), _about("unknown", "http://example.org/none")],
        variables=[
            _HOOK,
            variable("topic", defaultValue=f"{CANONICAL_BASE}/SubscriptionTopic/referral-created"),
        ],
        teardown=delete("Subscription/ts-topic-1"),
        says="Subscriptions R5 Backport 1.1",
    ),
)
