"""The ledger read backwards: which v2 value an element came from."""

from __future__ import annotations

from typing import Any

import pytest

from adapters import pipeline
from adapters.reversal import asked, reverse
from adapters.site import SITES, load

RAW = (
    b"MSH|^~\\&|HIS|X|QIAO|Y|20260301080000||ADT^A08|M1|P|2.5\rPID|1||100200^^^X^MR||ZHANG^SAN||19900101|F\rPV1|1|O|\r"
)


def elements(where: str = "") -> dict[str, list[dict[str, str]]]:
    prepared = pipeline.prepare(RAW, load(SITES), 1_790_000_000_000_000, channel="explain")
    told: dict[str, Any] = reverse(prepared, where)
    short = {
        one["path"]: f"{one['path'].partition('/')[0]}.{one['path'].partition('#')[2]}" for one in told["elements"]
    }
    return {short[one["path"]]: one["from"] for one in told["elements"]}


def test_an_element_names_the_values_it_came_from_and_the_rule() -> None:
    (source,) = elements("Patient.birthDate")["Patient.birthDate"]
    assert (source["location"], source["value"], source["outcome"]) == ("PID-7", "19900101", "stored")
    assert source["rule"] == "PID[Patient]#PID-7"


def test_what_qiao_made_has_no_source() -> None:
    found = elements("Patient")
    assert found["Patient.name[0].text"] == []
    assert found["Patient.name[0].family"][0]["location"] == "PID-5.1"


def test_every_value_that_is_stored_or_coded_stands_behind_an_element() -> None:
    behind = {one["location"] for sources in elements().values() for one in sources}
    assert {"PID-3.1", "PID-5.1", "PID-5.2", "PID-7", "PID-8", "PV1-2", "MSH-10"} <= behind


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("Patient", True),
        ("Patient.name", True),
        ("Patient.name.family", True),
        ("Patient.name[0].family", True),
        ("Patient/p#name[0]", True),
        ("Patient.nam", False),
        ("Person", False),
    ],
)
def test_an_element_is_asked_for_with_or_without_id_and_index(where: str, meant: bool) -> None:
    assert asked("Patient/p#name[0].family", where) is meant
