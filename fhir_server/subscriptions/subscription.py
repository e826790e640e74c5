"""A Subscription as the server understands it, and what stands against one (FHIR R4 subscription.html, Backport 1.1).

Read from the resource, never stored beside it. A topic-based one says so in `meta.profile`; its criteria are then the
canonical URL of a topic and its filters stand in extensions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qsl

from fhir_server.search.instants import instant_range
from fhir_server.search.query import Chain, Condition, Criterion, Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.subscriptions.address import allowed
from fhir_server.subscriptions.topics import BY_URL, Topic
from profiles.definitions import resource_types
from profiles.issue import Issue

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
PROFILE = f"{BACKPORT}backport-subscription"
Content = Literal["empty", "id-only", "full-resource"]
FHIR_JSON = "application/fhir+json"
_PAYLOADS = frozenset({FHIR_JSON, "application/json"})
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}):[ \t]*([\x20-\x7e]{0,2000})", re.ASCII)
_OWN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade"})
_SHAPING = frozenset({"_format", "_pretty"})


@dataclass(frozen=True, slots=True)
class Subscribed:
    """`wanted` is what the resource must meet; with a topic also what it must have met before (None: no matter)."""

    id: str
    status: str
    type: str
    wanted: Query
    before: Query | None
    topic: Topic | None
    channel: str
    endpoint: str
    headers: tuple[tuple[str, str], ...]
    payload: str
    content: Content
    heartbeat: int
    timeout: int
    most: int
    end: int | None

    @property
    def interactions(self) -> frozenset[str]:
        return frozenset({"create", "update"}) if self.topic is None else self.topic.interactions


def read(resource: Mapping[str, Any], now: int, endpoints: Sequence[str]) -> Subscribed | tuple[Issue, ...]:
    """The Subscription, or every issue that stands against it. Its structure has been validated before."""
    channel = resource.get("channel", {})
    topical = PROFILE in resource.get("meta", {}).get("profile", ())
    issues = [*_channel_issues(channel, endpoints)]
    end = instant_range(resource.get("end", ""))
    queries = _topical(resource, now) if topical else _classical(resource, now)
    if isinstance(queries, Issue):
        return (*issues, queries)
    if issues:
        return tuple(issues)
    topic, wanted, before = queries
    found = {row.get("url"): row for row in channel.get("extension", ())}
    return Subscribed(
        id=resource.get("id", ""),
        status=resource.get("status", ""),
        type=wanted.type,
        wanted=wanted,
        before=before,
        topic=topic,
        channel=channel["type"],
        endpoint=channel.get("endpoint", ""),
        headers=tuple((found[1], found[2]) for found in map(_HEADER.fullmatch, channel.get("header", ())) if found),
        payload=channel.get("payload", ""),
        content=_content(channel) if topical else "full-resource" if "payload" in channel else "empty",
        heartbeat=_number(found, "heartbeat-period", "valueUnsignedInt", 0),
        timeout=_number(found, "timeout", "valueUnsignedInt", 0),
        most=_number(found, "max-count", "valuePositiveInt", 1),
        end=end[1] if end else None,
    )


def _number(found: Mapping[Any, Any], name: str, value: str, default: int) -> int:
    return int(found.get(f"{BACKPORT}backport-{name}", {}).get(value, default))


def _content(channel: Mapping[str, Any]) -> Content:
    for row in channel.get("_payload", {}).get("extension", ()):
        if row.get("url") == f"{BACKPORT}backport-payload-content":
            code = row.get("valueCode")
            return code if code in ("id-only", "full-resource") else "empty"
    return "empty"


def _channel_issues(channel: Mapping[str, Any], endpoints: Sequence[str]) -> list[Issue]:
    issues, kind, at = [], channel.get("type", ""), "Subscription.channel"
    if kind not in ("rest-hook", "websocket"):
        shown = kind if kind in ("email", "sms", "message") else "…"
        issues.append(Issue("subscription-channel", f"{at}.type", details={"type": shown}))
    if kind == "rest-hook" and not allowed(channel.get("endpoint", ""), endpoints):
        issues.append(Issue("subscription-endpoint", f"{at}.endpoint"))
    if channel.get("payload") and channel["payload"].partition(";")[0].strip() not in _PAYLOADS:
        issues.append(Issue("subscription-payload", f"{at}.payload"))
    for place, header in enumerate(channel.get("header", ())):
        form = _HEADER.fullmatch(header)
        if form is None or form[1].lower() in _OWN_HEADERS:
            issues.append(Issue("subscription-header", f"{at}.header[{place}]"))
    return issues


# --------------------------------------------------------------------------------------- criteria

_Queries = tuple[Topic | None, Query, Query | None]


def _classical(resource: Mapping[str, Any], now: int) -> _Queries | Issue:
    """`Type?parameters`."""
    found = _query(resource.get("criteria", ""), now, "Subscription.criteria")
    return found if isinstance(found, Issue) else (None, found, None)


def _topical(resource: Mapping[str, Any], now: int) -> _Queries | Issue:
    """The topic's own criteria, and the filters that narrow them."""
    topic = BY_URL.get(resource.get("criteria", "").partition("|")[0])
    if topic is None:
        return Issue("subscription-topic", "Subscription.criteria")
    narrowed = topic.current
    for place, row in enumerate(resource.get("_criteria", {}).get("extension", ())):
        at = f"Subscription.criteria.extension[{place}]"
        if row.get("url") != f"{BACKPORT}backport-filter-criteria":
            continue
        kind, _, text = row.get("valueString", "").partition("?")
        if kind != topic.type:
            return _refused(at, f"the topic is about {topic.type}")
        beyond = [n for n, _ in parse_qsl(text, keep_blank_values=True) if n.partition(":")[0] not in topic.filters]
        if beyond:
            return _refused(at, f"filters of the topic are {', '.join(sorted(topic.filters))}")
        narrowed += f"&{text}"
    wanted = _query(f"{topic.type}?{narrowed}", now, "Subscription.criteria")
    before = _query(f"{topic.type}?{topic.previous}", now, "Subscription.criteria") if topic.previous else None
    if isinstance(wanted, Issue):
        return wanted
    assert not isinstance(before, Issue), "the topics are ours"
    return topic, wanted, before


def _query(text: str, now: int, at: str) -> Query | Issue:
    kind, _, parameters = text.partition("?")
    if kind not in resource_types():
        return _refused(at, "no resource type of R4 before the ?")
    pairs = parse_qsl(parameters.replace("+", "%2B"), keep_blank_values=True)
    query = parse(kind, pairs, Surroundings(now, ""))
    if not isinstance(query, Query):
        return _refused(at, "; ".join(issue.text() for issue in query)[:300])
    known = {name.partition(":")[0] for name, _ in pairs}
    shaping = query.sort or query.includes or query.revincludes or query.cursor or query.elements or query.summary
    if shaping or query.total or known & {"_count", "_list", "_filter", "_query"}:
        return _refused(at, "parameters that shape an answer mean nothing here")
    if not all(_simple(condition) for condition in query.conditions):
        return _refused(at, "_has and other conditions on further resources cannot be held against one resource")
    return query


def _simple(condition: Condition) -> bool:
    """Told from the resource itself and what it refers to."""
    if isinstance(condition, Chain):
        return all(_simple(inner) for _, inner in condition.targets)
    return isinstance(condition, Criterion)


def chained(query: Query) -> bool:
    """Whether what the resource refers to must be looked at too."""
    return any(isinstance(condition, Chain) for condition in query.conditions)


def _refused(at: str, why: str) -> Issue:
    return Issue("subscription-criteria", at, details={"why": why})
