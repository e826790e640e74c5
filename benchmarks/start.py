"""Starting: `qiao --help`, `qiao serve` until ready, memory of the server after a day of messages."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e.demo import demo
from tests.e2e.memory import children, resident
from tests.e2e.server import Server


def measure() -> Iterator[dict[str, Any]]:
    script = Path(sys.executable).with_name("qiao")
    helps = []
    for _ in range(7):
        begun = time.perf_counter()
        subprocess.run([script, "--help"], check=True, capture_output=True)
        helps.append(time.perf_counter() - begun)
    yield {"what": "qiao --help", "seconds": round(statistics.median(helps), 3), "target": 0.3}
    readies = []
    with tempfile.TemporaryDirectory() as folder:
        server = Server(f"sqlite:///{folder}/qiao.db", Path(folder))
        for _ in range(5):
            server.start()
            readies.append(server.ready_seconds)
            server.stop()
        yield {"what": "qiao serve until ready", "seconds": round(statistics.median(readies), 3), "target": 2.0}
        yield from _memory(server)
        yield _demo()


def _demo() -> dict[str, Any]:
    """Sender, server and report in one process."""
    with demo() as pid:
        mebibytes = round(resident(pid), 1)
    return {"what": "resident memory of `qiao demo` after the day", "mib": mebibytes, "target": 150}


def _memory(server: Server) -> Iterator[dict[str, Any]]:
    """The day of the county sent to a server, then its resident set."""
    import asyncio

    from adapters.batch import Item
    from adapters.sender import Sender, send_many
    from examples.county.generate import day

    server.start()
    items = [Item(sent.raw, sent.label) for sent in day()]
    begun = time.perf_counter()
    counts = asyncio.run(send_many(items, lambda: Sender("127.0.0.1", server.mllp_port), lambda *_: None))
    seconds = time.perf_counter() - begun
    alone, helping = resident(server.pid), [resident(pid) for pid in children(server.pid)]
    server.stop()
    took = {"messages": sum(counts.values()), "seconds": round(seconds, 2)}
    yield {"what": "the county's day over one connection to `qiao serve`", **took}
    yield {
        "what": "resident memory of `qiao serve` and its translator after the day",
        "mib": round(alone + sum(helping), 1),
        "serve_mib": round(alone, 1),
        "translator_mib": [round(one, 1) for one in helping],
    }
