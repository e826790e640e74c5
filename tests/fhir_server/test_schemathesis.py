"""schemathesis on the OpenAPI document: requests made from it, answers held against it. No 5xx, ever.

200 cases by default, on SQLite; `QIAO_SCHEMATHESIS=5000` (`make fuzz`) sends that many to each database.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fhir_server.security.secret import Secret
from fhir_server.settings import Settings
from tests.fhir_server.conftest import running
from tests.fhir_server.two_institutions import MINE, THEIRS

WHOLE = "QIAO_SCHEMATHESIS"
CASES = int(os.environ.get(WHOLE, "200"))
SLOWEST = 5.0
"""Seconds an answer may take."""
DOCUMENTS = ("openapi.json", "openapi.json?_type=Patient,Observation,Encounter,ValueSet,Subscription")
_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def filled(database_url: str) -> Iterator[str]:
    """The address of a server with some data."""
    if database_url.startswith("postgresql") and WHOLE not in os.environ:
        pytest.skip(f"only with {WHOLE}")
    free = Settings(database=database_url, cursor_key=Secret("k"), referential_integrity=False)
    with running(free) as address, httpx.Client(base_url=f"{address}/fhir", timeout=60) as client:
        for resource in (*MINE, *THEIRS):
            name = "example" if resource["id"] in ("a-p1", "a-o1", "a-enc", "a-vs", "a-cs", "a-sub") else resource["id"]
            at = f"/{resource['resourceType']}/{name}"
            assert client.put(at, json={**resource, "id": name}).is_success
        yield f"{address}/fhir"


@dataclass
class Seen:
    """How often each status was answered, and the slowest answers."""

    statuses: Counter[int] = field(default_factory=Counter)
    slow: list[tuple[float, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_case_of_the_document_is_answered_with_a_fault(filled: str, document: str) -> None:
    schema = schemathesis.openapi.from_dict(_shallow(httpx.get(f"{filled}/{document}", timeout=60).json()))
    schema.config.update(base_url=filled)
    found = [result.ok() for result in schema.get_all_operations()]
    each = max(1, CASES // len(DOCUMENTS) // len(found))
    extra = max(0, CASES // len(DOCUMENTS) - each * len(found)) if each > 1 else 0
    seen = Seen()
    left = CASES // len(DOCUMENTS)
    for place, operation in enumerate(found if each > 1 else found[:: max(1, len(found) // left)]):
        _sent(operation, each + (place < extra), seen)
    print(f"\n{document}: {sum(seen.statuses.values())} cases, {dict(sorted(seen.statuses.items()))}")
    assert seen.slow == []
    assert seen.failures == []
    assert sum(seen.statuses[status] for status in (200, 201, 202, 204)) > 0


def _shallow(document: dict[str, Any]) -> dict[str, Any]:
    """The document without the endless depth of extensions and contained resources, which generators drown in."""
    schemas = document["components"]["schemas"]
    text = {"$ref": "#/components/schemas/string"}
    schemas["Extension"] = {"type": "object", "required": ["url"], "properties": {"url": text, "valueString": text}}
    schemas["Element"] = {"type": "object", "properties": {"id": text}}
    for schema in schemas.values():
        if "contained" in schema.get("properties", {}):
            schema["properties"]["contained"] = {"type": "array", "items": {"type": "object"}, "maxItems": 1}
    return document


_JUNK = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)),
    *(st.just([]), st.just({}), st.just([{}]), st.just([None]), st.just({"resourceType": "Patient"})),
)


def _bent(body: Any, draw: st.DataObject) -> Any:
    """The body with one place, however deep, replaced or left out."""
    if not isinstance(body, dict | list) or not body or draw.draw(st.integers(0, 3)) == 0:
        return draw.draw(_JUNK)
    places = list(body) if isinstance(body, dict) else list(range(len(body)))
    place = draw.draw(st.sampled_from(places))
    changed = dict(body) if isinstance(body, dict) else list(body)
    if isinstance(changed, dict) and draw.draw(st.integers(0, 4)) == 0:
        del changed[place]
    else:
        changed[place] = _bent(body[place], draw)
    return changed


def _sent(operation: Any, cases: int, seen: Seen) -> None:
    # Wrong bodies are made from right ones here: the generator's own take minutes for a resource.
    modes = [GenerationMode.POSITIVE] if operation.body or cases == 1 else list(GenerationMode)
    strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        derandomize=WHOLE not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(case=st.one_of(*strategies), draw=st.data())
    def send(case: Any, draw: st.DataObject) -> None:
        if isinstance(case.body, dict) and draw.draw(st.booleans()):
            case.body = _bent(case.body, draw)
        started = time.perf_counter()
        answer = case.call(timeout=60)
        took = time.perf_counter() - started
        seen.statuses[answer.status_code] += 1
        if took > SLOWEST:
            seen.slow.append((took, case.as_curl_command()[:500]))
        case.validate_response(answer, checks=_CHECKS)

    try:
        send()
    except FailureGroup as failures:
        seen.failures += [f"{operation.label}: {each}" for each in failures.exceptions]
    except Unsatisfiable:  # nothing wrong can be made where everything is allowed
        return
