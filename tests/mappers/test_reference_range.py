"""OBX-7 as senders write it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappers.datatypes.reference_range import bounds, is_url, reference_range
from mappers.datatypes.units import Unit


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("205.0000-285.0000", "205.0000", "285.0000"),
        ("49 - 92", "49", "92"),
        ("3.5--9.5", "3.5", "9.5"),
        ("3.5～9.5", "3.5", "9.5"),
        ("-3--1", "-3", "-1"),
        ("-3-1", "-3", "1"),
        ("(3.5-9.5)", "3.5", "9.5"),
        ("3-5g/L", "3", "5"),
        ("<5", None, "5"),
        ("≤5", None, "5"),
        (">60", "60", None),
    ],
)
def test_a_plain_range_is_read(text: str, low: str | None, high: str | None) -> None:
    found = bounds(text, "g/L")
    assert found is not None
    assert (found.low and str(found.low), found.high and str(found.high)) == (low, high)


@pytest.mark.parametrize("text", ["轻：31-49，中：50-69，重：>70", "阴性", "10-5", "3-5 apples", "3-5mmol/L", "男:3-5"])
def test_free_text_is_not_read_as_a_range(text: str) -> None:
    assert bounds(text, "g/L") is None
    assert reference_range(text, Unit("g/L", "g/L")) == {"text": text}


def test_the_text_is_kept_beside_the_bounds_because_it_alone_tells_less_from_less_or_equal() -> None:
    assert reference_range("<5", None) == {"high": {"value": Decimal(5)}, "text": "<5"}


def test_an_address_in_obx_7_is_noticed() -> None:
    assert is_url("http://192.168.1.9/report?id=1")
    assert not is_url("3-5")
