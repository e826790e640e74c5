"""Every Bundle written is valid for an independent implementation as well, closes over its references, and the bytes'
character set makes no difference."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from adapters import pipeline
from adapters.pipeline import Prepared
from adapters.site import SiteBook, load
from examples.county.generate import day
from profiles.json_output import dump
from tests.conftest import SHARED

NOW = 1_792_600_000_000_000


@cache
def book() -> SiteBook:
    return load()


def prepared(raw: bytes) -> Prepared:
    return pipeline.prepare(raw, book(), NOW, channel="test")


@cache
def model(kind: str) -> Any:
    from fhir.resources.R4B import get_fhir_model_class

    return get_fhir_model_class(kind)


def complaints(one: Prepared) -> list[str]:
    """What `fhir.resources.R4B` says against the stored resources, and references that lead nowhere."""
    found: list[str] = []
    resources = [stated.resource for stated in one.arrival.stated]
    known = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
    for resource in resources:
        try:
            model(resource["resourceType"]).model_validate_json(dump(resource))
        except ValueError as error:
            found.append(f"{resource['resourceType']}: {str(error)[:200]}")
        found += [f"dangling {ref}" for ref in references(resource) if "/" in ref and ref not in known]
    return found


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "reference" and isinstance(child, str):
                yield child
            else:
                yield from references(child)
    elif isinstance(value, list):
        for child in value:
            yield from references(child)


def test_every_resource_of_the_day_is_valid_elsewhere_and_leads_nowhere_unknown() -> None:
    wrong = {sent.label: found for sent in day() if (found := complaints(prepared(sent.raw)))}
    assert wrong == {}


def test_every_message_of_the_day_is_answered_as_foreseen_and_accounted_for() -> None:
    found = [(sent, prepared(sent.raw).arrival) for sent in day()]
    assert [sent.label for sent, arrival in found if arrival.verdict != sent.answer] == []
    assert sum(arrival.unaccounted for _, arrival in found) == 0


def _lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SHARED / "corpus" / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.shared
@pytest.mark.slow
def test_foreign_messages_are_answered_accounted_for_and_valid() -> None:
    wrong: dict[str, list[str]] = {}
    for number, line in enumerate(_lines("messages.jsonl")):
        one = prepared(base64.b64decode(line["message"]))
        assert one.arrival.verdict in ("AA", "AE", "AR")
        assert one.arrival.unaccounted == 0
        if found := complaints(one):
            wrong[f"{number} {one.arrival.type}"] = found
    assert wrong == {}


@pytest.mark.shared
def test_a_chinese_shape_gives_the_same_bundle_from_both_of_its_encodings() -> None:
    shapes: dict[str, dict[str, bytes]] = {}
    for line in _lines("cn_dialects.jsonl"):
        shapes.setdefault(line["shape"], {})[line["encoding"]] = base64.b64decode(line["message"])
    assert len(shapes) == 15
    for shape, forms in shapes.items():
        bundles = [one.mapped.bundle if one.mapped else None for one in map(prepared, forms.values())]
        assert bundles[0] == bundles[1], shape
