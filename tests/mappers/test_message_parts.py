"""A message as the mappers see it: leaves, escapes, places; and the targets that rows write to."""

from __future__ import annotations

from typing import Any

import pytest

from mappers.message import Delimiters, Leaf, Segment, Value, legible, unescape
from mappers.path import PathError, Step, parse
from tests.mappers.placing import put
from tests.mappers.sample import message

PLAIN = Delimiters()


def value(raw: str, delimiters: Delimiters = PLAIN) -> Value:
    return Value(Segment("OBX", "OBX|1", 3, 1, delimiters), 5, 2, raw)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("raw", "place", "text"),
    [
        ("a^b&c^d", (1, 1), "a"),
        ("a^b&c^d", (2, 1), "b"),
        ("a^b&c^d", (2, 2), "c"),
        ("a^b&c^d", (2, 3), None),
        ("a^b&c^d", (3, 1), "d"),
        ("a^b&c^d", (3, 2), None),
        ("a^b&c^d", (4, 1), None),
        ("a^ ^&x", (2, 1), None),
        ("a^ ^&x", (3, 1), None),
        ("a^ ^&x", (3, 2), "x"),
        ('""', (1, 1), '""'),
        ("a\\T\\b", (1, 1), "a&b"),
        ("a\\S\\b^c", (1, 1), "a^b"),
    ],
)
def test_a_leaf_is_its_text_and_nothing_where_nothing_stands(
    raw: str, place: tuple[int, int], text: str | None
) -> None:
    assert value(raw).get(*place) == text


def test_without_a_subcomponent_separator_a_component_is_one_leaf() -> None:
    bare = Delimiters(subcomponent="")
    assert value("a&b", bare).get(1) == "a&b"
    assert value("a&b", bare).get(1, 2) is None


def test_the_leaves_of_a_value_are_those_that_say_something() -> None:
    assert value("a^^b&&c^ ").leaves()[:3] == [Leaf(3, 5, 2, 1, 1), Leaf(3, 5, 2, 3, 1), Leaf(3, 5, 2, 3, 3)]
    assert value("").leaves() == []


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f"),
        ("a\\.br\\b", "a\nb"),
        ("a\\X0D0A\\b", "a\nb"),
        ("\\XD6D0\\", "中"),
        ("\\XE4B8AD\\", "中"),
        ("a\\open", "a\\open"),
        ("a\\Zxx\\b", "a\\Zxx\\b"),
        ("plain", "plain"),
    ],
)
def test_an_escape_is_what_it_stands_for_and_an_unknown_one_stays(raw: str, text: str) -> None:
    assert unescape(raw, PLAIN) == text


def test_a_control_character_is_replaced_and_line_ends_stay() -> None:
    assert legible("a\x01b") == "a\N{REPLACEMENT CHARACTER}b"
    assert legible("a\nb\tc") == "a\nb\tc"


def test_a_place_has_only_the_numbers_that_tell_it_apart() -> None:
    read = message("ADT^A01", "PID|1||a^^^b&c~d", "PID|2||x", "ZZZ|")
    found = {read.locate(leaf): read.value(leaf) for leaf in read.leaves() if not read.locate(leaf).startswith("MSH")}
    assert found == {
        "PID-1": "1",
        "PID-3.1": "a",
        "PID-3.4.1": "b",
        "PID-3.4.2": "c",
        "PID-3[2]": "d",
        "PID[2]-1": "2",
        "PID[2]-3": "x",
    }


def test_what_a_message_is_stands_in_its_header() -> None:
    read = message("ADT^A01^ADT_A01", "PID|1")
    assert (read.code, read.event, read.control_id) == ("ADT", "A01", "M1")
    other = read.read_as("ORU", "R01")
    assert (other.code, other.event, other.get("PID", 1)) == ("ORU", "R01", "1")
    assert read.first("PV1") is None
    assert read.get("PV1", 2) is None
    assert [one.name for one in read.segments] == ["MSH", "PID"]


def test_a_path_has_steps_with_labels_and_fixed_places() -> None:
    assert parse("name[pid5]._given[0].x") == (
        Step("name", "pid5", -1),
        Step("_given", "0", 0),
        Step("x", None, -1),
    )
    assert parse("a[].b[:]") == (Step("a", "", -1), Step("b", ":", -1))


@pytest.mark.parametrize("text", ["", "a..b", "a[B]", "1a", "a[0", "a[0]b"])
def test_a_path_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(PathError, match="of the target"):
        parse(text)


def test_rows_of_one_repetition_write_into_one_item_and_those_of_another_into_the_next() -> None:
    body: dict[str, Any] = {}
    items: dict[Any, int] = {}
    paths = [
        put(body, parse("name[n].text"), (5, 1), items, "a"),
        put(body, parse("name[n].use"), (5, 1), items, "usual"),
        put(body, parse("name[n].text"), (5, 2), items, "b"),
        put(body, parse("name[n].text"), (5, 1), items, "other"),
        put(body, parse("contact[:].x"), (1, 1), items, 1),
        put(body, parse("contact[:].y"), (2, 1), items, 2),
        put(body, parse("line[]"), (1, 1), items, "l"),
        put(body, parse("line[]"), (2, 1), items, "l"),
        put(body, parse("period"), (1, 1), items, {"start": "1"}),
        put(body, parse("period"), (1, 1), items, {"end": "2"}),
        put(body, parse("period"), (1, 1), items, {"end": "3"}),
    ]
    assert paths == [
        "name[0].text",
        "name[0].use",
        "name[1].text",
        None,
        "contact[0].x",
        "contact[0].y",
        "line[0]",
        "line[0]",
        "period",
        "period",
        None,
    ]
    assert body == {
        "name": [{"text": "a", "use": "usual"}, {"text": "b"}],
        "contact": [{"x": 1, "y": 2}],
        "line": ["l"],
        "period": {"start": "1", "end": "2"},
    }
