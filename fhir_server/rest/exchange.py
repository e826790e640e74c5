"""What an interaction takes and gives: values, no HTTP library (FHIR R4 http.html).

A handler turns a `Call` into an `Answer`, or into a `Change` that the one door carries out first.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from fhir_server.jobs.desk import Desk
from fhir_server.problem import outcome, status
from fhir_server.search.query import Handling, Limits
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store.database import Database
from fhir_server.store.write import Refused, Write, Written
from profiles.issue import Issue


class Return(Enum):
    """`Prefer: return=` (http.html#ops)."""

    DEFAULT = ""
    MINIMAL = "minimal"
    REPRESENTATION = "representation"
    OUTCOME = "OperationOutcome"


@dataclass(frozen=True, slots=True)
class Preferences:
    returned: Return = Return.DEFAULT
    handling: Handling = Handling.STRICT
    respond_async: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: what he may see, and whose data his writes are."""

    scope: Scope
    owner: str = ""


ANYONE = Caller(EVERYTHING)
"""The caller while no security is configured."""


class Call(NamedTuple):
    """One request. `base` is the public URL of the API without a slash at the end; `upload` a body kept in a file."""

    method: str
    type: str = ""
    id: str = ""
    version: str = ""
    name: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    base: str = ""
    caller: Caller = ANYONE
    preferences: Preferences = Preferences()
    if_match: str = ""
    if_none_match: str = ""
    if_none_exist: str | None = None
    if_modified_since: str = ""
    content_type: str = ""
    accept: str = ""
    security_context: str = ""
    provenance: str = ""
    upload: Path | None = None


class Answer(NamedTuple):
    """One response. `body` is a resource as JSON bytes, empty for none; `last_modified` in microseconds since 1970 UTC.

    `media_type` is set when the body is no resource (the content of a Binary, NDJSON); it is then sent as it is.
    Otherwise the body leaves as XML when that was asked for.
    """

    status: int
    body: bytes = b""
    version: int | None = None
    last_modified: int | None = None
    location: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    media_type: str = ""


class Change(NamedTuple):
    """Writes to carry out as one unit, and how their outcome is answered; `reads` when that asks the store again."""

    writes: tuple[Write, ...]
    answer: Callable[[tuple[Written, ...]], Answer]
    reads: bool = False


class Door(Protocol):
    """The one door for writes (`fhir_server.intake.Intake`)."""

    def write(self, writes: tuple[Write, ...], scope: Scope) -> Future[tuple[Written, ...] | Refused]: ...


@dataclass(frozen=True, slots=True)
class Services:
    """The effects an interaction may have: all arrive from `app`."""

    database: Database
    door: Door
    clock: Callable[[], int]
    new_id: Callable[[], str]
    cursor_key: bytes
    limits: Limits
    body_limit: int
    jobs: Desk | None = None
    delete_most: int = 1000
    bundle_most: int = 20_000
    references_checked: bool = False


def refusal(*issues: Issue) -> Answer:
    """The answer to a request that was not carried out."""
    return Answer(status(issues), outcome(issues))


def refused(code: str, expression: str = "", **details: str) -> Answer:
    """The answer with one issue."""
    return refusal(Issue(code, expression, details=details))


def versioned_location(base: str, resource_type: str, resource_id: str, version: int) -> str:
    return f"{base}/{resource_type}/{resource_id}/_history/{version}"
