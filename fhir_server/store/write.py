"""What the one door takes and gives back: writes in, written versions or a refusal out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from profiles.issue import Issue

Method = Literal["POST", "PUT", "DELETE"]


@dataclass(frozen=True, slots=True)
class Write:
    """One change asked for over REST. `id` is always set (the caller draws it for a create).

    `if_match` is the version the caller saw, `owner` the institution the data belongs to, `expression` where the
    resource stands in the request (`Bundle.entry[3].resource`), for the texts. A `PUT` creates when nothing is there.
    """

    method: Method
    type: str
    id: str
    resource: dict[str, Any] | None = None
    if_match: int | None = None
    owner: str = ""
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """One outcome: `body` is the stored bytes (empty after a delete), `last_updated` in microseconds since 1970 UTC.

    `created` when there was no living version before; `changed` is false when the body was identical (no new version).
    """

    type: str
    id: str
    version: int
    last_updated: int
    body: bytes
    created: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written. `entry` is the index of the write that was refused."""

    issues: tuple[Issue, ...]
    entry: int = 0
