"""A v2 message as the store sees it: what it states, and all that the journal keeps of it.

The adapters fill it; the store knows no v2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from profiles.issue import Issue

Status = Literal["accepted", "refused", "unreadable", "event"]
Verdict = Literal["AA", "AE", "AR", ""]


@dataclass(frozen=True, slots=True)
class Stated:
    """One resource as the message states it; see `store.fold` for what `weight` and `deleted` do."""

    resource: dict[str, Any]
    weight: int
    owner: str
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """Patient `gone` was merged into Patient `kept` (ids)."""

    gone: str
    kept: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """`event_time` in microseconds since 1970 UTC. `ledger` is the packed ledger. `original` links a replay."""

    endpoint: str
    raw: bytes
    sha256: bytes
    verdict: Verdict
    status: Status
    issues: tuple[Issue, ...] = ()
    site: str = ""
    owner: str = ""
    application: str = ""
    facility: str = ""
    control_id: str = ""
    type: str = ""
    message_version: str = ""
    charset_declared: str = ""
    charset: str = ""
    event_time: int = 0
    patient_key: str = ""
    order_key: str = ""
    ledger: bytes = b""
    unaccounted: int = 0
    stated: tuple[Stated, ...] = ()
    merged: tuple[Merged, ...] = ()
    unmapped: tuple[Mapping[str, str], ...] = ()
    original: int | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an arrival. `duplicate` is the journal id of the first copy when this was one."""

    journal: int
    verdict: Verdict
    status: str
    answer: bytes
    issues: tuple[Issue, ...]
    written: int
    duplicate: int | None = None
