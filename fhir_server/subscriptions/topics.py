"""The topics there are: what happens to a resource that somebody may want to be told (Subscriptions R5 Backport 1.1).

A topic is about one resource type. An event is a change by one of its interactions after which the resource meets
`current` and before which it met `previous`; a resource that was not there before meets every `previous`. What no
search parameter of R4 tells is a predicate that must begin to hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from profiles.systems import CANONICAL_BASE

CANONICAL = f"{CANONICAL_BASE}/SubscriptionTopic/"
_REFERRAL = "category=http://snomed.info/sct|3457005"
_FINAL = "final,amended,corrected,appended"


@dataclass(frozen=True, slots=True)
class Topic:
    """`current` and `previous` are search parameters of the type; `filters` are those a subscriber may narrow it by."""

    name: str
    title: str
    type: str
    interactions: frozenset[str]
    current: str
    previous: str
    filters: frozenset[str]
    becomes: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def url(self) -> str:
        return CANONICAL + self.name


_CRITICAL = frozenset({"HH", "LL", "AA"})
"""v3-ObservationInterpretation: critically high, critically low, critically abnormal."""


def is_critical(observation: Mapping[str, Any]) -> bool:
    """Whether the result, or a part of it, is flagged as critical (Observation.interpretation)."""
    parts = (observation, *observation.get("component", ()))
    return any(
        coding.get("code") in _CRITICAL
        for part in parts
        for concept in part.get("interpretation", ())
        for coding in concept.get("coding", ())
    )


_WRITTEN = frozenset({"create", "update"})
_PATIENT = frozenset({"patient", "subject"})

TOPICS: tuple[Topic, ...] = (
    Topic(
        "referral-created",
        "A referral was sent (转诊申请)",
        "ServiceRequest",
        frozenset({"create"}),
        _REFERRAL,
        "",
        _PATIENT | {"requester", "performer", "status", "priority"},
    ),
    Topic(
        "referral-changed",
        "A referral was sent or changed (转诊变更)",
        "ServiceRequest",
        _WRITTEN,
        _REFERRAL,
        "",
        _PATIENT | {"requester", "performer", "status", "priority"},
    ),
    Topic(
        "report-final",
        "A diagnostic report became final or was corrected (报告审核发布)",
        "DiagnosticReport",
        _WRITTEN,
        f"status={_FINAL}",
        "",
        _PATIENT | {"category", "code", "performer", "status", "encounter"},
    ),
    Topic(
        "critical-value",
        "A result became critical (危急值)",
        "Observation",
        _WRITTEN,
        "status=final,amended,corrected,preliminary",
        "",
        _PATIENT | {"category", "code", "performer", "encounter"},
        is_critical,
    ),
    Topic(
        "encounter-start",
        "An encounter began (就诊开始或入院)",
        "Encounter",
        _WRITTEN,
        "status=in-progress",
        "status:not=in-progress",
        _PATIENT | {"class", "service-provider", "type", "location"},
    ),
    Topic(
        "encounter-end",
        "An encounter ended (就诊结束或出院)",
        "Encounter",
        _WRITTEN,
        "status=finished",
        "status:not=finished",
        _PATIENT | {"class", "service-provider", "type", "location"},
    ),
)
BY_URL = MappingProxyType({topic.url: topic for topic in TOPICS})
