"""What a subscriber of a topic gets: a Bundle of type history whose first entry says how the Subscription stands.

Source: Subscriptions R5 Backport 1.1, notifications.html and StructureDefinition-backport-subscription-status-r4.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import orjson

from fhir_server.store.body import instant
from fhir_server.subscriptions.ledger import Event, Standing
from fhir_server.subscriptions.subscription import BACKPORT, Content, Subscribed

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
Part = dict[str, object]


@dataclass(frozen=True, slots=True)
class Happened:
    """An event with the bytes of its resource, b'' when they are not told."""

    event: Event
    body: bytes = b""


def status(base: str, one: Subscribed, how: Standing, kind: Kind, happened: Sequence[Happened] = ()) -> Part:
    """The Parameters that say how the Subscription stands."""
    parts: list[Part] = [
        {"name": "subscription", "valueReference": {"reference": f"{base}/Subscription/{one.id}"}},
        {"name": "topic", "valueCanonical": "" if one.topic is None else one.topic.url},
        {"name": "status", "valueCode": how.state},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(how.event)},
        *(_event(base, one.content, each.event) for each in happened),
    ]
    profile = [f"{BACKPORT}backport-subscription-status-r4"]
    return {"resourceType": "Parameters", "id": str(uuid4()), "meta": {"profile": profile}, "parameter": _told(parts)}


def _told(parts: list[Part]) -> list[Part]:
    """Without the topic, where there is none."""
    return [part for part in parts if part.get("valueCanonical") != ""]


def _event(base: str, content: Content, event: Event) -> Part:
    parts: list[Part] = [
        {"name": "event-number", "valueString": str(event.event)},
        {"name": "timestamp", "valueInstant": instant(event.at)},
    ]
    if content != "empty":
        parts.append({"name": "focus", "valueReference": {"reference": f"{base}/{event.type}/{event.id}"}})
    return {"name": "notification-event", "part": parts}


def bundle(base: str, one: Subscribed, how: Standing, kind: Kind, now: int, happened: Sequence[Happened] = ()) -> bytes:
    """The notification as JSON."""
    told = status(base, one, how, kind, happened)
    first = {
        "fullUrl": f"urn:uuid:{told['id']}",
        "resource": told,
        "request": {"method": "GET", "url": f"{base}/Subscription/{one.id}/$status"},
        "response": {"status": "200"},
    }
    head = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "meta": {"profile": [f"{BACKPORT}backport-subscription-notification-r4"]},
        "type": "history",
        "timestamp": instant(now),
    }
    entries = [orjson.dumps(first)]
    if one.content != "empty":
        entries += [_entry(base, one.content, each) for each in happened]
    return orjson.dumps(head)[:-1] + b',"entry":[' + b",".join(entries) + b"]}"


def _entry(base: str, content: Content, each: Happened) -> bytes:
    event = each.event
    created = event.version == 1
    head = {
        "fullUrl": f"{base}/{event.type}/{event.id}",
        "request": {
            "method": event.method,
            "url": event.type if event.method == "POST" else f"{event.type}/{event.id}",
        },
        "response": {"status": "201" if created else "200"},
    }
    text = orjson.dumps(head)
    if content == "full-resource" and each.body:
        text = text[:-1] + b',"resource":' + each.body + b"}"
    return text


def searchset(base: str, statuses: Sequence[Part]) -> bytes:
    """What `$status` answers: one entry a Subscription."""
    entries = [
        {"fullUrl": f"urn:uuid:{told['id']}", "resource": told, "search": {"mode": "match"}} for told in statuses
    ]
    head: Part = {"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
    return orjson.dumps(head | ({"entry": entries} if entries else {}))
