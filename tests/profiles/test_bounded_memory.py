"""What senders make up at will leaves nothing behind in the definitions."""

from __future__ import annotations

import tracemalloc

from profiles.archive import core
from profiles.iso_codes import iso_code_system
from profiles.registry import OWN
from profiles.terminology import core_code_system
from profiles.validator import validate

GENDER = "http://hl7.org/fhir/administrative-gender"


def test_shards_of_definitions_are_let_go_again() -> None:
    structures = core("structures")
    for name in structures.places:
        assert structures.entry(name) is not None
    assert len(structures._shards) <= 2


def test_a_definition_read_again_is_equal() -> None:
    value_sets = core("value_sets")
    first = {name: value_sets.entry(name) for name in sorted(value_sets.places)[::40]}
    assert {name: value_sets.entry(name) for name in first} == first


def test_a_code_system_is_one_and_the_same_whatever_its_version() -> None:
    assert core_code_system(GENDER) is core_code_system(f"{GENDER}|4.0.1") is not None


def test_systems_that_are_made_up_are_not_remembered_by_the_core() -> None:
    def asked(number: int) -> None:
        for one in range(number):
            url = f"http://nowhere.example/{'x' * 500}/{one}"
            assert core_code_system(url) is iso_code_system(url) is None

    asked(100)
    tracemalloc.start()
    try:
        asked(5000)
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < 100_000


def test_codings_of_systems_that_are_made_up_leave_a_bounded_memory() -> None:
    for one in range(8500):
        coding = {"system": f"http://nowhere.example/{one}", "code": str(one)}
        validate({"resourceType": "Observation", "status": "final", "code": {"coding": [coding]}})
    assert 0 < len(OWN.terminology.judged) <= 8192
    assert len(OWN.terminology._systems) <= 4096
    assert len(OWN.cache) < 8192
