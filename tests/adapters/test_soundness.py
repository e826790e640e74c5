"""What was found valid is known again; what is wrong is found each time, also beside something valid."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import profiles
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
def test_a_wrong_result_is_found_after_a_right_one_like_it(name: str, value: Any) -> None:
    soundness._SOUND.clear()
    assert soundness.invalid([result()]) == ()
    for _ in range(2):
        assert [issue.code for issue in soundness.invalid([{**result(), name: value}])] == ["bundle-invalid"]


def test_a_house_that_comes_again_needs_no_new_check(monkeypatch: pytest.MonkeyPatch) -> None:
    soundness._SOUND.clear()
    house = {"resourceType": "Organization", "id": "a", "name": "B"}
    assert soundness.invalid([house]) == ()
    monkeypatch.setattr(profiles, "refusals", lambda resource: pytest.fail("checked again"))
    assert soundness.invalid([dict(house)]) == ()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    soundness._SOUND.clear()
    monkeypatch.setattr(soundness, "_MOST", 5)
    for number in range(20):
        soundness.invalid([{"resourceType": "Device", "id": str(number)}])
    assert len(soundness._SOUND) <= 5
