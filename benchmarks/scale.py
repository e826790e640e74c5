"""What a read and a search cost when the store grows a hundredfold: two servers, asked in turns, one client.

Each line of `ASKED` is sent to both in turns, with other patients each time. The ratio counts of the medians, or of the
least times where that is smaller (others work on the machine, too); where it is above the target, the line is measured
once more and the better of both stands. Ends with a table, and with an exit
code when a line stays above the target. `QIAO_BENCH_LARGE` sets the size of the large store; `QIAO_BENCH_STORES` names
two stores that were filled by an earlier run (`URL,URL`, the small one first) and are used as they are.
"""

from __future__ import annotations

import http.client
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.rest import SYSTEM, filled
from tests.e2e.server import Server
from tests.postgres_server import postgres

SMALL = 10_000
LARGE = int(os.environ.get("QIAO_BENCH_LARGE", "1000000"))
STORES = os.environ.get("QIAO_BENCH_STORES", "")
ROUNDS = 60
WARM = 10
"""Requests that are not counted: statements are made, and pages come into memory."""
TARGET = 2.0
_CODE = "http://loinc.org|2160-0"
ASKED: Mapping[str, str] = {
    "read": "Patient/p-{n}",
    "vread": "Patient/p-{n}/_history/1",
    "history": "Patient/p-{n}/_history",
    "history of a type": "Observation/_history?_count=10&_total=none",
    "identifier": f"Patient?identifier={SYSTEM}|{{n}}",
    "patient": "Observation?patient=p-{n}&_count=10",
    "patient, code": f"Observation?patient=p-{{n}}&code={_CODE}",
    "patient, newest first": "Observation?patient=p-{n}&_sort=-date&_count=10",
    "name, selective": "Patient?name=Family{n}&birthdate=ge1930&_count=1",
    "name, prefix of all": "Patient?name=Family",
    "date": "Observation?date=2026-03-05",
    "date, open": "Observation?date=ge2026-03-05",
    "code": f"Observation?code={_CODE}",
    "code, date": f"Observation?code={_CODE}&date=ge2026-03-01&date=lt2026-03-02",
    "code, date without hits": f"Observation?code={_CODE}&date=2026-03-05",
    "code, newest first": f"Observation?code={_CODE}&_sort=-date",
    "code, oldest first": f"Observation?code={_CODE}&_sort=date",
    "status": "Observation?status=final",
    "status, newest first": "Observation?status=final&_sort=-date",
    "type, newest first": "Observation?_sort=-date",
    "_lastUpdated": "Observation?_lastUpdated=gt2020",
    "_lastUpdated, sorted": "Observation?_lastUpdated=gt2020&_sort=-_lastUpdated",
    "_type, sorted": "?_type=Observation,Encounter&_sort=-_lastUpdated",
    "_has, frequent code": f"Patient?_has:Observation:patient:code={_CODE}",
    "chain, selective": f"Observation?patient.identifier={SYSTEM}|{{n}}",
    "chain, unselective": "Observation?patient.gender=female",
    "_include": "Observation?patient=p-{n}&_include=Observation:patient&_count=10",
    "_revinclude": "Patient?_id=p-{n}&_revinclude=Observation:patient",
    "compartment": "Patient/p-{n}/Observation",
    "$everything": "Patient/p-{n}/$everything",
    "$lastn": "Observation/$lastn?patient=p-{n}&max=1",
    "count of a type": "Observation?_summary=count",
    "count of a patient": "Observation?patient=p-{n}&_summary=count",
    "total of a patient": "Observation?patient=p-{n}&_count=5&_total=accurate",
}


def measure() -> Iterator[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for line in _compared_databases():
        lines += [line] if "ratio" in line else []
        yield line
    print(table(lines), file=sys.stderr)
    if any(_above(line) for line in lines):
        raise SystemExit(1)


def table(lines: list[dict[str, Any]]) -> str:
    """What was measured, one line a question and database."""
    rows = [f"{'':45}{'10k ms':>10}{'large ms':>10}{'least':>8}{'ratio':>8}"]
    for line in lines:
        (small, large), mark = line["ms"], " !" if _above(line) else ""
        rows.append(f"{line['what']:45}{small:>10}{large:>10}{line['ratio_of_least']:>8}{line['ratio']:>8}{mark}")
    return "\n".join(rows)


def _above(line: dict[str, Any]) -> bool:
    return min(line["ratio"], line["ratio_of_least"]) > TARGET


def _compared_databases() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if STORES:
            small, large = STORES.split(",")
            urls = {SMALL: small, LARGE: large}
            yield from compared(urlsplit(small).scheme, folder, lambda size: urls[size])
            return
        yield from compared("sqlite", folder, lambda size: f"sqlite:///{folder}/{size}.db")
        with postgres(durable="off") as server:
            yield from compared("postgresql", folder, lambda size: server.create(f"bench{size}"))


def compared(name: str, folder: Path, url: Callable[[int], str]) -> Iterator[dict[str, Any]]:
    """A line for each question, of a small and a large store of one database."""
    with ExitStack() as stack:
        clients: dict[int, _Client] = {}
        for size in (SMALL, LARGE):
            place = folder / f"{name}{size}"
            place.mkdir()
            server = Server(url(size), place)
            server.start()
            stack.callback(server.stop)
            if not STORES:
                imported = filled(f"{server.base}/fhir", place, 0, size)[1]
                yield {"what": f"import of {size}, {name}", "resources_a_second": round(imported["resources"])}
            clients[size] = _Client(server.base, size // 20)
        for what, address in ASKED.items():
            found = _ratio(clients, address)
            if _above(found):
                found = min(found, _ratio(clients, address), key=lambda one: one["ratio"])
            yield {"what": f"{what}, {name}", **found, "target": TARGET}


def _ratio(clients: dict[int, _Client], address: str) -> dict[str, Any]:
    times: dict[int, list[float]] = {size: [] for size in clients}
    draw = random.Random(address)
    for number in range(WARM + ROUNDS):
        for size, client in clients.items():
            taken = client.ask(address.replace("{n}", str(draw.randrange(client.patients))))
            if number >= WARM:
                times[size].append(taken * 1000)
    small, large = times[SMALL], times[LARGE]
    medians = [round(statistics.median(each), 2) for each in (small, large)]
    return {
        "ms": medians,
        "ratio": round(statistics.median(large) / statistics.median(small), 2),
        "ratio_of_least": round(min(large) / min(small), 2),
    }


class _Client:
    """One connection to one server."""

    def __init__(self, base: str, patients: int) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
        self.patients = patients

    def ask(self, address: str) -> float:
        """Seconds until the answer is read."""
        started = time.perf_counter()
        self._connection.request("GET", f"/fhir/{address}", headers={"Accept": "application/fhir+json"})
        answer = self._connection.getresponse()
        answer.read()
        taken = time.perf_counter() - started
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status}")
        return taken
