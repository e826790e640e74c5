"""The worker of a process: one thread that does slices, one job after the other in turn.

It sleeps until it is woken or, every few seconds, looks for jobs whose process has died. A job is free when nobody
holds it, when its lease has run out, or when the process that held it ran here and is no more.
"""

from __future__ import annotations

import os
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from sqlalchemy.exc import OperationalError

from fhir_server.jobs.desk import Submit, remove
from fhir_server.jobs.job import Checks, Job, Slice, Tools
from fhir_server.jobs.kinds import KINDS, loaded
from fhir_server.jobs.ledger import Forget, Keep, Release, Take, finished_before, open_jobs
from fhir_server.log import log
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.writer import Unwritten
from profiles.issue import Issue

_LOOK = 10.0
"""Seconds between two looks for abandoned work."""
_TRIES = 8
"""Times a slice is tried again after the database did not answer."""


class Runner:
    """`start` begins to look, `wake` says that there is something, `stop` finishes the slice at hand."""

    def __init__(
        self,
        database: Database,
        submit: Submit,
        settings: Settings,
        clock: Callable[[], int],
        folder: Path,
        checks: Checks | None = None,
    ) -> None:
        self._database, self._submit, self._settings, self._clock = database, submit, settings, clock
        self._folder, self._checks = folder, {} if checks is None else checks
        self.worker = own_name()
        self._woken, self._stopping = threading.Event(), threading.Event()
        self._held: set[str] = set()
        self._failures: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="qiao-jobs", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Gives back what is held; the next server goes on where this one stopped."""
        self._stopping.set()
        self._woken.set()
        if self._thread.ident is not None:
            self._thread.join()
        retired(self.worker)
        if self._held:
            try:
                self._submit(Release(tuple(sorted(self._held)), self.worker)).result()
            except Unwritten:
                log.warning("jobs were not given back; their leases will run out", jobs=len(self._held))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                job = self._next()
                if job is None:
                    self._forget()
            except Exception as error:
                log.error("looking for jobs failed", error=type(error).__name__)
                job = None
            if job is None:
                self._woken.wait(_LOOK)
            else:
                self._slice(job)

    def _next(self) -> Job | None:
        """The job whose turn it is, held by this process."""
        with self._database.read() as connection:
            jobs = open_jobs(connection)
        for job in jobs:
            if job.kind not in KINDS:
                continue  # a row that others keep their lease in
            if job.worker == self.worker and job.state == "running":
                return job
            if self._free(job):
                taken: Job | None = self._submit(Take(job, self.worker)).result()
                if taken is not None:
                    self._held.add(taken.id)
                    return taken
        return None

    def _free(self, job: Job) -> bool:
        return job.lease is None or job.lease < self._clock() or is_dead(job.worker, self.worker)

    def _slice(self, job: Job) -> None:
        tools = Tools(
            job, self.worker, self._database, self._settings, self._folder / job.id, self._clock, self._checks
        )
        try:
            done = loaded(KINDS[job.kind].step)(job.progress, tools)
            kept: Slice | None = self._submit(Keep(job.id, self.worker, done)).result()
        except (Unwritten, OperationalError) as error:
            self._again(job, error)
            return
        except Exception as error:
            self._fail(job, error)
            return
        self._failures.pop(job.id, None)
        if kept is None:
            self._lost(job)
        elif kept.done or kept.issues:
            self._held.discard(job.id)
            log.info("job ended", kind=job.kind, job=job.id, failed=bool(kept.issues))

    def _lost(self, job: Job) -> None:
        """Cancelled while the slice was done, or another process holds it now."""
        self._held.discard(job.id)
        with self._database.read() as connection:
            still = any(each.id == job.id for each in open_jobs(connection))
        if not still:
            remove(self._folder / job.id)

    def _again(self, job: Job, error: Exception) -> None:
        tries = self._failures[job.id] = self._failures.get(job.id, 0) + 1
        log.warning("a slice was not kept", kind=job.kind, job=job.id, error=type(error).__name__, tries=tries)
        if tries > _TRIES:
            self._fail(job, error)
        else:
            self._stopping.wait(min(0.1 * 2**tries, 10))

    def _fail(self, job: Job, error: Exception) -> None:
        """An error of our own ends the job under an incident id; the log has the place, never values."""
        incident = uuid4().hex[:12]
        place = traceback.extract_tb(error.__traceback__)[-1]
        frame = f"{place.filename.rpartition('/')[2]}:{place.lineno}"
        log.error("job failed", incident=incident, kind=job.kind, error=type(error).__name__, place=frame)
        issue = Issue("internal-error", details={"incident": incident})
        try:
            self._submit(Keep(job.id, self.worker, Slice(job.progress, job.result, issues=(issue,)))).result()
            self._held.discard(job.id)
        except Unwritten:
            self._stopping.wait(1)

    def _forget(self) -> None:
        """Removes what ended longer ago than results are kept."""
        with self._database.read() as connection:
            old = finished_before(connection, self._clock() - self._settings.job_hours * 3_600_000_000)
        for job in old:
            remove(self._folder / job.id)
        if old:
            self._submit(Forget(tuple(job.id for job in old))).result()
        self._sweep()

    def _sweep(self) -> None:
        """Removes uploads that never became a job: the process died, or the request was refused."""
        if not self._folder.is_dir():
            return
        before = self._clock() / 1_000_000 - self._settings.job_hours * 3600
        for path in self._folder.glob("upload-*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


def own_name() -> str:
    """A name for who holds a lease: this machine, this process, and which of its workers."""
    name = f"{_here()}:{os.getpid()}:{uuid4().hex[:8]}"
    _BESIDE.add(name)
    return name


def retired(name: str) -> None:
    """That worker of this process has stopped."""
    _BESIDE.discard(name)


def _here() -> str:
    """This machine, and the space its process numbers count in: two containers may share a host name."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name.strip("pid:[]")
    except OSError:
        space = ""
    return f"{socket.gethostname()}/{space}"


def is_dead(worker: str, me: str) -> bool:
    """Whether that worker ran here and its process is gone (or its number is ours by now)."""
    place, _, rest = worker.partition(":")
    number, _, _token = rest.partition(":")
    here, _, mine = me.partition(":")
    if place != here or not number.isdigit() or worker == me:
        return False
    if number == mine.partition(":")[0]:
        return worker not in _BESIDE
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


_BESIDE: set[str] = set()
"""Workers of this very process: tests run two servers in one."""
