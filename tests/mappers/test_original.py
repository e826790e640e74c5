"""What the resources say otherwise is kept as it was sent, and can be read back."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from mappers import Mapped, original
from mappers.message import Leaf
from tests.mappers.sample import adt, only

PID = "PID|1||100200^^^^MRN||张三||19900101083000|M|||{address}||^PRN^Internet^a@example.org|||M^已婚^HL70002"


def kept(mapped: Mapped) -> dict[str, str]:
    found = [one for one in only(mapped, "Provenance")["extension"] if one["url"] == original.V2_ORIGINAL]
    return original.read(found[0]["valueString"]) if found else {}


def test_a_code_that_became_another_is_kept_as_it_was_sent() -> None:
    assert kept(adt("A08", PID.format(address="")))["PID-8"] == "M"


def test_the_name_of_a_coding_system_that_became_a_url_is_kept() -> None:
    assert kept(adt("A08", PID.format(address="")))["PID-16.3"] == "HL70002"


def test_version_and_character_set_are_kept() -> None:
    assert kept(adt("A08", PID.format(address="")))["MSH-12"] == "2.4"


def test_a_time_that_became_a_date_is_kept() -> None:
    assert "PID-7" not in kept(adt("A08", "PID|1||100200^^^^MRN||张三||19900101|M"))


def test_a_value_left_out_for_a_reason_is_kept() -> None:
    assert kept(adt("A08", PID.format(address="^^^^^^H")))["PID-11.7"] == "H"


def test_a_backslash_of_the_sender_is_no_line_break_of_ours() -> None:
    assert kept(adt("A08", PID.format(address="^^^^^^H\\n")))["PID-11.7"] == "H\\n"


def test_a_value_that_stands_as_it_was_sent_is_not_repeated() -> None:
    found = kept(adt("A08", PID.format(address="")))
    assert not {"PID-3.1", "PID-5", "PID-1", "PID-13.4"} & set(found)


@given(st.lists(st.text(alphabet=string.printable + "患者\x85\x9f\\", min_size=1), min_size=1, max_size=5))
def test_every_text_is_read_back_as_it_was(values: list[str]) -> None:
    lines = [f"PID-{number} {original._escaped(value)}" for number, value in enumerate(values)]
    assert all("\n" not in line for line in lines)
    assert original.read("\n".join(lines)) == {f"PID-{number}": value for number, value in enumerate(values)}


def test_a_leaf_is_unsaid_only_when_no_line_says_it() -> None:
    from mappers.ledger import Line

    leaf = Leaf(1, 8, 1, 1, 1)
    coded, stored = Line("coded", "Patient/1#gender", "r"), Line("stored", "Patient/1#name[0].text", "r")
    assert original.otherwise(leaf, "M", [coded])
    assert not original.otherwise(leaf, "M", [coded, stored])
