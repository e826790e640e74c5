"""Conditions of the official map: tolerant in wording, strict in everything else."""

import pytest

from mappers import condition
from mappers.draft import Draft
from mappers.site import Context
from tests.mappers.sample import SITE, message

CONTEXT = Context(SITE, "2026-03-01T08:00:01+08:00", "urn:qiao:message:t:1")


def holds(text: str, segment: str, field: int = 0) -> bool:
    read = message("ADT^A01", segment)
    found = read.first(segment[:3])
    assert found is not None
    values = found.values(field) if field else ()
    return condition.parse(text, field)(found, values[0] if values else None, Draft(read, CONTEXT))


@pytest.mark.parametrize(
    ("text", "segment", "expected"),
    [
        ("IF PID-7 LENGTH GREATER THAN 8", "PID|||||||199001011200", True),
        ("IF PID-7 LENGTH GREATER THAN 8", "PID|||||||19900101", False),
        ("IF PID-25 NOT VALUED", "PID|1", True),
        ("IF PID-25 IS NOT VALUED", 'PID|||||||||||||||||||||||||""', True),
        ("PV1-45 VALUED", "PV1|1|I", False),
        ('IF PV1-2.1 EQUALS "P"', "PV1|1|P^x", True),
        ('IF PV1-2.1 NOT EQUALS "P"', "PV1|1|I", True),
        ("IF IN1-17 IS NOT 'patient'", "IN1|1", True),
        ('IF PV1-2 IN ("I", "O")', "PV1|1|O", True),
        ('IF PV1-2 NOT IN ("I","O")', "PV1|1|O", False),
        ("IF PV1-3.2 OR PV1-3.3 VALUED", "PV1|1|I|w^^3", True),
        ("IF PV1-3.2 AND PV1-3.3 NOT VALUED", "PV1|1|I|w^^3", False),
        ("IF PID-11 LST.COUNT GREATER THAN 1", "PID|||||||||||a~b", True),
        ("IF PID-11 LST.COUNT EQUALS 1 AND PID-11.9 IS NOT VALUED", "PID|||||||||||a", True),
        ("IF PV1-2 VALUED AND IF PV1-3 NOT VALUED", "PV1|1|I", True),
        ('IF PV1-2 = "I" OR PV1-2 = "O" AND PV1-3 VALUED', "PV1|1|I", True),
        ('IF (PV1-2 = "I" OR PV1-2 = "O") AND PV1-3 VALUED', "PV1|1|I", False),
    ],
)
def test_a_condition_says_what_its_words_say(text: str, segment: str, expected: bool) -> None:
    assert holds(text, segment) is expected


def test_of_its_own_field_a_condition_sees_the_repetition_at_hand() -> None:
    read = message("ADT^A01", "PID|||||||||||||1^PRN~2")
    pid = read.first("PID")
    assert pid is not None
    valued = condition.parse("PID-13.2 VALUED", 13)
    draft = Draft(read, CONTEXT)
    assert [valued(pid, value, draft) for value in pid.values(13)] == [True, False]


def test_a_condition_may_look_at_another_segment_of_the_group() -> None:
    read = message("ORM^O01", "ORC|NW|1", "OBR|1", "ORC|NW|2", "OBR|2|X")
    draft = Draft(read, CONTEXT)
    absent = condition.parse("OBR-2 NOT VALUED", 2)
    first, second = read.all("ORC")
    draft.group = {"OBR": read.all("OBR")[0]}
    assert absent(first, None, draft)
    draft.group = {"OBR": read.all("OBR")[1]}
    assert not absent(second, None, draft)


@pytest.mark.parametrize(
    "text", ["PID-3 SOUNDS LIKE x", "PID-3 EQUALS", "(PID-3 VALUED", 'PID-3 IN ("a"', "VALUED", "PID-3 VALUED PID-4"]
)
def test_unknown_words_are_an_error_when_the_table_is_loaded(text: str) -> None:
    with pytest.raises(condition.ConditionError):
        condition.parse(text, 3)
