"""The part of a server that keeps Subscriptions: it looks, delivers, and tells the sockets that are bound here.

It sleeps while there are no Subscriptions; with some it wakes at every commit of this process, and once a second for
those of others. Of several processes on one store one leads: only it looks at the changes and makes the calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from fhir_server.jobs.desk import Submit
from fhir_server.jobs.lead import Lead, Leave
from fhir_server.jobs.runner import is_dead, own_name, retired
from fhir_server.log import log
from fhir_server.settings import Settings
from fhir_server.store.database import Database
from fhir_server.store.writer import Unwritten
from fhir_server.subscriptions.courier import Courier
from fhir_server.subscriptions.ledger import (
    FOLLOWER,
    TYPE,
    Purge,
    Standing,
    long_delivered,
    next_subscription,
    standings,
)
from fhir_server.subscriptions.lookout import Lookout, Superseded
from fhir_server.subscriptions.sockets import Sockets
from fhir_server.subscriptions.subscription import Subscribed

_IDLE, _LIVE = 10.0, 1.0
"""Seconds between two looks when nothing wakes us: without Subscriptions, and with some."""
_BREATH = 0.01
"""Seconds between two turns at least: many commits are looked at together."""
_RENEW = 5_000_000
"""Microseconds between two renewals of the lead, or two attempts to get it."""
_KEPT_DAYS = 7

_Turn = tuple[dict[str, Standing], dict[str, Subscribed]]


class Worker:
    """`committed` may be called from any thread."""

    def __init__(
        self, database: Database, submit: Submit, settings: Settings, clock: Callable[[], int], base: str
    ) -> None:
        worker = own_name()
        endpoints = tuple(settings.subscription_endpoints)
        self._database, self._submit, self._clock, self._worker = database, submit, clock, worker
        self._lookout = Lookout(database, submit, clock, endpoints, worker)
        self._courier = Courier(database, submit, clock, base, endpoints)
        self.sockets = Sockets(database, clock, base)
        self._signal = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._woken = self._stopping = self._live = self._leads = False
        self._renewed = self._purged = 0
        self._next_at: int | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._courier.settled = self.wake
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._stopping = True
        self._signal.set()
        if self._task is not None:
            await self._task
        await self._courier.stop()
        await self.sockets.close()
        self._lookout.close()
        retired(self._worker)
        if self._leads:
            try:
                await asyncio.wrap_future(self._submit(Leave(FOLLOWER, self._worker)))
            except Unwritten:
                log.warning("the lead was not given back; its lease will run out")

    def committed(self, types: Iterable[str]) -> None:
        """Something of these types was written by this process."""
        if not self._woken and (self._live or TYPE in types):
            self._woken = True
            self._loop.call_soon_threadsafe(self._signal.set)

    def wake(self) -> None:
        self._signal.set()

    async def _run(self) -> None:
        while not self._stopping:
            self._woken = False
            self._signal.clear()
            mark = self._courier.mark
            try:
                there, subscribed = await asyncio.to_thread(self._turn)
                self._live = any(how.live for how in there.values())
                self._next_at = min((how.next_at for how in there.values() if how.next_at and how.live), default=None)
                if self._leads:
                    self._courier.turn(there, subscribed, mark)
                await self.sockets.tell(there, subscribed)
            except Exception as error:
                log.error("looking after Subscriptions failed", error=type(error).__name__)
            await asyncio.sleep(_BREATH)
            try:
                await asyncio.wait_for(self._signal.wait(), self._rest())
            except TimeoutError:
                continue

    def _rest(self) -> float:
        """Seconds to sleep: until the next attempt at a delivery is due, if that is sooner."""
        if self._next_at is None:
            return _LIVE if self._live else _IDLE
        return min(max(self._next_at - self._clock(), 0) / 1_000_000 + _BREATH, _LIVE)

    def _turn(self) -> _Turn:
        """Looks at what is new, when it is ours to look; how everything stands then."""
        with self._database.read() as connection:
            first = next_subscription(connection, self._lookout.seq if self._leads else 0)
            there = standings(connection)
        if first is None and not there:
            return {}, {}
        self._lead(first or 1)
        try:
            while self._leads and self._lookout.look() and not self._stopping:
                pass
        except Superseded:
            self._leads = False
        if self._leads:
            self._purge()
        with self._database.read() as connection:
            there = standings(connection)
            return there, self._lookout.known(connection, there)

    def _lead(self, first: int) -> None:
        now = self._clock()
        if now - self._renewed < _RENEW:
            return
        job = Lead(FOLLOWER, self._worker, first - 1, lambda other: is_dead(other, self._worker))
        seq: int | None = self._submit(job).result()
        if seq is not None and not self._leads:
            self._lookout.begin(seq)
        self._leads, self._renewed = seq is not None, now

    def _purge(self) -> None:
        now = self._clock()
        if now - self._purged < 3_600_000_000:
            return
        self._purged = now
        with self._database.read() as connection:
            keys = long_delivered(connection, now - _KEPT_DAYS * 86_400_000_000)
        if keys:
            self._submit(Purge(keys)).result()
