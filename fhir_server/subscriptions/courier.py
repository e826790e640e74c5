"""Delivers to rest-hooks: in order, one call at a time for each Subscription, again after a failure, at least once.

R4: POST without a body when there is no payload, else PUT of the resource to `[endpoint]/[type]/[id]`. With a topic:
POST of a notification Bundle. Only addresses the operator has listed are called; redirects are not followed, the
answer's body is not looked at. After the last attempt the Subscription is in error and says so; asking for it again
(`status: requested`) goes on behind what was delivered.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fhir_server.jobs.desk import Submit
from fhir_server.log import log
from fhir_server.store.database import Database
from fhir_server.subscriptions.address import allowed
from fhir_server.subscriptions.ledger import Event, Failed, Standing, Status, Told, body_of, events
from fhir_server.subscriptions.notification import Happened, Kind, bundle
from fhir_server.subscriptions.subscription import FHIR_JSON, Subscribed

ATTEMPTS = 12
"""Calls for one notification before the Subscription is in error: half an hour with the pauses below."""
_FIRST, _LONGEST = 0.5, 900.0
_TIMEOUT = 10.0
_MOST = 50


def pause(attempts: int) -> float:
    """Seconds until the next attempt: doubled each time, and never the same for all."""
    return float(min(_FIRST * 2**attempts, _LONGEST) * random.uniform(0.75, 1.25))  # noqa: S311 - no secret


class Courier:
    """Belongs to the event loop of the process that leads."""

    def __init__(
        self, database: Database, submit: Submit, clock: Callable[[], int], base: str, endpoints: Sequence[str]
    ) -> None:
        self._database, self._submit, self._clock = database, submit, clock
        self._base, self._endpoints = base, endpoints
        self._client: Any = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends = 0
        self._ended_at: dict[str, int] = {}
        self.settled: Callable[[], None] = lambda: None

    @property
    def mark(self) -> int:
        """How many deliveries have ended. Taken before the standings are read, it tells which of them are stale."""
        return self._ends

    def turn(self, there: dict[str, Standing], subscribed: dict[str, Subscribed], mark: int) -> None:
        """Starts what is due and is not under way; what ended after `mark` was read before it ended, and waits."""
        now = self._clock()
        for name, how in there.items():
            one = subscribed.get(name)
            if (
                name in self._tasks
                or self._ended_at.get(name, 0) > mark
                or (how.next_at or 0) > now
                or how.state in ("off", "error")
            ):
                continue
            if self._due(how, one, now):
                task = asyncio.create_task(self._settle(how, one))
                self._tasks[name] = task
                task.add_done_callback(partial(self._ended, name))

    def _ended(self, name: str, _task: asyncio.Task[None]) -> None:
        self._tasks.pop(name, None)
        self._ends += 1
        self._ended_at[name] = self._ends
        self.settled()

    def _due(self, how: Standing, one: Subscribed | None, now: int) -> bool:
        if how.state == "requested" or one is None or (one.end is not None and one.end < now):
            return True
        beat = one.topic is not None and one.heartbeat and now - how.last_at >= one.heartbeat * 1_000_000
        return how.sent < how.event or (one.channel == "rest-hook" and bool(beat))

    async def stop(self) -> None:
        """What is under way may end; what was not delivered is delivered by whoever leads next."""
        for task in list(self._tasks.values()):
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _settle(self, how: Standing, one: Subscribed | None) -> None:
        try:
            if one is None:
                await self._done(Status(how.id, "error", "The Subscription is not one this server can carry out"))
            elif one.end is not None and one.end < self._clock():
                await self._done(Status(how.id, "off"))
            elif how.state == "requested":
                await self._activate(how, one)
            elif one.channel == "websocket":
                # Told to whoever listens (`sockets.py`); there is nobody to wait for.
                await self._done(Told(how.id, how.event))
            else:
                await self._deliver(how, one)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("a notification failed", subscription=how.id, error=type(error).__name__)
            await self._failed(how, f"internal error ({type(error).__name__})")

    async def _done(self, job: Any) -> None:
        await asyncio.wrap_future(self._submit(job))

    async def _activate(self, how: Standing, one: Subscribed) -> None:
        """A topic-based rest-hook must answer a handshake first."""
        if one.topic is not None and one.channel == "rest-hook":
            failure = await self._bundle(how, one, "handshake", ())
            if failure:
                await self._failed(how, failure)
                return
        await self._done(Status(how.id, "active"))

    async def _deliver(self, how: Standing, one: Subscribed) -> None:
        sent = how.sent
        most = min(one.most, _MOST) if one.topic is not None else 1
        while sent < how.event:
            happened = await asyncio.to_thread(self._happened, one, sent + 1, how.event, most)
            if not happened:
                await self._done(Told(how.id, how.event))
                return
            failure = await self._notify(how, one, happened)
            if failure:
                await self._failed(how, failure)
                return
            sent = happened[-1].event.event
            await self._done(Told(how.id, sent))
        if how.sent == how.event:
            failure = await self._bundle(how, one, "heartbeat", ())
            await (self._failed(how, failure) if failure else self._done(Told(how.id, sent)))

    def _happened(self, one: Subscribed, first: int, last: int, most: int) -> list[Happened]:
        whole = one.content == "full-resource"
        with self._database.read() as connection:
            found = events(connection, one.id, first, last, most)
            return [Happened(event, body_of(connection, event) if whole else b"") for event in found]

    async def _notify(self, how: Standing, one: Subscribed, happened: list[Happened]) -> str:
        if one.topic is not None:
            # Of an event that is told, no more have happened yet.
            return await self._bundle(how, one, "event-notification", happened)
        event, body = happened[0].event, happened[0].body
        if one.content == "empty":
            return await self._call("POST", one, one.endpoint, b"", "")
        return await self._call("PUT", one, _placed(one.endpoint, event), body, one.payload)

    async def _bundle(self, how: Standing, one: Subscribed, kind: Kind, happened: Sequence[Happened]) -> str:
        text = bundle(self._base, one, how, kind, self._clock(), happened)
        return await self._call("POST", one, one.endpoint, text, FHIR_JSON)

    async def _call(self, method: str, one: Subscribed, url: str, body: bytes, media_type: str) -> str:
        """'' when the other side took it, else what went wrong, without its words."""
        import httpx

        if not allowed(url, self._endpoints):
            return "the endpoint is not among those the server may call"
        if self._client is None:
            self._client = httpx.AsyncClient(follow_redirects=False, trust_env=False, headers={"user-agent": "Qiao"})
        headers = list(one.headers) + ([("content-type", media_type)] if media_type else [])
        seconds = min(one.timeout or _TIMEOUT, 60.0)
        try:
            async with (
                asyncio.timeout(seconds),
                self._client.stream(method, url, content=body, headers=headers, timeout=seconds) as answer,
            ):
                code: int = answer.status_code
        except (httpx.HTTPError, TimeoutError, OSError) as error:
            return f"the endpoint cannot be reached ({type(error).__name__})"
        return "" if 200 <= code < 300 else f"the endpoint answered {code}"

    async def _failed(self, how: Standing, why: str) -> None:
        attempts = how.attempts + 1
        log.warning("a notification was not delivered", subscription=how.id, attempts=attempts, why=why)
        if attempts >= ATTEMPTS:
            await self._done(Status(how.id, "error", f"Given up after {attempts} attempts: {why}"))
        else:
            due = self._clock() + int(pause(attempts) * 1_000_000)
            await self._done(Failed(how.id, attempts, due))


def _placed(endpoint: str, event: Event) -> str:
    """The address of the resource below the endpoint; a query stays behind it."""
    path, mark, query = endpoint.partition("?")
    return f"{path.rstrip('/')}/{event.type}/{event.id}{mark}{query}"
