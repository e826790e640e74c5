"""Translation: bytes to validated statements with their ledger, on one core.

No message is translated twice: each has a patient, a visit and values of its own (`benchmarks.varied`), so that what a
house says again and again is remembered, and nothing else. The messages are made before the clock starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from adapters.collector import Collector
from adapters.pipeline import Prepared, prepare
from adapters.site import SiteBook, load
from benchmarks.clock import compare
from benchmarks.varied import admission, long_report, report

TARGETS = {"ORU^R01 of 30 OBX": 400, "the same with 30 NTE, 7.5 KB": 0, "ADT^A01": 3000}
_KINDS = (report, long_report, admission)
_BEFORE = 300
"""Messages of each kind before the clock starts: a server has seen its doctors, wards and tests."""
_ROUNDS, _A_ROUND = 9, 50


def _next(unseen: Iterator[bytes], book: SiteBook) -> Prepared:
    return prepare(next(unseen), book, 0, channel="bench")


def measure() -> Iterator[dict[str, Any]]:
    book = load()
    collector = Collector()
    calls: dict[str, tuple[Callable[[], object], int]] = {}
    for name, kind in zip(TARGETS, _KINDS, strict=True):
        for number in range(_BEFORE):
            prepared = prepare(kind(number), book, 0, channel="bench")
            assert prepared.arrival.verdict == "AA", prepared.arrival.issues
            collector.step()  # as the server does
        unseen = iter([kind(number) for number in range(_BEFORE, _BEFORE + _ROUNDS * _A_ROUND + 1)])
        calls[name] = partial(_next, unseen, book), _A_ROUND
    for name, seconds in compare(calls, _ROUNDS).items():
        yield {
            "what": f"bytes to validated Bundle with ledger, {name}",
            "us": round(seconds * 1e6),
            "messages_a_second": round(1 / seconds),
            "target": TARGETS[name],
        }
