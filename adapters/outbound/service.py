"""The service that delivers (entry point `qiao.services`): looks at the log of changes, calls the receivers.

Of several processes on one store one leads. It sleeps between two looks; with deliveries under way it wakes at every
answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

from adapters.outbound.courier import Courier, couriers
from adapters.outbound.ledger import FOLLOWER, Purge, counts, last_change, long_done
from adapters.outbound.lookout import Lookout, Superseded
from adapters.site import Endpoint
from fhir_server.intake import system_clock
from fhir_server.jobs.lead import Lead, Leave
from fhir_server.jobs.runner import is_dead, own_name, retired
from fhir_server.log import log
from fhir_server.service import Runtime
from fhir_server.store.writer import Unwritten

_REST = 0.5
"""Seconds between two looks at the log."""
_RENEW = 5_000_000
_KEPT = 7 * 86_400_000_000
_HOUR = 3_600_000_000


class OutboundService:
    """`tally` counts attempts by receiver and verdict."""

    name = "outbound"

    def __init__(self, runtime: Runtime, receivers: Mapping[str, Endpoint], sender: str) -> None:
        self._database, self._submit = runtime.database, runtime.intake.submit
        self._receivers = receivers
        self._worker = own_name()
        self._lookout = Lookout(self._database, self._submit, receivers, sender, self._worker)
        self.tally: Counter[tuple[str, str]] = Counter()
        self._couriers: list[Courier] = []
        self._signal = asyncio.Event()
        self._stopping = self._leads = self._more = False
        self._renewed = self._purged = 0
        self._task: asyncio.Task[None] | None = None

    def metrics(self) -> bytes:
        """Attempts by receiver and verdict, deliveries by receiver and state, for Prometheus."""
        with self._database.read() as connection:
            standing = counts(connection)
        lines = ["# TYPE qiao_outbound_attempts_total counter"]
        lines += [
            f'qiao_outbound_attempts_total{{receiver="{code}",verdict="{word}"}} {count}'
            for (code, word), count in sorted(self.tally.items())
        ]
        lines.append("# TYPE qiao_outbound_deliveries gauge")
        lines += [
            f'qiao_outbound_deliveries{{receiver="{code}",state="{state}"}} {count}' for code, state, count in standing
        ]
        return "\n".join((*lines, "")).encode()

    async def start(self) -> None:
        self._couriers = couriers(
            self._receivers, self._database, self._submit, system_clock, self._signal.set, self.tally
        )
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._stopping = True
        self._signal.set()
        if self._task is not None:
            await self._task
        for one in self._couriers:
            await one.stop()
        retired(self._worker)
        if self._leads:
            try:
                await asyncio.wrap_future(self._submit(Leave(FOLLOWER, self._worker)))
            except Unwritten:
                log.warning("the lead was not given back; its lease will run out")

    async def _run(self) -> None:
        while not self._stopping:
            self._signal.clear()
            try:
                await asyncio.to_thread(self._look)
                if self._leads:
                    for one in self._couriers:
                        await one.turn()
            except Exception as error:
                log.error("looking after deliveries failed", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._signal.wait(), self._rest())
            except TimeoutError:
                continue

    def _rest(self) -> float:
        if self._more:
            return 0.01
        now = system_clock()
        due = [one.next_at - now for one in self._couriers if one.next_at is not None]
        return max(min([_REST, *(micros / 1_000_000 for micros in due)]), 0.01)

    def _look(self) -> None:
        """Takes or keeps the lead, and makes what is due; one slice, so that deliveries go on meanwhile."""
        now = system_clock()
        if now - self._renewed >= _RENEW:
            self._lead(now)
        try:
            self._more = self._leads and self._lookout.look() >= 0
        except Superseded:
            self._leads = False
        if self._leads and now - self._purged >= _HOUR:
            self._purge(now)

    def _lead(self, now: int) -> None:
        with self._database.read() as connection:
            start = last_change(connection)
        job = Lead(FOLLOWER, self._worker, start, lambda other: is_dead(other, self._worker))
        seq: int | None = self._submit(job).result()
        if seq is not None and not self._leads:
            self._lookout.seq = seq
        self._leads, self._renewed = seq is not None, now

    def _purge(self, now: int) -> None:
        self._purged = now
        with self._database.read() as connection:
            ids = long_done(connection, now - _KEPT)
        if ids:
            self._submit(Purge(ids)).result()
