"""Translation: bytes to validated statements with their ledger, on one core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.collector import Collector
from adapters.pipeline import prepare
from adapters.site import load
from benchmarks.clock import compare
from benchmarks.messages import adt, long_oru, oru

TARGETS = {"ORU^R01 of 30 OBX": 400, "the same with 30 NTE, 7.5 KB": 0, "ADT^A01": 3000}


def measure() -> Iterator[dict[str, Any]]:
    book = load()
    inputs = dict(zip(TARGETS, (oru(), long_oru(), adt()), strict=True))
    collector = Collector()
    for _ in range(50):
        prepare(oru(), book, 0, channel="bench")
        collector.step()  # as the server does
    for raw in inputs.values():
        prepared = prepare(raw, book, 0, channel="bench")
        assert prepared.arrival.verdict == "AA", prepared.arrival.issues
    calls = {name: (lambda raw=raw: prepare(raw, book, 0, channel="bench"), 50) for name, raw in inputs.items()}
    for name, seconds in compare(calls).items():
        yield {
            "what": f"bytes to validated Bundle with ledger, {name}",
            "us": round(seconds * 1e6),
            "messages_a_second": round(1 / seconds),
            "target": TARGETS[name],
        }
