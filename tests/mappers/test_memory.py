"""A remembered conversion says what a new one says, shares nothing, and forgets in time."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.messages import adt as adt_of
from benchmarks.messages import long_oru, oru
from mappers import Mapped, memory
from mappers.datatypes.registry import REGISTRY
from mappers.draft import Draft
from mappers.message import Message
from mappers.messages import result_memory
from mappers.site import Context
from mappers.use import Use
from tests.mappers.sample import SITE, codes, message, only, resources, translate

FEVER = "OBX|1|NM|T01^体温^L||36.5|Cel|36-37|N|||F|||20260301080000|LAB^检验科^L|0002^检验医师"


def result(*lines: str) -> Mapped:
    return translate(message("ORU^R01", "PID|1||100200^^^^MRN||张三||19900101|M", "OBR|1|A1|R1|L01^生化^L", *lines))


def told(mapped: Mapped) -> tuple[Any, ...]:
    lines = {leaf: list(found) for leaf, found in mapped.ledger.lines.items()}
    return mapped.bundle, lines, mapped.issues, mapped.unmapped


def forget() -> None:
    memory._KNOWN.clear()
    memory._SEEN.clear()
    result_memory._KNOWN.clear()


@pytest.mark.parametrize("raw", [oru(results=3), long_oru(results=3), adt_of()], ids=["oru", "long", "adt"])
def test_the_second_translation_is_the_first(raw: bytes) -> None:
    from adapters.er7 import parse

    read: Message | None = parse(raw.decode()).message
    assert read is not None
    forget()
    first = told(translate(read))
    assert told(translate(read)) == first
    assert memory._KNOWN
    assert told(translate(read)) == first


def test_what_one_message_writes_into_a_remembered_value_does_not_reach_the_next() -> None:
    forget()
    before = str(only(result(FEVER), "Observation"))
    for _ in range(3):
        found = only(result(FEVER), "Observation")
        assert str(found) == before
        found["code"]["text"] = "changed"
        found["performer"][0]["display"] = "changed"


def test_a_resource_that_was_mentioned_is_there_again_when_the_mention_is_remembered() -> None:
    forget()
    for _ in range(4):
        mapped = result(FEVER)
        assert [one["name"][0]["text"] for one in resources(mapped, "Practitioner")] == ["检验医师"]


def test_an_issue_is_raised_for_each_message_and_not_only_for_the_first() -> None:
    forget()
    found = [
        codes(
            translate(
                message("ADT^A01", "EVN|A01", "PID|1||1^^^^MRN||张三", "PV1|1|T|||||||||||||||||V1", "NK1|1|李|Q9^X")
            )
        )
        for _ in range(4)
    ]
    assert "code-unmapped" in found[0]
    assert found == [found[0]] * 4


def test_what_another_message_says_of_the_same_number_is_not_taken_from_memory() -> None:
    forget()
    for _ in range(3):
        result(FEVER)
    other = result("NTE|1|L|x", FEVER.replace("检验医师", "另一医师"))
    assert [one["name"][0]["text"] for one in resources(other, "Practitioner")] == ["另一医师"]


def test_two_sites_remember_apart() -> None:
    from dataclasses import replace

    forget()
    read = message("ORU^R01", "PID|1||100200^^^^MRN||张三||19900101|M", "OBR|1|A1|R1|L01^生化^L", FEVER)
    translate(read)
    here, there = translate(read), translate(read, replace(SITE, institution="C01"))
    assert only(here, "Practitioner")["id"] != only(there, "Practitioner")["id"]
    assert told(translate(read)) == told(here)


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setattr(memory, "MOST", 40)
    monkeypatch.setattr(result_memory, "MOST", 10)
    for number in sorted([*range(60), *range(60)]):
        result(FEVER.replace("T01", f"T{number}").replace("0002", f"D{number}"))
    assert len(memory._KNOWN) <= 40
    assert len(result_memory._KNOWN) <= 10


def test_two_conversions_of_one_row_and_text_are_not_taken_for_each_other() -> None:
    forget()
    draft = Draft(message("ADT^A01", "ZZZ|718-7^Hb^LN"), Context(SITE, "2026-03-01T08:00:01+08:00", "urn:x"))
    segment = draft.message.first("ZZZ")
    assert segment is not None
    field = segment.values(1)[0]
    coding = REGISTRY["CWE[Coding]"](field, Use(draft, field, "rule", ""))
    concept = REGISTRY["CWE[CodeableConcept]"](field, Use(draft, field, "rule", ""))
    assert concept["coding"] == [coding]
