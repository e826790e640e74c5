"""A vital sign keeps the promise of its code, or gives the code up and says so."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import Mapped
from mappers.profile import declared
from profiles.validator import validate
from tests.mappers.orders_sample import LAB, PID, read
from tests.mappers.sample import line, translate


def reported(obx: str) -> tuple[dict[str, Any], Mapped]:
    report = line("OBR", {2: "A1", 3: "R1", 4: "ECG^心电图", 7: "20260301080000", 25: "F"})
    message = read("ORU^R01", PID, "ORC|RE|A1", report, obx)
    done = translate(message, LAB)
    assert done.ledger.unaccounted(message) == []
    [found] = [one.resource for one in done.statements if one.key[0] == "Observation"]
    assert [issue for issue in validate(declared(found)) if issue.refuses] == []
    return found, done


def categories(observation: dict[str, Any]) -> list[str]:
    return [coding["code"] for concept in observation.get("category", ()) for coding in concept["coding"]]


def test_a_pulse_with_its_unit_is_a_vital_sign() -> None:
    found, done = reported("OBX|1|NM|HR^心率^L^8867-4^Heart rate^LN||72|次/分|||||F")
    assert "vital-signs" in categories(found)
    assert "vital-sign-incomplete" not in [issue.code for issue in done.issues]


def test_beside_a_special_code_stands_the_general_one() -> None:
    found, _ = reported("OBX|1|NM|3141-9^Body weight measured^LN||62|kg|||||F")
    assert [coding["code"] for coding in found["code"]["coding"]] == ["3141-9", "29463-7"]


@pytest.mark.parametrize("obx", ["OBX|1|NM|HR^心率^L^8867-4^Heart rate^LN||72||||||F",
                                 "OBX|1|NM|8480-6^Systolic blood pressure^LN||120|mmHg|||||F"])  # fmt: skip
def test_what_misses_a_part_keeps_its_code_as_a_local_one_and_is_taken(obx: str) -> None:
    found, done = reported(obx)
    assert not done.refused
    assert all(coding["system"] != "http://loinc.org" for coding in found["code"]["coding"])
    assert "text" in found["code"] and "vital-signs" not in categories(found)
    assert [(i.code, i.location) for i in done.issues if i.code == "vital-sign-incomplete"] == [
        ("vital-sign-incomplete", "OBX-3.1")
    ]
