"""Long work in slices: what a job is, what a step is given, what it gives back.

A job outlives the request that asked for it and the process that works on it. Its kind is a function
`step(progress, tools)` that does a bounded slice (about a second at most) and says where the next one begins. A step
that only reads gives back a `Slice`; one that writes gives back a `Work`, and what the work writes is committed
together with the progress it gives. After `kill -9` the job goes on behind the last slice that was kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from fhir_server.security.scope import Scope
from fhir_server.store.unit import Key, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fhir_server.settings import Settings
    from fhir_server.store.database import Database
    from profiles.issue import Issue

State = Literal["waiting", "running", "done", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("waiting", "running")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A row of the table. `scope` is what the asker may see; `said` is the progress in words; times in microseconds."""

    id: str
    kind: str
    state: State
    created: int
    updated: int
    lease: int | None
    worker: str
    scope: Scope
    request: Json
    progress: Json
    said: str
    result: Json

    @property
    def open(self) -> bool:
        return self.state in OPEN


@dataclass(frozen=True, slots=True)
class Slice:
    """What a step has done: where the next begins, the result so far, and whether there is a next one.

    `issues` that are not empty end the job as failed. `said` is shown to whoever asks (X-Progress, no patient values).
    """

    progress: Json
    result: Json = field(default_factory=dict)
    done: bool = False
    said: str = ""
    issues: tuple[Issue, ...] = ()


class Work(Protocol):
    """A step that writes: a store job whose outcome is the slice. May be applied again after a conflict."""

    def touches(self) -> Iterable[Key]: ...
    def prepare(self, unit: Unit) -> None: ...
    def apply(self, unit: Unit) -> Slice: ...


Checks = Mapping[str, Callable[[Mapping[str, Any], str, Scope], "tuple[Issue, ...]"]]
"""What is held against resources of a type beside their definition, by type (`Intake.checks`)."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What a step may use. `folder` is for the files of this job alone and need not be there yet.

    `worker` names the lease: it changes when another process takes the job over.
    """

    job: Job
    worker: str
    database: Database
    settings: Settings
    folder: Path
    clock: Callable[[], int]
    checks: Checks = field(default_factory=dict)

    @property
    def scope(self) -> Scope:
        return self.job.scope

    @property
    def request(self) -> Mapping[str, Any]:
        return self.job.request


Step = Callable[[Json, Tools], Slice | Work]
