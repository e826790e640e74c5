"""Nothing of a message is lost on its way: the Bundle holds every value as it was sent, and is sound."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from adapters.er7 import parse
from conformance.transform.presence import Presence
from conformance.transform.retention import LONG, Sought, share, sought
from conformance.transform.soundness import soundness
from mappers import Message, map_message
from mappers.site import Context, Site
from tests.conftest import SHARED

pytestmark = pytest.mark.shared

SITE = Site("foreign", "F01")
EVERY = 12
"""One message in so many of the large corpus."""


@cache
def messages(corpus: str) -> tuple[Message, ...]:
    return tuple(message for text in _texts(corpus) if (message := parse(text).message) is not None)


def _texts(corpus: str) -> Iterator[str]:
    if corpus == "benchmark":
        for path in sorted((SHARED / "oracles" / "v2-to-fhir" / "test_conversions").glob("*.hl7")):
            yield path.read_text(encoding="utf-8")
        return
    lines = (SHARED / "corpus" / f"{corpus}.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines if corpus == "cn_dialects" else lines[::EVERY]:
        one = json.loads(line)
        yield base64.b64decode(one["message"]).decode(one.get("encoding") or "utf-8", "replace")


@pytest.mark.parametrize("corpus", ["benchmark", "cn_dialects", "messages"])
def test_what_was_sent_stands_in_the_bundle_and_the_bundle_is_sound(
    corpus: str, capsys: pytest.CaptureFixture[str]
) -> None:
    values: list[Sought] = []
    unaccounted = invalid = loose = translated = 0
    for message in messages(corpus):
        mapped = map_message(message, Context(SITE, "2026-03-01T08:00:01+08:00", "urn:qiao:message:foreign:1"))
        unaccounted += len(mapped.ledger.unaccounted(message))
        if mapped.refused or not mapped.statements:
            continue
        bundle = mapped.bundle
        sound = soundness(bundle)
        invalid += len(sound.invalid)
        loose += len(sound.dangling)
        values += sought(message, Presence(bundle))
        translated += 1
    kept = share(values)
    with capsys.disabled():
        print(f" {corpus}: {translated} messages, {_long(values)} values, retained {kept:.4%}")
    assert translated > 0
    assert (unaccounted, invalid, loose) == (0, 0, 0)
    assert kept is not None and kept >= 0.99, Counter(one.location for one in values if not one.form).most_common(20)


def _long(values: Iterable[Sought]) -> int:
    return sum(1 for one in values if len(one.value) >= LONG)
