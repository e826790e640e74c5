"""What is remembered of index rows is what the values give: for any resource, asked for once or many times."""

import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fhir_server.search import index, remembered
from fhir_server.search.convert import Rows
from profiles.json_input import parse

WORDS = st.sampled_from(["", "1", "true", "a", "http://loinc.org", "Patient/1", "#c", "2024-05", "张三", "mg", "x|1"])
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.decimals(-3, 3, places=1) | WORDS
NAMES = st.sampled_from(
    [
        "coding",
        "system",
        "code",
        "display",
        "text",
        "value",
        "reference",
        "identifier",
        "type",
        "start",
        "end",
        "unit",
        "family",
        "given",
        "low",
        "high",
        "item",
        "url",
        "component",
        "valueQuantity",
    ]
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
KEYS = st.sampled_from(
    [
        "code",
        "status",
        "category",
        "subject",
        "identifier",
        "name",
        "effectiveDateTime",
        "valueQuantity",
        "component",
        "telecom",
        "birthDate",
        "active",
        "extension",
        "address",
        "date",
        "period",
        "url",
        "entry",
        "value",
    ]
)
TYPES = st.sampled_from(["Observation", "Patient", "List", "ValueSet", "Encounter", "DiagnosticReport", "Medication"])


def plainly(resource: dict[str, Any]) -> index.IndexRows:
    """The rows with nothing remembered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remembered, "_key", lambda _value: None)
        return index.rows(resource)


@settings(max_examples=400, deadline=None)
@example("Patient", {"name": {"family": "", "given": True}})
@given(TYPES, st.dictionaries(KEYS, VALUES, max_size=6))
def test_any_resource_gives_the_same_rows_the_first_time_and_ever_after(kind: str, body: dict[str, Any]) -> None:
    resource = {"resourceType": kind, **body}
    expected = plainly(resource)
    assert index.rows(resource) == expected
    assert index.rows(resource) == expected


def official_examples() -> Iterator[dict[str, Any]]:
    """One of every type, and a third of all."""
    seen: set[str] = set()
    with tarfile.open(Path(__file__).parents[3] / "shared" / "oracles" / "r4-examples.tar.xz") as archive:
        for number, member in enumerate(archive):
            kind = member.name.rpartition("/")[2].partition("-")[0]
            stream = (
                archive.extractfile(member) if member.size < 50_000 and (number % 3 == 0 or kind not in seen) else None
            )
            resource = parse(stream.read())[0] if stream is not None else None
            if resource is not None:
                seen.add(kind)
                yield resource


@pytest.mark.shared
def test_official_examples_of_every_type_give_the_same_rows() -> None:
    types = set()
    for resource in official_examples():
        types.add(resource["resourceType"])
        expected = plainly(resource)
        assert index.rows(resource) == expected
        assert index.rows(resource) == expected
    assert len(types) > 100


def test_values_that_look_alike_are_told_apart() -> None:
    rows = [index.rows({"resourceType": "Patient", "active": value}) for value in (True, "true", 1, Decimal(1))]
    again = [index.rows({"resourceType": "Patient", "active": value}) for value in (True, "true", 1, Decimal(1))]
    assert rows == again
    concepts: list[Any] = ['{"text":"a"}', {"text": "a"}, [{"text": "a"}]]
    found = [index.rows({"resourceType": "Observation", "code": value}) for value in concepts]
    assert found[0] != found[1] == found[2]


def test_an_element_whose_values_seldom_come_twice_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[Any, Any] = {}
    monkeypatch.setattr(remembered, "_known", known)
    emit = remembered.remembering([lambda value, rows: rows.strings.add((1, value))])
    rows = Rows(set(), set(), set(), set())
    for number in range(1000):
        emit(str(number), rows)
    assert len(known) == 256
    assert rows.strings == {(1, str(number)) for number in range(1000)}


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[Any, Any] = {}
    monkeypatch.setattr(remembered, "_known", known)
    monkeypatch.setattr(remembered, "MOST", 10)
    emit = remembered.remembering([lambda value, rows: rows.strings.add((1, value))])
    for number in range(300):
        emit(str(number // 3), Rows(set(), set(), set(), set()))
        assert len(known) <= 10
    assert "x" * 2000 not in {key for _, key in known}
