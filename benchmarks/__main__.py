"""`make bench`: runs the named measurements, or all, and prints JSON lines.

`--base-url=URL` puts the REST load on another FHIR server that is running; `--messages=N` says how many a `stream` is.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

NAMES = ("parse", "translate", "stream", "validate", "start", "mllp", "rest")
"""Those that `make bench` runs; `scale` takes half an hour and is asked for by name."""
_BASE, _MESSAGES = "--base-url=", "--messages="


def main() -> None:
    base = next((word.removeprefix(_BASE) for word in sys.argv[1:] if word.startswith(_BASE)), "")
    for word in sys.argv[1:]:
        if word.startswith(_MESSAGES):
            os.environ["BENCH_MESSAGES"] = word.removeprefix(_MESSAGES)
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    for name in ["rest"] if base else names or NAMES:
        module = importlib.import_module(f"benchmarks.{name}")
        started = time.perf_counter()
        for line in module.measure(base) if base else module.measure():
            print(json.dumps({"bench": name, **line}, ensure_ascii=False), flush=True)
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)


main()
