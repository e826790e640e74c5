"""Translation: bytes to validated statements with their ledger, on one core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from adapters.collector import Collector
from adapters.pipeline import prepare
from adapters.site import load
from benchmarks.clock import compare
from benchmarks.messages import adt, long_oru, oru

TARGETS = {"ORU^R01 of 30 OBX": 400, "the same with 30 NTE, 7.5 KB": 0, "ADT^A01": 3000}

_DIFFERENT = 100
"""Messages of each kind, of as many patients, orders and visits: one alone would measure what is remembered of it."""


def _several(kind: Callable[[int], bytes]) -> Iterator[bytes]:
    return cycle([kind(number) for number in range(1, _DIFFERENT + 1)])


def measure() -> Iterator[dict[str, Any]]:
    book = load()
    inputs = dict(zip(TARGETS, (_several(oru), _several(long_oru), _several(adt)), strict=True))
    collector = Collector()
    for _ in range(50):
        prepare(oru(), book, 0, channel="bench")
        collector.step()  # as the server does
    for several in inputs.values():
        for _ in range(_DIFFERENT):
            prepared = prepare(next(several), book, 0, channel="bench")
            assert prepared.arrival.verdict == "AA", prepared.arrival.issues
    calls = {
        name: (lambda several=several: prepare(next(several), book, 0, channel="bench"), 50)
        for name, several in inputs.items()
    }
    for name, seconds in compare(calls).items():
        yield {
            "what": f"bytes to validated Bundle with ledger, {name}",
            "us": round(seconds * 1e6),
            "messages_a_second": round(1 / seconds),
            "target": TARGETS[name],
        }
