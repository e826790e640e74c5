"""Messages that nobody here wrote: orders, results, documents, appointments and referrals of other people's systems."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from zlib import crc32

import orjson
import pytest

from adapters.charset import decode
from adapters.er7 import parse
from mappers import Message
from mappers.profile import declared
from profiles.validator import validate
from tests.conftest import SHARED
from tests.mappers.orders_sample import LAB
from tests.mappers.sample import dangling, translate

KINDS = ("ORM", "OMG", "OML", "OMI", "ORU", "OUL", "MDM", "SIU", "REF", "RRI")
pytestmark = pytest.mark.shared


def corpus() -> Iterator[Message]:
    for name in ("messages.jsonl", "cn_dialects.jsonl"):
        with (SHARED / "corpus" / name).open(encoding="utf-8") as lines:
            for line in lines:
                text = decode(base64.b64decode(json.loads(line)["message"])).text
                message = parse(text).message
                if message is not None and message.code in KINDS:
                    yield message


def test_every_value_is_accounted_for_every_resource_valid_and_every_reference_resolves() -> None:
    count = 0
    for message in corpus():
        done = translate(message, LAB)
        count += 1
        assert done.ledger.unaccounted(message) == []
        assert dangling(done) == set()
        for one in () if done.refused else done.statements:
            assert [issue for issue in validate(declared(one.resource)) if issue.refuses] == []
    assert count > 700


def test_every_resource_is_valid_by_an_independent_model() -> None:
    models = pytest.importorskip("fhir.resources.R4B")
    seen: set[bytes] = set()
    for message in corpus():
        done = translate(message, LAB)
        for one in () if done.refused else done.statements:
            text = orjson.dumps(one.resource, default=lambda number: orjson.Fragment(str(number)))
            if one.key[0] in ("Patient", "Organization", "Provenance") or crc32(text) % 4:
                continue
            seen.add(text)
    for text in seen:
        models.get_fhir_model_class(json.loads(text)["resourceType"]).model_validate_json(text)
    assert len(seen) > 500
