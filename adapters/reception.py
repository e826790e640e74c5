"""The handler behind every listener and folder: frames into the pipeline, answers out after the commit.

Frames are prepared one after the other on a thread of their own and handed to the writer in that order, so that a
patient's messages stay in order and the event loop stays free. What is no frame is kept as an event of the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from hashlib import sha256
from typing import Literal

from adapters import batch, pipeline
from adapters.collector import Collector
from adapters.incident import incident
from adapters.listener import EventKind, Peer
from adapters.pipeline import Language, Prepared
from adapters.site import SiteBook
from fhir_server.arrival import Arrival, Receipt
from fhir_server.intake import Intake
from profiles.issue import Issue

Strangers = Literal["accept", "refuse"]
_SAMPLE = 4096
"""Bytes kept of what was not a frame."""


class Reception:
    """One per process and channel. `close` waits for what was handed in."""

    def __init__(
        self,
        book: SiteBook,
        intake: Intake,
        clock: Callable[[], int],
        *,
        channel: str = "mllp",
        language: Language = "zh",
        strangers: Strangers = "accept",
        limit: int = 16 * 1024 * 1024,
    ) -> None:
        self._book = book
        self._intake = intake
        self._clock = clock
        self._channel = channel
        self._language = language
        self._strangers = strangers
        self._limit = limit
        self._collector = Collector()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"qiao-{channel}")

    def close(self) -> None:
        self._thread.shutdown()

    def submit(self, raw: bytes, peer: Peer) -> Awaitable[bytes]:
        messages = batch.split(raw)
        if len(messages) == 1:
            return self._answer(self._thread.submit(self._enter, messages[0], peer))
        return self._batch([self._answer(self._thread.submit(self._enter, one, peer)) for one in messages])

    async def _batch(self, pending: list[Awaitable[bytes]]) -> bytes:
        """A batch in one frame gets a batch of answers in one frame, in its order (HL7 v2.5.1 2.10.3.3)."""
        answers = [await one for one in pending]
        return b"BHS|^~\\&\r" + b"".join(answers) + b"BTS|%d\r" % len(answers)

    def oversize(self, head: bytes, size: int, peer: Peer) -> Awaitable[bytes]:
        issue = Issue("frame-oversize", details={"limit": str(self._limit)})
        return self._answer(self._thread.submit(self._turn_away, head, issue))

    def timeout(self, partial: bytes, peer: Peer) -> Awaitable[bytes]:
        return self._answer(self._thread.submit(self._turn_away, partial, Issue("frame-timeout")))

    def event(self, kind: EventKind, sample: bytes, peer: Peer) -> None:
        if kind != "frame-oversize":  # the oversize frame itself is kept, with its answer
            self._thread.submit(self._note, kind, sample)

    async def _answer(self, entered: Future[Future[Receipt]]) -> bytes:
        stored = await asyncio.wrap_future(entered)
        return (await asyncio.wrap_future(stored)).answer

    def _enter(self, raw: bytes, peer: Peer) -> Future[Receipt]:
        now = self._clock()
        self._collector.step()
        try:
            prepared = pipeline.prepare(raw, self._book, now, channel=self._channel)
        except Exception as error:
            prepared = pipeline.broken(raw, self._book, self._channel, incident(error))
        if not self._welcome(prepared, peer):
            prepared = pipeline.turned_away(prepared, Issue("site-unknown", location="MSH-3"))
        return self._intake.accept(prepared.arrival, partial(self._acknowledge, prepared, now))

    def _welcome(self, prepared: Prepared, peer: Peer) -> bool:
        endpoint = prepared.endpoint
        if endpoint.code == self._book.default.code:
            return self._strangers == "accept"
        if not (endpoint.networks or endpoint.certificates):
            return True
        return any(endpoint.admits(peer.host, name) for name in (peer.names or (None,)))

    def _turn_away(self, raw: bytes, issue: Issue) -> Future[Receipt]:
        now = self._clock()
        arrival = self._kept(raw, issue, "AR")
        prepared = Prepared(arrival, self._book.default, "", None, None)
        return self._intake.accept(arrival, partial(self._acknowledge, prepared, now))

    def _note(self, kind: str, sample: bytes) -> None:
        arrival = self._kept(sample[:_SAMPLE], Issue(kind), "")
        self._intake.accept(arrival, lambda receipt: b"")

    def _kept(self, raw: bytes, issue: Issue, verdict: Literal["AR", ""]) -> Arrival:
        return Arrival(
            endpoint=self._channel,
            raw=raw,
            sha256=sha256(raw).digest(),
            verdict=verdict,
            status="unreadable" if verdict else "event",
            issues=(issue,),
        )

    def _acknowledge(self, prepared: Prepared, now: int, receipt: Receipt) -> bytes:
        return pipeline.acknowledge(prepared, receipt, now, self._language)
