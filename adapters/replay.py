"""Replays messages through the one pipeline: from files, or from the journal. Dry unless told to apply.

A replay from the journal is linked to its original and never overwrites it; what the message stated under older rules
gives way to what it states now. Messages are prepared one after the other and committed in groups.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from adapters import batch, pipeline
from adapters.collector import Collector
from adapters.incident import incident
from adapters.replayed import Tally
from adapters.site import SiteBook
from fhir_server.arrivals.arrival import Receipt
from fhir_server.intake import Intake
from fhir_server.security.scope import EVERYTHING
from fhir_server.store import journal
from fhir_server.store.database import Database

_WAITING = 256
"""Messages handed to the writer whose commit is not awaited yet."""


@dataclass(frozen=True, slots=True)
class Input:
    """One message to replay; `original` is its journal id when it comes from there, `site` overrides MSH-3/4."""

    raw: bytes
    label: str
    original: int | None = None
    site: str = ""
    received: int = 0


def from_journal(database: Database, wanted: journal.Wanted) -> Iterator[Input]:
    """The messages that match, in the order they were received; duplicates and replays are left out."""
    with database.read() as connection:
        numbers = [
            entry.id
            for entry in journal.find(connection, EVERYTHING, wanted)
            if entry.original is None and entry.status != "event"
        ]
    for number in numbers:
        with database.read() as connection:
            entry = journal.entry(connection, EVERYTHING, number)
        if entry is not None:
            site = entry.site if entry.site != "unregistered" else ""
            yield Input(entry.raw, f"journal:{number}", number, site, entry.received)


def from_files(items: Iterable[batch.Item], *, site: str = "") -> Iterator[Input]:
    return (Input(item.raw, item.label, None, site) for item in items)


def run(
    inputs: Iterable[Input],
    book: SiteBook,
    clock: Callable[[], int],
    *,
    intake: Intake | None = None,
    rate: float = 0,
    seen: Callable[[Input, str], None] = lambda _input, _verdict: None,
) -> Tally:
    """Replays everything; without an intake nothing is written. `rate` is messages a second, 0 for no limit."""
    tally = Tally()
    waiting: deque[Future[Receipt]] = deque()
    started, collector = time.monotonic(), Collector()
    for number, one in enumerate(inputs):
        collector.step()
        if rate:
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
        try:
            verdict = _replay(one, book, clock, intake, tally, waiting)
        except Exception as error:
            case = incident(error)
            tally.crash(f"{one.label}: {type(error).__name__} {case}")
            verdict = "!!"
            if intake is not None:
                kept = pipeline.broken(one.raw, book, "replay", case, one.original)
                waiting.append(intake.accept(kept.arrival, partial(_answer, kept, clock())))
        seen(one, verdict)
    while waiting:
        tally.receipt(waiting.popleft().result())
    return tally


def _replay(
    one: Input,
    book: SiteBook,
    clock: Callable[[], int],
    intake: Intake | None,
    tally: Tally,
    waiting: deque[Future[Receipt]],
) -> str:
    now = clock()
    prepared = pipeline.prepare(
        one.raw, book, now, channel="replay", site=one.site, original=one.original, received=one.received
    )
    arrival = prepared.arrival
    answer = partial(_answer, prepared, now)
    if intake is None:
        answer(Receipt(0, arrival.verdict, arrival.status, b"", arrival.issues, 0))
    else:
        waiting.append(intake.accept(arrival, answer))
        while len(waiting) > _WAITING:
            tally.receipt(waiting.popleft().result())
    types = [stated.resource["resourceType"] for stated in arrival.stated]
    tally.count(arrival.verdict, arrival.issues, arrival.unaccounted, types)
    return arrival.verdict


def _answer(prepared: pipeline.Prepared, now: int, receipt: Receipt) -> bytes:
    return pipeline.acknowledge(prepared, receipt, now, "zh")
