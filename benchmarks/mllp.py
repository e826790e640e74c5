"""ORU messages of 30 OBX over MLLP, validated, acknowledged after the durable commit; sender on the same machine."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapters.batch import Item
from adapters.sender import Answer, Sender, send_many
from benchmarks.messages import oru
from tests.e2e.server import Server
from tests.postgres_server import postgres

MESSAGES = 1200


def measure() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _run(f"sqlite:///{folder}/qiao.db", Path(folder), "sqlite")
    with postgres(durable="on") as server, tempfile.TemporaryDirectory() as folder:
        yield from _run(server.create("bench"), Path(folder), "postgresql")


def _run(url: str, folder: Path, name: str) -> Iterator[dict[str, Any]]:
    server = Server(url, folder)
    server.start()
    try:
        _send(server.mllp_port, range(1, 101), connections=4)
        first = 1000
        for connections in (1, 8):
            seconds, waits = _send(server.mllp_port, range(first, first + MESSAGES), connections=connections)
            first += MESSAGES
            yield {
                "what": f"ORU(30 OBX) over MLLP, {name}, {connections} connections",
                "messages_a_second": round(MESSAGES / seconds, 1),
                "p50_ms": round(statistics.median(waits) * 1000, 1),
                "p99_ms": round(statistics.quantiles(waits, n=100)[98] * 1000, 1),
                "target": 100,
            }
    finally:
        server.stop()


def _send(port: int, numbers: range, *, connections: int) -> tuple[float, list[float]]:
    sent: dict[str, float] = {}
    waits: list[float] = []

    def source() -> Iterator[Item]:
        for number in numbers:
            sent[str(number)] = time.perf_counter()
            yield Item(oru(number), str(number))

    def answered(item: Item, answer: Answer) -> None:
        assert answer.verdict == "AA", (answer.verdict, answer.text, answer.failure)
        waits.append(time.perf_counter() - sent[item.label])

    begun = time.perf_counter()
    asyncio.run(send_many(source(), lambda: Sender("127.0.0.1", port), answered, connections=connections, in_flight=8))
    return time.perf_counter() - begun, waits
