"""What the one door takes and gives back: writes in, written versions or a refusal out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fhir_server.search.query import Query
from profiles.issue import Issue

Method = Literal["POST", "PUT", "PATCH", "DELETE"]
Edit = Callable[[dict[str, Any]], dict[str, Any] | tuple[Issue, ...]]
"""From the current resource (with `meta.versionId`) to the next one, or why there is none. It may change its input."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A conditional reference: `address` stands in the resource until the one match of `query` is known."""

    query: Query
    address: str
    expression: str


class Write(NamedTuple):
    """One change asked for over REST. `id` is always set: for a create or a condition it is what a new resource gets.

    `if_match` is the version the caller saw, `owner` the institution the data belongs to, `expression` where the
    resource stands in the request (`Bundle.entry[3].resource`), for the texts. A `PUT` creates when nothing is there,
    and nothing else when `only_new`. `edit` makes the next resource of a `PATCH`. With `criteria` the write is about
    what they match at the moment of the write, decided under the commit lock; `most` is how many a DELETE may take.
    `about` is the write, by its place, whose Provenance this one is: its first target becomes the version written.
    """

    method: Method
    type: str
    id: str
    resource: dict[str, Any] | None = None
    if_match: int | None = None
    owner: str = ""
    expression: str = ""
    only_new: bool = False
    edit: Edit | None = None
    criteria: Query | None = None
    most: int = 1
    lookups: tuple[Lookup, ...] = ()
    about: int | None = None


class Written(NamedTuple):
    """One outcome: `body` is the stored bytes (empty after a delete), `last_updated` in microseconds since 1970 UTC.

    `created` when there was no living version before; `changed` is false when the body was identical (no new version).
    `count` is the number of resources a delete took, `version` 0 when there never was one.
    """

    type: str
    id: str
    version: int
    last_updated: int
    body: bytes
    created: bool
    changed: bool
    count: int = 1  # type: ignore[assignment] # hides that of a tuple


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written. `entry` is the index of the write that was refused."""

    issues: tuple[Issue, ...]
    entry: int = 0
