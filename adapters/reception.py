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

from adapters import ack, batch, charset, pipeline
from adapters.collector import Collector
from adapters.incident import incident, recorded
from adapters.listener import EventKind, Peer
from adapters.pipeline import Language, Prepared
from adapters.site import SiteBook
from adapters.translators import Pending, Translators
from fhir_server.arrivals.arrival import Arrival, Receipt
from fhir_server.intake import Intake
from fhir_server.store.writer import Unwritten
from profiles.issue import Issue

Strangers = Literal["accept", "refuse"]
NOTHING_KEPT = "Q0"
"""MSH-10 of the answer to a message that could not even be journalled: whoever has it must keep it."""
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
        translators: Translators | None = None,
    ) -> None:
        self._book = book
        self._intake = intake
        self._clock = clock
        self._channel = channel
        self._language = language
        self._strangers = strangers
        self._limit = limit
        self._collector = Collector()
        self._translators = translators
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"qiao-{channel}")
        self._taken = self._entered = 0  # each is counted by one thread only
        intake.awaits(lambda: self._taken - self._entered)

    def close(self) -> None:
        self._thread.shutdown()
        if self._translators is not None:
            self._translators.close()

    def submit(self, raw: bytes, peer: Peer) -> Awaitable[bytes]:
        messages = batch.split(raw)
        if len(messages) == 1:
            return self._answer(self._take(messages[0], peer), raw)
        return self._batch([self._answer(self._take(one, peer), one) for one in messages])

    def _take(self, raw: bytes, peer: Peer) -> Future[Future[Receipt]]:
        """Begins the translation where it is done elsewhere; the one thread keeps the order."""
        now = self._clock()
        pending = self._translators.submit(raw, now) if self._translators is not None else None
        self._taken += 1
        return self._thread.submit(self._enter, raw, peer, now, pending)

    async def _batch(self, pending: list[Awaitable[bytes]]) -> bytes:
        """A batch in one frame gets a batch of answers in one frame, in its order (HL7 v2.5.1 2.10.3.3)."""
        answers = [answer for one in pending if (answer := await one)]
        if not answers:
            return b""
        return b"BHS|^~\\&\r" + b"".join(answers) + b"BTS|%d\r" % len(answers)

    def oversize(self, head: bytes, size: int, peer: Peer) -> Awaitable[bytes]:
        issue = Issue("frame-oversize", details={"limit": str(self._limit)})
        return self._answer(self._thread.submit(self._turn_away, head, issue), head)

    def timeout(self, partial: bytes, peer: Peer) -> Awaitable[bytes]:
        return self._answer(self._thread.submit(self._turn_away, partial, Issue("frame-timeout")), partial)

    def event(self, kind: EventKind, sample: bytes, peer: Peer) -> None:
        if kind != "frame-oversize":  # the oversize frame itself is kept, with its answer
            self._thread.submit(self._note, kind, sample)

    async def _answer(self, entered: Future[Future[Receipt]], raw: bytes) -> bytes:
        stored = await asyncio.wrap_future(entered)
        try:
            return (await asyncio.wrap_future(stored)).answer
        except Unwritten:
            return self._unavailable(raw)

    def _unavailable(self, raw: bytes) -> bytes:
        """Nothing was kept: AR, so that the sender keeps it and sends it again."""
        decoded = charset.decode(raw)
        text = ack.render(
            None,
            "AR",
            [Issue("store-unavailable")],
            raw_head=raw[:_SAMPLE],
            now=pipeline.hl7_time(self._clock(), self._book.default.site.offset),
            control_id=NOTHING_KEPT,
            application="QIAO",
            facility="",
            language=self._language,
        )
        return charset.encode(text, decoded.detected or "utf-8")

    def _enter(self, raw: bytes, peer: Peer, now: int, pending: Pending | None) -> Future[Receipt]:
        self._collector.step()
        try:
            prepared = self._prepared(raw, now, pending)
            if not self._welcome(prepared, peer):
                prepared = pipeline.turned_away(prepared, Issue("site-unknown", location="MSH-3"))
        finally:
            self._entered += 1
        return self._intake.accept(prepared.arrival, partial(self._acknowledge, prepared, now))

    def _prepared(self, raw: bytes, now: int, pending: Pending | None) -> Prepared:
        try:
            if self._translators is None or pending is None:
                return pipeline.prepare(raw, self._book, now, channel=self._channel)
            found = self._translators.result(pending, raw, now)
            if isinstance(found, Prepared):
                return found
            number = recorded(found.error, found.where)
        except Exception as error:
            number = incident(error)
        return pipeline.broken(raw, self._book, self._channel, number)

    def _welcome(self, prepared: Prepared, peer: Peer) -> bool:
        endpoint = prepared.endpoint
        if endpoint.code == self._book.default.code:
            return self._strangers == "accept"
        if not (endpoint.networks or endpoint.certificates) or peer.local:
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
