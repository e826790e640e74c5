"""Every element of a JSON resource has its line and column."""

from resource import RUSAGE_SELF, getrusage

import pytest

from profiles.json_positions import json_positions, position

TEXT = """{
  "resourceType": "Observation",
  "valueQuantity": {"value": 1.0, "unit": "a\\"{,[b"},
  "note": [
    {"text": "x"},
    {"text": "y", "_text": {"id": "1"}}
  ]
}"""


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ("Observation", (1, 1)),
        ("Observation.value.ofType(Quantity)", (3, 3)),
        ("Observation.value.ofType(Quantity).unit", (3, 35)),
        ("Observation.note", (4, 3)),
        ("Observation.note[1]", (6, 5)),
        ("Observation.note[1].text", (6, 6)),
        ("Observation.note[1].text.id", (6, 29)),
        ("Observation.note[0].time", (5, 5)),  # what is missing stands where it should be
        ("Observation.code", (1, 1)),
    ],
)
def test_an_element_is_found(expression: str, place: tuple[int, int]) -> None:
    assert position(expression, json_positions(TEXT.encode())) == place


def test_a_byte_order_mark_and_long_files_change_nothing() -> None:
    lines = ",\n".join(f'"e{number}": {number}' for number in range(2000))
    found = json_positions(b"\xef\xbb\xbf{" + lines.encode() + b"}")
    assert found[".e0"] == (1, 2)
    assert found[".e1999"] == (2000, 1)


def test_a_long_text_takes_no_more_memory_than_itself() -> None:
    """An attachment of megabytes: a pattern that remembers every character would take a hundred times as much."""
    data = b'{"resourceType":"Binary","data":"' + b"A" * 8_000_000 + b'","contentType":"x"}'
    before = getrusage(RUSAGE_SELF).ru_maxrss
    assert json_positions(data)[".contentType"] == (1, len(data) - 17)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 100_000, "kilobytes"


def test_only_the_places_that_are_asked_for_are_kept() -> None:
    data = b'{"resourceType":"Patient","name":[{"given":["a","b"]}],"birthDate":"x"}'
    expressions = ["Patient.name[0].given[1]", "Patient.gender"]
    found = json_positions(data, expressions)
    assert set(found) == {"", ".name", ".name[0]", ".name[0].given", ".name[0].given[1]"}
    assert [position(one, found) for one in expressions] == [position(one, json_positions(data)) for one in expressions]
