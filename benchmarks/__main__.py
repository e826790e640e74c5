"""`make bench`: runs the named measurements, or all, and prints JSON lines."""

from __future__ import annotations

import importlib
import json
import sys
import time

NAMES = ("parse", "translate", "start", "mllp")


def main() -> None:
    for name in sys.argv[1:] or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        started = time.perf_counter()
        for line in module.measure():
            print(json.dumps({"bench": name, **line}, ensure_ascii=False), flush=True)
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)


main()
