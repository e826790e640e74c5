"""What a read and a search cost when the store grows a hundredfold: the ratio of the medians, one client."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.rest import filled, loaded
from tests.e2e.server import Server
from tests.postgres_server import postgres

SMALL = 10_000
LARGE = int(os.environ.get("QIAO_BENCH_LARGE", "1000000"))
LOADS = ("read", "search", "name", "sort", "code")


def measure() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _grown(f"sqlite:///{folder}/qiao.db", "sqlite", folder)
        with postgres(durable="off") as server:
            yield from _grown(server.create("bench"), "postgresql", folder)


def _grown(url: str, name: str, folder: Path) -> Iterator[dict[str, Any]]:
    server = Server(url, folder)
    server.start()
    try:
        base = f"{server.base}/fhir"
        data, _ = filled(base, folder, 0, SMALL)
        small = {load: loaded(base, data, load, 1)["med"] for load in LOADS}
        data, imported = filled(base, folder, SMALL, LARGE)
        yield {"what": f"import up to {LARGE}, {name}", "resources_a_second": round(imported["resources"])}
        for load in LOADS:
            median = loaded(base, data, load, 1)["med"]
            ratio = round(median / small[load], 2)
            yield {"what": f"{load}, {name}", "ms": [small[load], median], "ratio": ratio, "target": 2}
    finally:
        server.stop()
