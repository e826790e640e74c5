"""A number is always the sum of its parts, whatever senders write."""

from __future__ import annotations

from conformance.count import OTHER, SAMPLE, WIDTH, Tally, Text, frozen, uneven
from conformance.labels import plain


def counted(tally: Tally, levels: int = 2):  # type: ignore[no-untyped-def]
    return frozen(tally, "top", Text("总", "all"), (plain,) * levels, lambda path: " ".join(path), {7: "Patient/x"})


def test_a_number_is_the_sum_of_its_parts_on_every_level() -> None:
    tally = Tally()
    for number in range(100):
        tally.add((f"type {number % 3}", f"state {number % 7}"), f"journal/{number}", number)
    count = counted(tally)
    assert count.number == sum(range(100))
    assert list(uneven(count)) == []


def test_more_keys_than_a_level_holds_are_counted_together() -> None:
    tally = Tally()
    for number in range(WIDTH + 50):
        tally.add((f"key {number}", "x"), number)
    count = counted(tally)
    assert len(count.parts) == WIDTH + 1
    assert count.parts[0].key == OTHER
    assert count.parts[0].number == 50
    assert list(uneven(count)) == []


def test_an_uneven_number_is_found() -> None:
    tally = Tally()
    tally.add(("a",), "journal/1")
    tally.parts["a"].number = 2
    assert list(uneven(counted(tally))) == ["/top"]


def test_only_the_first_twenty_ids_are_kept_and_each_once() -> None:
    tally = Tally()
    for number in range(50):
        tally.add((), f"journal/{number // 2}")
    assert counted(tally).ids == tuple(f"journal/{number}" for number in range(SAMPLE))


def test_a_row_number_becomes_its_id_and_one_nobody_may_see_is_left_out() -> None:
    tally = Tally()
    tally.add((), 7)
    tally.add((), 8)
    count = counted(tally)
    assert (count.number, count.ids) == (2, ("Patient/x",))


def test_the_greatest_part_comes_first_and_equal_ones_by_key() -> None:
    tally = Tally()
    for key in ("b", "c", "a", "c"):
        tally.add((key,), key)
    assert [part.key for part in counted(tally, 1).parts] == ["c", "a", "b"]
