"""Validation: our own profiles, a Bundle beside fhir.resources in the same run, and a large Bundle.

fhir.resources checks structure: elements, cardinality, types, the forms of values, one of a choice. So does
`validate(…, depth="structure")`, of every entry; that is the comparison of equal depth, with the resource in memory on
both sides. The whole check (bindings, invariants, references, codes, profiles too) stands beside it under its own name.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
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
    yield from _in_memory()
    yield from _beside_fhir_resources()
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


_VALIDATED = (
    ("Observation against R4 only", "Observation-result-potassium.json", False),
    ("Observation against our profile", "Observation-result-potassium.json", True),
    ("DiagnosticReport against our profile", "DiagnosticReport-report-lab.json", True),
    ("Patient against our profile", "Patient-patient.json", True),
)


def _in_memory() -> Iterator[Json]:
    """Resources that are in memory, as the translation has them."""
    from profiles.validator import validate

    calls: dict[str, tuple[Callable[[], object], int]] = {}
    for name, file, profiled in _VALIDATED:
        resource = json.loads((EXAMPLES / file).read_bytes(), parse_float=Decimal)
        if not profiled:
            del resource["meta"]
        calls[name] = partial(validate, resource), 200
    for name, seconds in compare(calls).items():
        yield {"what": f"validate, {name}", "us": round(seconds * 1e6, 1)}


def _beside_fhir_resources() -> Iterator[Json]:
    from fhir.resources.R4B.bundle import Bundle

    from profiles.json_input import parse
    from profiles.validator import validate

    raw = bundle(20)
    resource, _ = parse(raw, limit=1 << 26)
    assert resource is not None
    assert not validate(resource, depth="structure")
    assert validate({**resource, "entry": [{"resource": {**_observation(0), "status": 1}}]}, depth="structure")

    def parsed() -> object:
        return validate(parse(raw, limit=1 << 26)[0] or {}, depth="structure")

    times = compare(
        {
            "structure": (lambda: validate(resource, depth="structure"), 50),
            "theirs": (lambda: Bundle.model_validate(resource), 2),
            "parse_structure": (parsed, 50),
            "parse_theirs": (lambda: Bundle.model_validate_json(raw), 2),
            "whole": (lambda: validate(resource), 50),
            "parse_whole": (_checked(raw), 50),
        }
    )
    for what, ours, theirs, target in (
        ("in memory, equal depth (structure)", "structure", "theirs", {"target_ratio": 20}),
        ("parse included, equal depth (structure)", "parse_structure", "parse_theirs", {}),
        ("in memory, our whole check beside their structure", "whole", "theirs", {}),
        ("parse included, our whole check beside their structure", "parse_whole", "parse_theirs", {}),
    ):
        yield {
            "what": f"Bundle of 20 entries, {what}",
            "bytes": len(raw),
            "qiao_us": round(times[ours] * 1e6),
            "fhir_resources_us": round(times[theirs] * 1e6),
            "ratio": round(times[theirs] / times[ours], 1),
            **target,
        }


def _large() -> Json:
    """With the garbage collector as the server sets it (`fhir_server.serving`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(30_000, 20, 50)
    times = compare({"1000": (_checked(bundle(1000)), 1), "10000": (_checked(bundle(10_000)), 1)}, rounds=3)
    return {
        "what": "parse and validate, Bundle of 10,000 entries beside 1,000",
        "ms_1000": round(times["1000"] * 1e3),
        "ms_10000": round(times["10000"] * 1e3),
        "ratio": round(times["10000"] / times["1000"], 1),
        "target_ratio_most": 12,
    }
