"""The fold of statements: what counts, what stays, what goes."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.store.fold import Added, Said, add, fold


def said(weight: int, time: int, name: str = "", **elements: Any) -> Said:
    body = {"resourceType": "Encounter", "id": "e", **elements}
    return Said(weight, time, time, (name or repr(sorted(elements.items()))).encode(), time, body)


class Store:
    """Statements as the store keeps them: runs and the event times within them."""

    def __init__(self) -> None:
        self.said: tuple[Said, ...] = ()
        self.points: dict[tuple[int, bytes], list[int]] = {}

    def take(self, new: Said) -> None:
        added: Added = add(self.said, new, lambda run: self.points.get((run.weight, run.hash), []))
        self.said = added.said
        self.points.setdefault((new.weight, new.hash), []).extend(added.within)

    def runs(self) -> list[tuple[int, int, int, bytes]]:
        return sorted((one.weight, one.first, one.last, one.hash) for one in self.said)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0, 10]), st.integers(1, 12), st.sampled_from("ABC")), max_size=9), st.data())
def test_the_runs_do_not_depend_on_the_order_of_arrival(stated: list[tuple[int, int, str]], data: Any) -> None:
    one, other = Store(), Store()
    for weight, time, name in stated:
        one.take(said(weight, time, name))
    for weight, time, name in data.draw(st.permutations(stated)):
        other.take(said(weight, time, name))
    assert one.runs() == other.runs()


def test_the_number_of_runs_never_shrinks() -> None:
    for order in itertools.permutations([(8, "A"), (9, "B"), (10, "A"), (11, "A")]):
        store, before = Store(), 0
        for time, name in order:
            store.take(said(10, time, name))
            assert len(store.said) >= before
            before = len(store.said)
        assert before == 3


def test_a_mention_never_replaces_what_was_stated_but_fills_what_was_not() -> None:
    body = fold([said(10, 1, status="finished"), said(0, 2, status="in-progress", priority={"text": "x"})])
    assert (body["status"], body["priority"]) == ("finished", {"text": "x"})


def test_the_end_of_a_stay_keeps_its_start() -> None:
    body = fold([said(10, 1, period={"start": "2026-01-01"}), said(10, 2, period={"end": "2026-01-03"})])
    assert body["period"] == {"start": "2026-01-01", "end": "2026-01-03"}


def test_a_transfer_leaves_one_active_place() -> None:
    def at(place: str) -> list[dict[str, Any]]:
        return [{"location": {"reference": f"Location/{place}"}, "status": "active"}]

    body = fold([said(10, 1, location=at("a")), said(10, 2, location=at("b")), said(0, 3, location=at("c"))])
    assert [item["status"] for item in body["location"]] == ["completed", "active", "active"]


def test_a_deleted_element_goes_and_a_later_one_comes_back() -> None:
    gone = Said(10, 2, 2, b"x", 2, {"resourceType": "Encounter", "id": "e"}, deleted=("period.end",))
    first = said(10, 1, period={"start": "2026-01-01", "end": "2026-01-03"})
    assert fold([first, gone])["period"] == {"start": "2026-01-01"}
    assert fold([first, gone, said(10, 3, period={"end": "2026-01-04"})])["period"]["end"] == "2026-01-04"


def test_one_form_of_a_choice_takes_the_place_of_another() -> None:
    one = Said(10, 1, 1, b"a", 1, {"resourceType": "Observation", "id": "o", "valueString": "+"})
    two = Said(10, 2, 2, b"b", 2, {"resourceType": "Observation", "id": "o", "valueQuantity": {"value": 1}})
    assert "valueString" not in fold([one, two])
