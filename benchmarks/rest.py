"""FHIR REST under load: imports, creates, reads and searches, with 100,000 resources in the store (k6 beside it).

`python -m benchmarks rest` measures `qiao serve` on both databases; `--base-url URL` puts the same load on any other
FHIR server that is running (its store should be empty). `QIAO_BENCH_RESOURCES` sets how many resources are loaded
first, `QIAO_BENCH_SECONDS` how long each load lasts, `QIAO_BENCH_CLIENTS` how many clients there are at once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.e2e.server import Server
from tests.postgres_server import postgres

SYSTEM = "urn:oid:2.16.156.10011.1.3"
RESOURCES = int(os.environ.get("QIAO_BENCH_RESOURCES", "100000"))
SECONDS = int(os.environ.get("QIAO_BENCH_SECONDS", "15"))
CLIENTS = int(os.environ.get("QIAO_BENCH_CLIENTS", "16"))
TARGETS = {
    "postgresql": {"import": 3000, "create": 1500, "read": 2500, "search": 800},
    "sqlite": {"create": 800},
}
LOADS = ("create", "read", "search", "name", "sort", "code", "update")
K6 = Path(sys.executable).with_name("k6")


def measure(base_url: str = "") -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if base_url:
            yield from _loads(base_url.rstrip("/"), "other", folder)
            return
        yield from _served(f"sqlite:///{folder}/qiao.db", "sqlite", folder)
        with postgres(durable="on") as server:
            yield from _served(server.create("bench"), "postgresql", folder)


def _served(url: str, name: str, folder: Path) -> Iterator[dict[str, Any]]:
    server = Server(url, folder)
    server.start()
    try:
        yield from _loads(f"{server.base}/fhir", name, folder)
    finally:
        server.stop()


def _loads(base: str, name: str, folder: Path) -> Iterator[dict[str, Any]]:
    targets = TARGETS.get(name, {})
    data, found = filled(base, folder, 0, RESOURCES)
    yield _line(name, "import", found, found["resources"], "resources_a_second", targets)
    for load in LOADS:
        found = loaded(base, data, load, CLIENTS)
        yield _line(name, load, found, found["rate"], "a_second", targets)


def filled(base: str, folder: Path, first: int, resources: int) -> tuple[Path, dict[str, float]]:
    """Imports patients from number `first` on until there are so many resources; the data file for `loaded`."""
    bundle = _bundle()
    size = len(bundle["entry"])
    patients = max(1, resources // size)
    data = folder / "data.json"
    data.write_text(json.dumps(_data(bundle, patients), ensure_ascii=False))
    found = _k6(base, data, "import", VUS=CLIENTS // 2, COUNT=patients - first // size, FIRST=first // size)
    return data, found | {"resources": found["rate"] * size}


def loaded(base: str, data: Path, load: str, clients: int) -> dict[str, float]:
    """Requests a second and milliseconds of one load."""
    return _k6(base, data, load, VUS=clients, SECONDS=SECONDS, FIRST=time.time_ns() // 1000)


def _line(
    name: str, load: str, found: dict[str, float], rate: float, unit: str, targets: dict[str, int]
) -> dict[str, Any]:
    line = {"what": f"{load}, {name}", unit: round(rate, 1), "p50_ms": found["med"], "p99_ms": found["p(99)"]}
    return line | ({"target": targets[load]} if load in targets else {})


def _k6(base: str, data: Path, load: str, **settings: int) -> dict[str, float]:
    """Requests a second and milliseconds; raises when an answer was not 2xx."""
    summary = data.with_name("summary.json")
    environment = {"BASE": base, "DATA": str(data), "SCENARIO": load, **{k: str(v) for k, v in settings.items()}}
    command = [str(K6), "run", "--quiet", "--no-usage-report", "--summary-export", str(summary)]
    command += [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
    command.append(str(Path(__file__).with_suffix(".js")))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"k6 failed: {done.stderr[-2000:]}")
    metrics = json.loads(summary.read_text())["metrics"]
    if metrics["checks"].get("fails", 0):
        raise RuntimeError(f"{load}: {metrics['checks']['fails']} answers were not 2xx")
    times = metrics["http_req_duration"]
    return {"rate": metrics["http_reqs"]["rate"], "med": round(times["med"], 2), "p(99)": round(times["p(99)"], 2)}


# ------------------------------------------------------------------------------------- what is sent


def _data(bundle: dict[str, Any], patients: int) -> dict[str, Any]:
    observation = _observation("Patient/p-0", 7)
    patient = _patient() | {"id": "p-@@"}
    return {
        "patients": patients,
        "system": SYSTEM,
        "patient": "Patient/p-",
        "read": "Patient/p-",
        "created": "Observation",
        "bundle": json.dumps(bundle, ensure_ascii=False),
        "create": json.dumps(observation | {"identifier": [{"system": SYSTEM, "value": "o-@@"}]}),
        "update": json.dumps(patient | {"telecom": [{"system": "phone", "value": "##"}]}, ensure_ascii=False),
    }


def _bundle() -> dict[str, Any]:
    """One patient and what hangs on it: a visit, an order, its report and sixteen results, in one transaction."""
    subject = "Patient/p-@@"
    made: list[dict[str, Any]] = [_encounter(subject), _order(subject)]
    made += [_observation(subject, number) for number in range(16)]
    urls = [f"urn:uuid:00000000-0000-4000-8000-{number:012d}" for number in range(len(made) + 1)]
    report = _report(subject, urls[2 : len(made)], urls[1])
    first: dict[str, Any] = {"resource": _patient() | {"id": "p-@@"}}
    first["request"] = {"method": "PUT", "url": "Patient/p-@@"}
    entries = [first]
    for url, resource in zip(urls, [*made, report], strict=True):
        request = {"method": "POST", "url": resource["resourceType"]}
        entries.append({"fullUrl": url, "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": "@@"}],
        "active": True,
        "name": [{"text": "张@@", "family": "Family@@", "given": ["Given"]}],
        "gender": "female",
        "birthDate": "1962-03-04",
        "address": [{"text": "青禾县城关镇", "city": "青禾县", "postalCode": "000000"}],
    }


def _encounter(subject: str) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "identifier": [{"system": f"{SYSTEM}.1", "value": "e-@@"}],
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": subject},
        "period": {"start": "2026-03-01T08:00:00+08:00", "end": "2026-03-01T09:30:00+08:00"},
    }


def _order(subject: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": f"{SYSTEM}.2", "value": "r-@@"}],
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": "http://loinc.org", "code": "24323-8"}]},
        "subject": {"reference": subject},
        "authoredOn": "2026-03-01T08:10:00+08:00",
    }


CODES = ("2160-0", "2345-7", "718-7", "6690-2", "777-3", "2951-2", "2823-3", "1742-6")


def _observation(subject: str, number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": CODES[number % len(CODES)]}],
            "text": f"项目{number}",
        },
        "subject": {"reference": subject},
        "effectiveDateTime": f"2026-03-{1 + number:02d}T08:30:00+08:00",
        "valueQuantity": {
            "value": 60 + number,
            "unit": "umol/L",
            "system": "http://unitsofmeasure.org",
            "code": "umol/L",
        },
        "referenceRange": [{"low": {"value": 41}, "high": {"value": 111}}],
    }


def _report(subject: str, results: list[str], order: str) -> dict[str, Any]:
    return {
        "resourceType": "DiagnosticReport",
        "identifier": [{"system": f"{SYSTEM}.3", "value": "d-@@"}],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "24323-8"}]},
        "subject": {"reference": subject},
        "basedOn": [{"reference": order}],
        "effectiveDateTime": "2026-03-01T08:30:00+08:00",
        "result": [{"reference": url} for url in results],
    }
