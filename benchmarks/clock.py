"""Timing in seconds of CPU: several rounds, the median counts; competitors take turns so that a busy machine slows them
alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping


def compare(calls: Mapping[str, tuple[Callable[[], object], int]], rounds: int = 7) -> dict[str, float]:
    """Median seconds a call by name; each value is (function, calls a round)."""
    for function, _ in calls.values():
        function()
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, (function, count) in calls.items():
            start = time.process_time()
            for _ in range(count):
                function()
            samples[name].append((time.process_time() - start) / count)
    return {name: statistics.median(found) for name, found in samples.items()}
