"""What was found valid is known again; what is wrong is found each time, also in the mould of something valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters import soundness
from adapters.pipeline import prepare
from adapters.site import load
from benchmarks.messages import oru

STRANGE: list[tuple[str, Any]] = [
    ("id", "not an id!"),
    ("status", "finished"),
    ("effectiveDateTime", "2026-02-30T09:00:00+08:00"),
    ("effectiveDateTime", "2026-10-21T09:00:00"),
    ("effectiveDateTime", 2026),
    ("issued", "2026-10-21"),
    ("subject", {"reference": "Organization/0b942d46-078f-5217-80cc-92fb6c9b4f98"}),
    ("subject", {"referral": "Patient/0b942d46-078f-5217-80cc-92fb6c9b4f98"}),
    ("valueQuantity", {"value": "4.2"}),
    ("valueQuantity", {"value": Decimal("NaN")}),
    ("valueQuantity", {"value": Decimal("1.0"), "value_": 1}),
    ("referenceRange", [{"low": {"value": True}}]),
    ("code", {}),
]


def result() -> dict[str, Any]:
    mapped = prepare(oru(results=1), load(), 0, channel="replay").mapped
    assert mapped is not None
    bundle = mapped.bundle
    return next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Observation")


@pytest.mark.parametrize(("name", "value"), STRANGE, ids=lambda one: str(one)[:40])
def test_a_wrong_result_is_found_after_a_right_one_of_the_same_mould(name: str, value: Any) -> None:
    soundness._SOUND.clear()
    assert soundness.invalid([result()]) == ()
    for _ in range(2):
        assert [issue.code for issue in soundness.invalid([{**result(), name: value}])] == ["bundle-invalid"]


def test_another_number_time_and_patient_need_no_new_check(monkeypatch: pytest.MonkeyPatch) -> None:
    soundness._SOUND.clear()
    one = result()
    assert soundness.invalid([one]) == ()
    monkeypatch.setattr(soundness, "validate", lambda resource: pytest.fail("checked again"))
    other = one | {"id": "0b942d46-078f-5217-80cc-92fb6c9b4f98", "effectiveDateTime": "2026-10-22T09:00:01+08:00"}
    other["valueQuantity"] = other["valueQuantity"] | {"value": Decimal("7.7")}
    assert soundness.invalid([other]) == ()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    soundness._SOUND.clear()
    monkeypatch.setattr(soundness, "_MOST", 5)
    for number in range(20):
        soundness.invalid([{"resourceType": "Device", "id": str(number)}])
    assert len(soundness._SOUND) <= 5
