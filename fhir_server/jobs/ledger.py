"""The table of jobs: asked for, taken under a lease, kept after each slice, ended, forgotten.

Every change is a job of the one writer and looks at the row under the commit lock, so that several processes agree on
who works on what. Reading goes under the scope of the asker: a job is known to those who may see all that its asker
may see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from fhir_server.jobs.job import OPEN, Job, Json, Slice, State, Work
from fhir_server.jobs.plain import Plain
from fhir_server.security.scope import EVERYTHING, Scope
from fhir_server.store import schema
from fhir_server.store.body import issues_json
from fhir_server.store.unit import Key, Unit
from profiles.issue import Issue

LEASE = 20_000_000
"""Microseconds a process may be silent before another takes its job over."""
_COLUMNS = tuple(column.name for column in schema.job.columns)


def _job(row: Sequence[Any]) -> Job:
    name, kind, state, created, updated, lease, worker, owners, request, progress, result = row
    kept = json.loads(bytes(progress))
    return Job(
        id=name,
        kind=kind,
        state=state,
        created=created,
        updated=updated,
        lease=lease,
        worker=worker,
        scope=_scope(json.loads(bytes(owners))),
        request=json.loads(bytes(request)),
        progress=kept["next"],
        said=kept["said"],
        result=json.loads(bytes(result)),
    )


def _scope(owners: list[str] | None) -> Scope:
    return EVERYTHING if owners is None else Scope(frozenset(owners))


def _bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _kept(progress: Json, said: str) -> bytes:
    return _bytes({"next": progress, "said": said[:100]})


# ---------------------------------------------------------------------------------------- reading


def find(connection: Connection, name: str, scope: Scope) -> Job | None:
    """The job of that id, when the caller may see all that its asker might."""
    row = connection.execute(select(schema.job).where(schema.job.c.id == name)).first()
    job = None if row is None else _job(row)
    return job if job is not None and covers(scope, job.scope) else None


def covers(caller: Scope, asker: Scope) -> bool:
    """Whether the caller may see all that the asker of a job might."""
    if caller.owners is None:
        return True
    return asker.owners is not None and asker.owners <= caller.owners


def open_jobs(connection: Connection, most: int = 100) -> list[Job]:
    """What is not finished, the longest untouched first."""
    table = schema.job
    rows = connection.execute(select(table).where(table.c.state.in_(OPEN)).order_by(table.c.updated).limit(most))
    return [_job(row) for row in rows]


def finished_before(connection: Connection, moment: int, most: int = 100) -> list[Job]:
    """What ended before that time and can be forgotten."""
    table = schema.job
    rows = connection.execute(select(table).where(table.c.state.not_in(OPEN), table.c.updated < moment).limit(most))
    return [_job(row) for row in rows]


# ---------------------------------------------------------------------------------------- writing


def _current(unit: Unit, name: str) -> Job | None:
    """The row as it stands; under the commit lock nobody else changes it."""
    rows = unit.driver.select(schema.job, _COLUMNS, ("id",), [(name,)])
    return _job(rows[0]) if rows else None


def _update(unit: Unit, name: str, **values: Any) -> None:
    values["updated"] = unit.now
    unit.driver.update(schema.job, ("id",), tuple(values), [(name, *values.values())])


@dataclass(frozen=True)
class Ask(Plain):
    """A new job; gives its id."""

    id: str
    kind: str
    request: Json
    scope: Scope

    def apply(self, unit: Unit) -> str:
        owners = None if self.scope.owners is None else sorted(self.scope.owners)
        progress = _kept({}, "waiting")
        row = (self.id, self.kind, "waiting", unit.now, unit.now, None, "", _bytes(owners), _bytes(self.request))
        unit.driver.insert(schema.job, [(*row, progress, b"{}")])
        return self.id


@dataclass(frozen=True)
class Take(Plain):
    """Takes the job that looked free when `seen` was read; None when somebody was faster."""

    seen: Job
    worker: str

    def apply(self, unit: Unit) -> Job | None:
        job = _current(unit, self.seen.id)
        if job is None or not job.open or (job.worker, job.lease) != (self.seen.worker, self.seen.lease):
            return None
        lease = unit.now + LEASE
        _update(unit, job.id, state="running", worker=self.worker, lease=lease)
        return replace(job, state="running", worker=self.worker, lease=lease)


@dataclass(frozen=True)
class Keep:
    """Keeps a slice, and what it wrote, in one transaction; None when the job was cancelled or taken over meanwhile."""

    id: str
    worker: str
    done: Slice | Work

    def touches(self) -> Iterable[Key]:
        return () if isinstance(self.done, Slice) else self.done.touches()

    def prepare(self, unit: Unit) -> None:
        if not isinstance(self.done, Slice):
            self.done.prepare(unit)

    def apply(self, unit: Unit) -> Slice | None:
        job = _current(unit, self.id)
        if job is None or job.state != "running" or job.worker != self.worker:
            return None
        done = self.done if isinstance(self.done, Slice) else self.done.apply(unit)
        state: State = "failed" if done.issues else "done" if done.done else "running"
        result = done.result | {"issues": json.loads(issues_json(done.issues))} if done.issues else done.result
        _update(
            unit,
            self.id,
            state=state,
            lease=unit.now + LEASE if state == "running" else None,
            progress=_kept(done.progress, done.said),
            result=_bytes(result),
        )
        return done


@dataclass(frozen=True)
class Cancel(Plain):
    """The asker wants it no more, whether it is finished or not; gives whether there was such a job."""

    id: str

    def apply(self, unit: Unit) -> bool:
        if _current(unit, self.id) is None:
            return False
        _update(unit, self.id, state="cancelled", lease=None, result=b"{}", progress=_kept({}, "cancelled"))
        return True


@dataclass(frozen=True)
class Release(Plain):
    """A process that stops gives its jobs back, so that the next one need not wait for the lease to run out."""

    ids: tuple[str, ...]
    worker: str

    def apply(self, unit: Unit) -> None:
        for name in self.ids:
            job = _current(unit, name)
            if job is not None and job.state == "running" and job.worker == self.worker:
                _update(unit, name, state="waiting", lease=None, worker="")


@dataclass(frozen=True)
class Forget(Plain):
    """Removes rows of finished jobs."""

    ids: tuple[str, ...]

    def apply(self, unit: Unit) -> None:
        unit.driver.delete(schema.job, ("id",), [(name,) for name in self.ids])


def issues_of(job: Job) -> tuple[Issue, ...]:
    """Why the job failed."""
    return tuple(
        Issue(issue["code"], issue.get("expression", ""), details=issue.get("details", {}))
        for issue in job.result.get("issues", ())
    )
