"""Validation: our own profiles (parse included), a Bundle beside fhir.resources in the same run, and a large Bundle."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.clock import compare

Json = dict[str, Any]
EXAMPLES = Path(__file__).parents[1] / "profiles" / "package" / "example"
PROFILED = (
    ("Observation", "Observation-result-potassium.json", 2000),
    ("DiagnosticReport", "DiagnosticReport-report-lab.json", 1000),
)


def measure() -> Iterator[Json]:
    yield from map(_profiled, *zip(*PROFILED, strict=True))
    yield _beside_fhir_resources()
    yield _large()


def _checked(raw: bytes) -> Callable[[], object]:
    from profiles.json_input import parse
    from profiles.validator import validate

    def call() -> object:
        resource, _ = parse(raw, limit=1 << 26)
        assert resource is not None
        issues = validate(resource)
        assert not any(issue.refuses for issue in issues), issues
        return issues

    return call


def _profiled(kind: str, name: str, target: int) -> Json:
    raw = (EXAMPLES / name).read_bytes()
    seconds = compare({"qiao": (_checked(raw), 200)})["qiao"]
    return {
        "what": f"parse and validate, {kind} against our profile",
        "bytes": len(raw),
        "us": round(seconds * 1e6, 1),
        "per_second": round(1 / seconds),
        "target_per_second": target,
    }


def _observation(number: int) -> Json:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}], "text": "钾"},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2026-10-21T09:00:00+08:00",
        "valueQuantity": {
            "value": 4 + number % 10 / 10,
            "unit": "mmol/L",
            "system": "http://unitsofmeasure.org",
            "code": "mmol/L",
        },
        "referenceRange": [{"low": {"value": 3.5, "unit": "mmol/L"}, "high": {"value": 5.5, "unit": "mmol/L"}}],
    }


def bundle(entries: int) -> bytes:
    """A collection of results as JSON."""
    base = "https://example.org/fhir/Observation/o"
    listed = [{"fullUrl": f"{base}{number}", "resource": _observation(number)} for number in range(entries)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": listed}, ensure_ascii=False).encode()


def _beside_fhir_resources() -> Json:
    from fhir.resources.R4B.bundle import Bundle

    raw = bundle(20)
    times = compare({"qiao": (_checked(raw), 50), "theirs": (lambda: Bundle.model_validate_json(raw), 2)})
    return {
        "what": "parse and validate, Bundle of 20 entries",
        "bytes": len(raw),
        "qiao_us": round(times["qiao"] * 1e6),
        "fhir_resources_us": round(times["theirs"] * 1e6),
        "ratio": round(times["theirs"] / times["qiao"], 1),
        "target_ratio": 20,
    }


def _large() -> Json:
    times = compare({"1000": (_checked(bundle(1000)), 1), "10000": (_checked(bundle(10_000)), 1)}, rounds=3)
    return {
        "what": "parse and validate, Bundle of 10,000 entries beside 1,000",
        "ms_1000": round(times["1000"] * 1e3),
        "ms_10000": round(times["10000"] * 1e3),
        "ratio": round(times["10000"] / times["1000"], 1),
        "target_ratio_most": 12,
    }
