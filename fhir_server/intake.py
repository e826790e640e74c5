"""The one door into the store: REST writes and v2 messages enter here, and only here.

Everything of one call becomes durable together or not at all: versions, index rows, statements, the journal row, the
work list. Every resource is validated before it is written. Nothing is answered before the commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from copy import deepcopy
from typing import Any

import profiles
from fhir_server.arrivals.arrival import Arrival, Receipt
from fhir_server.arrivals.job import ArrivalJob
from fhir_server.integrity import Integrity
from fhir_server.security.scope import Scope
from fhir_server.store.database import Database
from fhir_server.store.unit import Clock
from fhir_server.store.write import Refused, Write, Written
from fhir_server.store.writer import Job, Writer
from fhir_server.writes.job import WriteJob
from profiles.issue import Issue

Check = Callable[[Mapping[str, Any], str, Scope], tuple[Issue, ...]]
"""What stands against a resource that a caller with this scope writes for that owner."""
Answer = Callable[[Receipt], bytes]
"""Renders the acknowledgement of a receipt whose `answer` is still empty; called inside the transaction."""


def system_clock() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1000


class Intake:
    """One per process; `submit` order is write order."""

    def __init__(
        self,
        database: Database,
        clock: Clock = system_clock,
        integrity: Integrity = Integrity.UNCHECKED,
        condition_seconds: float = 0,
    ) -> None:
        self._writer = Writer(database, clock)
        self._integrity = integrity
        self._condition_seconds = condition_seconds
        self.checks: dict[str, Check] = {}
        """What is held against resources of a type beside their definition, by type."""

    @property
    def healthy(self) -> bool:
        """False after a write the database did not take, until one succeeds."""
        return self._writer.healthy

    def write(
        self, writes: Sequence[Write], scope: Scope, integrity: Integrity | None = None
    ) -> Future[tuple[Written, ...] | Refused]:
        """Carries out REST writes as one atomic unit. Fails with `Unwritten` when the database takes no writes."""
        for entry, write in enumerate(writes):
            plain = write.type not in self.checks and profiles.accepts(write.resource)
            issues = () if plain else _validated(write)
            if not any(issue.refuses for issue in issues):  # a warning must not spare a resource its check
                issues = (*self._checked(write, scope), *issues)
            if any(issue.refuses for issue in issues):
                refused: Future[tuple[Written, ...] | Refused] = Future()
                refused.set_result(Refused(issues, entry))
                return refused
        checked = tuple(self._watched(write, scope) if write.edit is not None else write for write in writes)
        job = WriteJob(checked, scope, integrity or self._integrity, self._condition_seconds)
        return self._writer.submit(job)

    def _checked(self, write: Write, scope: Scope) -> tuple[Issue, ...]:
        check = self.checks.get(write.type)
        return check(write.resource, write.owner, scope) if check is not None and write.resource is not None else ()

    def _watched(self, write: Write, scope: Scope) -> Write:
        """A patch of a type with a check: what it leaves behind is checked, but for what it leaves as it was, for the
        server itself may have said of a Subscription what no client may."""
        check, edit = self.checks.get(write.type), write.edit
        if check is None or edit is None:
            return write

        def edited(resource: dict[str, Any]) -> dict[str, Any] | tuple[Issue, ...]:
            before, was = check(resource, write.owner, scope), deepcopy(resource)
            found = edit(resource)
            if isinstance(found, tuple) or found.get("resourceType") != write.type:
                return found
            issues = profiles.validate(found)
            if not any(issue.refuses for issue in issues):  # a check reads what is well-formed
                wrong = check(found, write.owner, scope)
                issues = tuple(issue for issue in wrong if issue not in before or not _alike(issue, was, found))
            return issues if any(issue.refuses for issue in issues) else found

        return write._replace(edit=edited)

    def awaits(self, coming: Callable[[], int]) -> None:
        """`coming` says how many messages are on their way to `accept`: they may share a commit with those before."""
        self._writer.coming.append(coming)

    def on_commit(self, told: Callable[[Iterable[str]], None] | None) -> None:
        """Who is told after each commit which types were written; called in the writer's thread."""
        self._writer.committed = told

    def accept(self, arrival: Arrival, answer: Answer) -> Future[Receipt]:
        """Journals a message and writes what it states; the statements were validated by the caller."""
        return self._writer.submit(ArrivalJob(arrival, answer))

    def submit(self, job: Job) -> Future[Any]:
        """What is written beside resources (long jobs, what must go out) takes its turn with everything else."""
        return self._writer.submit(job)

    def close(self) -> None:
        self._writer.close()


def _alike(issue: Issue, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether the element of an issue is as it was."""
    name = issue.expression.partition(".")[2].partition(".")[0].partition("[")[0]
    return not name or before.get(name) == after.get(name)


def _validated(write: Write) -> tuple[Issue, ...]:
    if write.resource is None:
        return ()
    issues = profiles.validate(write.resource)
    if not write.expression:
        return issues
    kind = write.resource.get("resourceType", "")
    return tuple(
        Issue(issue.code, write.expression + issue.expression.removeprefix(kind), issue.location, issue.details)
        for issue in issues
    )
