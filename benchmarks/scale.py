"""What a read and a search cost when the store grows a hundredfold: two servers, asked in turns, one client.

The ratio of the medians counts. `QIAO_BENCH_LARGE` sets the size of the large store.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.rest import filled, loaded
from tests.e2e.server import Server
from tests.postgres_server import postgres

SMALL = 10_000
LARGE = int(os.environ.get("QIAO_BENCH_LARGE", "1000000"))
LOADS = ("read", "search", "name", "sort", "code")
ROUNDS = 3


def measure() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from compared("sqlite", folder, lambda size: f"sqlite:///{folder}/{size}.db")
        with postgres(durable="off") as server:
            yield from compared("postgresql", folder, lambda size: server.create(f"bench{size}"))


def compared(name: str, folder: Path, url: Callable[[int], str]) -> Iterator[dict[str, Any]]:
    servers: dict[int, tuple[Server, Path]] = {}
    for size in (SMALL, LARGE):
        place = folder / f"{name}{size}"
        place.mkdir()
        server = Server(url(size), place)
        server.start()
        data, imported = filled(f"{server.base}/fhir", place, 0, size)
        servers[size] = (server, data)
        yield {"what": f"import of {size}, {name}", "resources_a_second": round(imported["resources"])}
    try:
        for load in LOADS:
            found: dict[int, list[float]] = {SMALL: [], LARGE: []}
            for _ in range(ROUNDS):
                for size, (server, data) in servers.items():
                    found[size].append(loaded(f"{server.base}/fhir", data, load, 1)["med"])
            small, large = statistics.median(found[SMALL]), statistics.median(found[LARGE])
            yield {"what": f"{load}, {name}", "ms": [small, large], "ratio": round(large / small, 2), "target": 2}
    finally:
        for server, _ in servers.values():
            server.stop()
