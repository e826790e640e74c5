"""Outcomes of other threads (the writer, the pool) come back to the event loop: those of one commit with one wake-up.

A wake-up costs a system call and a turn of the interpreter lock; forty requests may share a commit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")


class Landing(Generic[Outcome]):
    """For one event loop. What nobody waits for any more is passed over."""

    def __init__(self) -> None:
        self._arrived: deque[tuple[asyncio.Future[Outcome], Future[Outcome]]] = deque()
        self._called = False

    async def outcome(self, future: Future[Outcome]) -> Outcome:
        """What the future is going to hold; raises what it raises."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Outcome] = loop.create_future()

        def done(each: Future[Outcome]) -> None:
            # First put down, then look: `_land` takes back the call before it looks.
            self._arrived.append((waiter, each))
            if not self._called:
                self._called = True
                loop.call_soon_threadsafe(self._land)

        future.add_done_callback(done)
        return await waiter

    def _land(self) -> None:
        self._called = False
        while self._arrived:
            waiter, future = self._arrived.popleft()
            if waiter.cancelled():
                continue
            error = future.exception()
            if error is None:
                waiter.set_result(future.result())
            else:
                waiter.set_exception(error)
