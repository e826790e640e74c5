"""Every element of a JSON resource has its line and column."""

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
