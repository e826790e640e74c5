"""Target paths: rows of one field meet in one list item."""

import pytest

from mappers import path
from tests.mappers.placing import put


def test_rows_of_one_repetition_meet_in_one_item() -> None:
    body: dict = {}
    items: path.Items = {}
    individual, kind = path.parse("participant[].individual"), path.parse("participant[].type[]")
    for repetition in (1, 2):
        put(body, individual, (7, repetition), items, {"reference": f"Practitioner/{repetition}"})
    assert put(body, kind, (7, 2), items, {"text": "b"}) == "participant[1].type[0]"
    assert body["participant"] == [
        {"individual": {"reference": "Practitioner/1"}},
        {"individual": {"reference": "Practitioner/2"}, "type": [{"text": "b"}]},
    ]


def test_other_fields_get_items_of_their_own() -> None:
    body: dict = {}
    items: path.Items = {}
    name = path.parse("name[]")
    assert put(body, name, (5, 1), items, {"text": "a"}) == "name[0]"
    assert put(body, name, (9, 1), items, {"text": "b"}) == "name[1]"


def test_an_equal_item_is_not_repeated() -> None:
    body: dict = {}
    items: path.Items = {}
    steps = path.parse("identifier[]")
    assert put(body, steps, (2, 1), items, {"value": "1"}) == "identifier[0]"
    assert put(body, steps, (3, 1), items, {"value": "1"}) == "identifier[0]"


def test_a_second_value_never_replaces_the_first() -> None:
    body: dict = {}
    steps = path.parse("birthDate")
    assert put(body, steps, (7, 1), {}, "1990-01-01") == "birthDate"
    assert put(body, steps, (7, 2), {}, "1991-01-01") is None
    assert body == {"birthDate": "1990-01-01"}


def test_a_label_keeps_a_second_item_of_one_field_apart() -> None:
    body: dict = {}
    items: path.Items = {}
    put(body, path.parse("extension[].url"), (7, 1), items, "a")
    put(body, path.parse("extension[b].url"), (7, 1), items, "b")
    assert body == {"extension": [{"url": "a"}, {"url": "b"}]}


def test_the_whole_segment_has_one_item_of_its_own() -> None:
    body: dict = {}
    items: path.Items = {}
    put(body, path.parse("diagnosis[:].rank"), (15, 1), items, 1)
    put(body, path.parse("diagnosis[:].use"), (6, 1), items, {"text": "x"})
    assert body == {"diagnosis": [{"rank": 1, "use": {"text": "x"}}]}


@pytest.mark.parametrize("text", ["", "name[", "a..b", "name[A]", "1name"])
def test_a_path_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(path.PathError):
        path.parse(text)
