"""Messages nobody here wrote: none raises, every leaf is accounted for, every resource is valid, nothing dangles."""

from __future__ import annotations

import base64
import json
import warnings
from collections.abc import Iterator
from dataclasses import replace

import pytest

from adapters.er7 import parse
from mappers import Mapped, Message, Site, map_message
from mappers.profile import declared
from mappers.site import Context
from profiles.validator.validate import validate
from tests.conftest import SHARED
from tests.mappers.sample import SITE, dangling

pytestmark = pytest.mark.shared

CHINESE = replace(
    SITE,
    identifier_types={**SITE.identifier_types, "01": "resident-id", "1": "resident-id", "21": "visit-card"},
    codes={**SITE.codes, ("PatientClass[EncounterClass]", "03"): "IMP"},
)
FOREIGN = Site("foreign", "F01")


def texts() -> Iterator[tuple[str, Site]]:
    for line in (SHARED / "corpus" / "cn_dialects.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        yield base64.b64decode(one["message"]).decode(one["encoding"]), CHINESE
    for path in sorted((SHARED / "oracles" / "v2-to-fhir" / "test_conversions").glob("*.hl7")):
        yield path.read_text(encoding="utf-8"), FOREIGN
    for line in (SHARED / "corpus" / "messages.jsonl").read_text(encoding="utf-8").splitlines():
        raw = base64.b64decode(json.loads(line)["message"])
        try:
            yield raw.decode("utf-8"), FOREIGN
        except UnicodeDecodeError:
            yield raw.decode("gb18030", "replace"), FOREIGN


@pytest.fixture(scope="module")
def translations() -> list[tuple[Message, Site, Mapped]]:
    found = []
    for text, site in texts():
        message = parse(text).message
        if message is not None:
            found.append((message, site, translated(message, site)))
    return found


def translated(message: Message, site: Site) -> Mapped:
    return map_message(message, Context(site, "2026-03-01T08:00:01+08:00", f"urn:qiao:message:{site.code}:1"))


def test_every_leaf_of_every_message_is_accounted_for(translations: list[tuple[Message, Site, Mapped]]) -> None:
    assert len(translations) > 1500
    assert [message.code for message, _, mapped in translations if mapped.ledger.unaccounted(message)] == []


def test_every_reference_resolves_inside_its_bundle(translations: list[tuple[Message, Site, Mapped]]) -> None:
    assert [found for _, _, mapped in translations if (found := dangling(mapped))] == []


def test_two_runs_give_equal_bundles(translations: list[tuple[Message, Site, Mapped]]) -> None:
    assert all(translated(message, site).bundle == mapped.bundle for message, site, mapped in translations)


def test_no_place_in_the_ledger_is_made_up(translations: list[tuple[Message, Site, Mapped]]) -> None:
    for _, _, mapped in translations:
        there = {f"{kind}/{identity}" for kind, identity in (one.key for one in mapped.statements)} | {"journal"}
        for lines in mapped.ledger.lines.values():
            assert all(line.outcome == "dropped" or line.path.partition("#")[0] in there for line in lines)


def test_every_resource_is_valid_by_our_validator(translations: list[tuple[Message, Site, Mapped]]) -> None:
    found = [
        (one.key[0], issue.code, issue.expression)
        for _, _, mapped in translations
        for one in mapped.statements
        for issue in validate(declared(one.resource))
        if issue.refuses
    ]
    assert found == []


@pytest.mark.slow
def test_every_resource_is_valid_by_fhir_resources(translations: list[tuple[Message, Site, Mapped]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from fhir.resources.R4B import get_fhir_model_class

        for _, _, mapped in translations:
            for one in mapped.statements:
                get_fhir_model_class(one.key[0]).model_validate(declared(one.resource))


def test_each_chinese_shape_gives_the_same_bundle_from_both_encodings() -> None:
    lines = (SHARED / "corpus" / "cn_dialects.jsonl").read_text(encoding="utf-8").splitlines()
    bundles: dict[str, list[object]] = {}
    for line in lines:
        one = json.loads(line)
        message = parse(base64.b64decode(one["message"]).decode(one["encoding"])).message
        assert message is not None
        bundles.setdefault(one["shape"], []).append(translated(message, CHINESE).bundle)
    assert all(len(pair) == 2 and pair[0] == pair[1] for pair in bundles.values())
