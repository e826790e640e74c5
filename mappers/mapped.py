"""What a mapping hands over: statements about resources, the ledger, the issues.

A statement is what one message says about one resource, no more: elements it does not mention are absent, and an
element it deletes (`""`) is `None`. The store folds all statements about a resource in the order of their event
times, so that the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from mappers.ledger import Ledger
from mappers.profile import declared
from profiles.issue import Issue
from profiles.systems import CANONICAL_BASE

Resource = dict[str, Any]
BUNDLE_BASE = f"{CANONICAL_BASE}/fhir"
"""Base of the fullUrls, so that `Patient/x` inside the Bundle resolves to its entry (FHIR R4
bundle.html#references).
"""


class Weight(IntEnum):
    """How much a statement may overrule: an element set with a greater weight is never replaced by a lesser one."""

    MENTION = 0
    """The message only refers to the thing: PID and PV1 of a result, a doctor in OBR-16, a department in PV1-3."""
    STATED = 10
    """The message is about the thing: PID of an ADT, ORC/OBR of an order, a report that is registered or
    preliminary.
    """
    FINAL = 20
    """A final result or report."""
    CORRECTED = 30
    """A correction or amendment of a final result."""
    REVOKED = 40
    """Cancelled or entered in error: terminal."""


class Statement(NamedTuple):
    """One resource as one message states it. `owner` is the code of the institution whose data it is."""

    resource: Resource
    weight: Weight
    owner: str
    deleted: frozenset[str] = frozenset()
    """Top-level elements the sender deleted with `""`."""

    @property
    def key(self) -> tuple[str, str]:
        return self.resource["resourceType"], self.resource["id"]


@dataclass(frozen=True, slots=True)
class Merge:
    """A40: everything that refers to `gone` (a Patient id) belongs to `kept` from now on."""

    gone: str
    kept: str


@dataclass(frozen=True, slots=True)
class Mapped:
    """The result of mapping one message. `event_time` is an instant with offset; `patient` the id of the subject or
    ''.
    """

    statements: tuple[Statement, ...]
    ledger: Ledger
    issues: tuple[Issue, ...]
    event_time: str
    patient: str = ""
    order_key: str = ""
    merges: tuple[Merge, ...] = ()
    unmapped: tuple[Mapping[str, str], ...] = field(default=())
    """Work-list entries: {"table", "code", "text", "location"} for each local code without a mapping."""
    identifier: Mapping[str, str] = field(default_factory=dict)
    """Of the message, and so of its Bundle: the control id in the system of the sender. Empty without one."""
    timestamp: str = ""
    """When the message was made (MSH-7), an instant or ''."""

    @property
    def refused(self) -> bool:
        return any(issue.refuses for issue in self.issues)

    @property
    def bundle(self) -> Resource:
        """A transaction Bundle of PUTs by derived id, deterministic for equal messages."""
        told = {"identifier": dict(self.identifier), "timestamp": self.timestamp}
        return {
            "resourceType": "Bundle",
            "type": "transaction",
            **{name: value for name, value in told.items() if value},
            "entry": [
                {
                    "fullUrl": f"{BUNDLE_BASE}/{s.resource['resourceType']}/{s.resource['id']}",
                    "resource": declared(s.resource),
                    "request": {"method": "PUT", "url": f"{s.resource['resourceType']}/{s.resource['id']}"},
                }
                for s in self.statements
            ],
        }
