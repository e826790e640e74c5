"""The one writer of a process: waiting jobs share a transaction and its fsync (group commit).

A job is a function of the unit that either changes it or refuses; a refusal is a value and costs the others nothing.
They run under the commit lock from before the first read, so that what they decide by holds. A future is resolved only
after the commit. If the commit fails nothing was promised: every job of the batch gets `store-unavailable`, after each
was tried alone, so that one bad row does not take its neighbours along.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Protocol

from fhir_server.log import log
from fhir_server.search.overlay import using
from fhir_server.store.database import Database
from fhir_server.store.driver import Conflict, Driver, open_driver
from fhir_server.store.flush import flush, latest_change, lock
from fhir_server.store.matches import matches
from fhir_server.store.unit import JOURNAL_BLOCK, Clock, Key, Unit

MAX_BATCH = JOURNAL_BLOCK
"""Jobs that share a commit: enough to hide the fsync, few enough to keep the first one's wait short."""
GATHERED = 4
"""Jobs until which a commit waits for more that are being made. A commit of its own for each message costs as much as
all else of the message: the pages of the indexes are written again and again."""
PATIENCE = 0.03
"""Seconds that it waits at most; a sender that awaits each answer is never waited for."""
_ATTEMPTS = 8
_FOLLOWED = 60_000_000


class Job(Protocol):
    """`touches` are read for the whole batch at once; `apply` returns the result the future gets.

    `prepare` may flush the unit; afterwards only `apply` changes it, and what it changes can be taken back. A job may
    have `asks(unit)`: the search conditions it is going to decide by, read for the whole batch;
    and `turns`, how many versions it is going to write; `patient`, that its commit may wait for others.
    `touches` and `asks` come before the transaction begins: what can be computed there is not computed under its lock.
    """

    def touches(self) -> Iterable[Key]: ...
    def prepare(self, unit: Unit) -> None: ...
    def apply(self, unit: Unit) -> Any: ...


class Unwritten(Exception):
    """The database did not take the write; nothing of it is there."""


@dataclass(slots=True)
class _Waiting:
    job: Job
    future: Future[Any] = field(default_factory=Future)
    result: Any = None


class Writer:
    """Owns the write connection and the thread that uses it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._driver: Driver | None = None
        self._last = 0
        self._closed = False
        self.healthy = True
        self.committed: Callable[[Iterable[str]], None] | None = None
        """Told after each commit which types were written; must be quick, and runs in the writer's thread."""
        self.coming: list[Callable[[], int]] = []
        """Each says how many more jobs it is at work on now."""
        self._thread = threading.Thread(target=self._run, name="qiao-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future[Any]:
        """Hands the job over; jobs are applied in the order of submission."""
        waiting = _Waiting(job)
        if self._closed:
            waiting.future.set_exception(Unwritten("the store is closing"))
        else:
            self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Finishes what was submitted and stops."""
        if not self._closed:
            self._closed = True
            self._queue.put(None)
            self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._take()
            if batch:
                self._settle(batch)
            if last:
                if self._driver is not None:
                    self._driver.close()
                return

    def _take(self) -> tuple[list[_Waiting], bool]:
        batch: list[_Waiting] = []
        first = self._queue.get()
        if first is None:
            return batch, True
        batch.append(first)
        until = time.monotonic() + PATIENCE
        while len(batch) < MAX_BATCH:
            try:
                more = self._more(batch, until)
            except queue.Empty:
                break
            if more is None:
                return batch, True
            batch.append(more)
        return batch, False

    def _more(self, batch: list[_Waiting], until: float) -> _Waiting | None:
        """What waits already, or comes while it pays to wait for it. Raises queue.Empty."""
        try:
            return self._queue.get_nowait()
        except queue.Empty:
            left = until - time.monotonic()
            if left <= 0 or len(batch) >= GATHERED or not getattr(batch[-1].job, "patient", False):
                raise
            if not any(count() for count in self.coming):
                raise
            return self._queue.get(timeout=left)

    def _settle(self, batch: list[_Waiting]) -> None:
        failure = self._attempt(batch)
        if failure is not None and len(batch) > 1:
            for waiting in batch:
                self._settle([waiting])
            return
        for waiting in batch:
            if not waiting.future.set_running_or_notify_cancel():
                continue  # who asked has gone (a caller who hung up): nobody is there to be told
            if failure is None:
                waiting.future.set_result(waiting.result)
            else:
                waiting.future.set_exception(failure)

    def _attempt(self, batch: list[_Waiting]) -> Exception | None:
        for attempt in range(_ATTEMPTS):
            try:
                self._commit(batch, again=attempt > 0)
            except Conflict:
                self._rollback()
                time.sleep(0.002 * 2**attempt)
            except Exception as error:
                # The class only: driver messages quote values.
                log.error("write failed", error=type(error).__name__, jobs=len(batch))
                self._abandon()
                self.healthy = False
                failure = Unwritten(type(error).__name__)
                failure.__cause__ = error
                return failure
            else:
                self.healthy = True
                return None
        return Unwritten("conflict")

    def _commit(self, batch: list[_Waiting], *, again: bool) -> None:
        driver = self._open()
        known = self._database.known
        unit, state = Unit(driver, self._last), known.state
        with using(known.overlay):
            touched = [key for waiting in batch for key in waiting.job.touches()]
            asked = [one for waiting in batch if hasattr(waiting.job, "asks") for one in waiting.job.asks(unit)]
        driver.begin()
        driver.lock_commit_order()
        if again or known.state is None:
            known.fresh(driver.ask)
        if known.state != state:
            unit.indexed.clear()  # made by other search parameters
        unit.known = known.state
        lock(unit, sum(getattr(waiting.job, "turns", 0) for waiting in batch))
        with using(known.overlay):
            unit.expect(touched)
            if asked:
                matches(unit).foresee(asked)
            unit.load(())
            self._apply(batch, unit)

    def _moment(self, unit: Unit) -> int:
        """The time of a batch, drawn under the commit lock: it grows with the numbers of `change`, whatever the clocks
        of several processes say. One that ran away by more than a minute is not followed.
        """
        now, latest = max(self._clock(), self._last + 1), latest_change(unit)
        return latest + 1 if 0 <= latest - now < _FOLLOWED else now

    def _apply(self, batch: list[_Waiting], unit: Unit) -> None:
        unit.now = self._last = self._moment(unit)
        for waiting in batch:
            waiting.job.prepare(unit)
            mark = unit.mark()
            try:
                waiting.result = waiting.job.apply(unit)
            except Refusal as refusal:
                unit.rewind(mark)
                waiting.result = refusal.value
        flush(unit)
        unit.driver.commit()
        if self.committed is not None and unit.log:
            self.committed(unit.log)

    def _open(self) -> Driver:
        if self._driver is None:
            self._driver = open_driver(self._database.driver(), self._database.dialect)
        return self._driver

    def _rollback(self) -> None:
        try:
            if self._driver is not None:
                self._driver.rollback()
        except Exception:
            self._abandon()

    def _abandon(self) -> None:
        """Drops the connection: after an error of unknown depth only a new one is trusted."""
        driver, self._driver = self._driver, None
        try:
            if driver is not None:
                driver.rollback()
                driver.close()
        except Exception as error:
            log.warning("closing a broken connection failed", error=type(error).__name__)


class Refusal(Exception):
    """Raised inside `Job.apply` to take back what the job did and answer with `value`."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value
