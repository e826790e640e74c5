"""Which segments belong to which order."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from mappers.message import Delimiters, Message
from mappers.messages.order_groups import Walk, walk


def walked(*segments: str) -> Walk:
    return walk(Message(["MSH|^~\\&", "PID|1", *segments], Delimiters()))


def shapes(found: Walk) -> list[tuple[str, str, int, int]]:
    """Per group: ORC-2, OBR-2, number of observations, number of specimens."""
    return [
        (
            (one.orc.get(2) or "-") if one.orc else "",
            (one.obr.get(2) or "-") if one.obr else "",
            len(one.observations),
            len(one.specimens),
        )
        for one in found.groups
    ]


def test_orc_and_obr_alternate() -> None:
    assert shapes(walked("ORC|NW|1", "OBR|1|1", "OBX|1", "ORC|NW|2", "OBR|2|2")) == [("1", "1", 1, 0), ("2", "2", 0, 0)]


def test_obr_and_orc_alternate_the_other_way_round() -> None:
    assert shapes(walked("OBR|1|1", "ORC|NW|1", "OBX|1", "OBR|2|2", "ORC|NW|2")) == [("1", "1", 1, 0), ("2", "2", 0, 0)]


def test_an_orc_with_another_number_begins_the_next_order() -> None:
    assert shapes(walked("OBR|1|1", "ORC|NW|2", "OBR|2|2")) == [("", "1", 0, 0), ("2", "2", 0, 0)]


def test_one_orc_may_stand_for_several_obr() -> None:
    found = walked("ORC|NW|1", "OBR|1|1", "OBX|1", "OBR|2|1", "OBX|1")
    assert shapes(found) == [("1", "1", 1, 0), ("1", "1", 1, 0)]
    assert [one.shared for one in found.groups] == [False, True]


def test_specimens_before_their_orders_are_those_of_all_orders_that_follow() -> None:
    found = walked("SPM|1|A", "OBR|1|1", "OBX|1", "OBR|2|2", "SPM|2|B", "OBR|3|3")
    assert [(n, [s.segment.get(2) for s in one.specimens]) for n, one in enumerate(found.groups, 1)] == [
        (1, ["A"]),
        (2, ["A"]),
        (3, ["B"]),
    ]


def test_no_segment_is_lost_or_taken_twice_whatever_the_order() -> None:
    for order in permutations(("ORC|NW|1", "OBR|1|1", "OBX|1", "SPM|1", "NTE|1")):
        assert _seen(walked(*order)) == sorted(text[:3] for text in order)


@given(st.lists(st.sampled_from(["ORC|NW|1", "OBR|1|1", "OBX|1", "NTE|1", "TQ1|1", "DG1|1", "IPC|1"]), max_size=12))
def test_no_segment_is_lost_in_any_mixture(segments: list[str]) -> None:
    assert _seen(walked(*segments)) == sorted(text[:3] for text in segments)


def _seen(found: Walk) -> list[str]:
    names: dict[int, str] = {}
    for noted in found.loose:
        names |= {one.position: one.name for one in (noted.segment, *noted.notes)}
    for group in found.groups:
        plain = (group.orc, group.obr, *group.notes, *group.timings, *group.diagnoses, *group.studies, *group.contacts)
        nested = [(one.segment, *one.notes) for one in (*group.specimens, *group.observations)]
        names |= {one.position: one.name for part in (plain, *nested) for one in part if one is not None}
    return sorted(names.values())
