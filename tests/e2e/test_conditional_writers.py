"""Two server processes on one database, eight clients that create the same identities: exactly one resource each.

`QIAO_RACE=2000` runs it at the size of the promise; by default it is small.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.e2e.server import Server

SYSTEM = "http://example.cn/mrn"
WRITERS = 8
COUNT = int(os.environ.get("QIAO_RACE", "40"))


@pytest.fixture
def bases(database_url: str, tmp_path: Path) -> Iterator[list[str]]:
    with ExitStack() as opened:
        started = []
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            server = Server(database_url, folder)
            server.start()
            opened.callback(server.kill)
            started.append(f"{server.base}/fhir")
        yield started


def bundle(number: int) -> dict[str, object]:
    """A Patient that is made or found, and a result that refers to it."""
    urn = "urn:uuid:6f0c3b1e-0000-4000-8000-000000000001"
    result = {"resourceType": "Observation", "status": "final", "code": {"text": "K"}, "subject": {"reference": urn}}
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"request": {"method": "POST", "url": "Observation"}, "resource": result},
            {
                "fullUrl": urn,
                "request": {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|{number}"},
                "resource": {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": str(number)}]},
            },
        ],
    }


def write(base: str, writer: int) -> Counter[int]:
    """Every third write is a transaction; every writer begins at another number."""
    found: Counter[int] = Counter()
    with httpx.Client(base_url=base, timeout=120) as client:
        for step in range(COUNT):
            number = (step + writer) % COUNT if writer % 2 else step
            if number % 3 == 0:
                answer = client.post("/", json=bundle(number))
            else:
                body = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": str(number)}]}
                criteria = {"if-none-exist": f"identifier={SYSTEM}|{number}"}
                answer = client.post("/Patient", json=body, headers=criteria)
            found[answer.status_code] += 1
    return found


def test_eight_writers_on_two_servers_make_each_identity_once(bases: list[str]) -> None:
    started = time.perf_counter()
    with ThreadPoolExecutor(WRITERS) as pool:
        counted = sum(pool.map(write, [bases[n % 2] for n in range(WRITERS)], range(WRITERS)), Counter())
    seconds = time.perf_counter() - started
    print(f"\n{WRITERS * COUNT / seconds:.0f} conditional writes a second, {dict(counted)}")
    assert set(counted) <= {200, 201}
    assert counted.total() == WRITERS * COUNT
    with httpx.Client(base_url=bases[0], timeout=60) as client:
        assert client.get("/Patient?_summary=count").json()["total"] == COUNT
        for number in range(0, COUNT, max(1, COUNT // 20)):
            assert client.get(f"/Patient?identifier={SYSTEM}|{number}").json()["total"] == 1
        orphans = client.get("/Observation?subject:missing=true&_summary=count").json()
        assert orphans["total"] == 0
