"""Memory: a replay that goes on and on, every message another patient, order and result: RSS must stay flat.

`make bench ARGS="stream --messages=1000000"` for the whole of it; 20,000 by default.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from adapters.collector import Collector
from adapters.pipeline import prepare
from adapters.site import load
from benchmarks.messages import adt, oru

MESSAGES = int(os.environ.get("BENCH_MESSAGES", "20000"))
GROWTH = 10
"""Percent that RSS may grow from a tenth of the messages to the last; what is remembered is full by then or bounded."""
_RESULTS = 3


def measure() -> Iterator[dict[str, Any]]:
    book, collector = load(), Collector()
    steps: list[int] = []
    start = time.process_time()
    for number, kind in zip(range(1, MESSAGES + 1), cycle((_adt, _oru))):
        prepare(kind(number), book, 0, channel="bench")
        collector.step()
        if number % max(MESSAGES // 10, 1) == 0:
            steps.append(_rss())
    spent, early, late = time.process_time() - start, steps[0], steps[-1]
    yield {
        "what": f"RSS over {MESSAGES} messages, ADT^A01 and ORU^R01 of {_RESULTS} OBX in turn, all different",
        "rss_mb_at_10_percent": round(early / 1024, 1),
        "rss_mb_at_100_percent": round(late / 1024, 1),
        "rss_mb_at_each_tenth": [round(step / 1024) for step in steps],
        "growth_percent": round((late - early) / early * 100, 1),
        "target_growth_percent": GROWTH,
        "messages_a_second": round(MESSAGES / spent),
    }


def _adt(number: int) -> bytes:
    """Another doctor, ward, name and telephone for each: what is remembered of them must not pile up."""
    text = adt(number).decode()
    text = (
        text.replace("0001^", f"D{number}^")
        .replace("测试患者", f"测试患者{number}")
        .replace("13800000000", str(number))
    )
    return text.encode()


def _oru(number: int) -> bytes:
    text = oru(number, _RESULTS).decode()
    return text.replace("0002^", f"T{number}^").replace("L01^", f"L{number}^").encode()


def _rss() -> int:
    """Resident memory of this process in KB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
