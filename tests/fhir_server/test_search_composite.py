"""Composite parameters: both parts must be true of one and the same element."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from fhir_server.search.composite import composites
from fhir_server.search.index import rows
from fhir_server.search.parameters import parameters
from fhir_server.search.query import Query, parse
from fhir_server.search.values import Surroundings
from profiles.definitions import resource_types, search_parameters
from tests.fhir_server.conftest import Store, coded, observation

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"


def pressure(code: str, value: int) -> dict[str, Any]:
    quantity = {"value": Decimal(value), "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"}
    return {"code": coded(LOINC, code), "valueQuantity": quantity}


def sequence(key: str, chromosome: str, *variants: tuple[int, int]) -> dict[str, Any]:
    return {
        "resourceType": "MolecularSequence",
        "id": key,
        "coordinateSystem": 1,
        "referenceSeq": {
            "genomeBuild": "GRCh 37",
            "chromosome": coded("urn:chr", chromosome),
            "windowStart": 10,
            "windowEnd": 20,
        },
        "variant": [{"start": start, "end": end} for start, end in variants],
    }


def related(key: str, *relations: tuple[str, str]) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "id": key,
        "status": "current",
        "content": [{"attachment": {"title": "t"}}],
        "relatesTo": [{"code": code, "target": {"reference": target}} for code, target in relations],
    }


@pytest.fixture(scope="module")
def filled(module_store: Store) -> Store:
    module_store.put(
        observation("high", component=[pressure("8480-6", 150), pressure("8462-4", 80)]),
        observation("odd", component=[pressure("8480-6", 120), pressure("8462-4", 150)]),
        observation("hb", code=coded(LOINC, "718-7"), valueQuantity={"value": 150, "unit": "g/L"}),
        observation("plain", code=coded(LOINC, "718-7"), component=[{"code": coded(LOINC, "8480-6")}]),
        observation("day", code=coded("s", "d$1"), valueDateTime="2026-01-15"),
        observation("word", code=coded("s", "w"), valueString="Hello, world"),
        observation("positive", code=coded("s", "c"), valueCodeableConcept=coded("s", "pos")),
        observation(
            "both",
            code=coded("s", "c"),
            component=[
                {"code": coded("s", "x"), "valueCodeableConcept": coded("s", "neg")},
                {"code": coded("s", "y"), "valueCodeableConcept": coded("s", "pos")},
            ],
        ),
        related("d1", ("replaces", "DocumentReference/d0"), ("appends", "DocumentReference/dx")),
        sequence("m1", "2", (5, 8), (50, 80)),
        sequence("m2", "3", (5, 80)),
    )
    return module_store


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Observation?component-code-value-quantity=8480-6$gt130", ["high"]),
        ("Observation?component-code-value-quantity=8480-6$150", ["high"]),
        ("Observation?component-code-value-quantity=8462-4$150", ["odd"]),
        (f"Observation?component-code-value-quantity={LOINC}|8480-6$ge120||mmHg", ["high", "odd"]),
        (f"Observation?component-code-value-quantity={LOINC}|8480-6$gt130|{UCUM}|mm[Hg]", ["high"]),
        (f"Observation?component-code-value-quantity={LOINC}|8480-6$gt17|{UCUM}|kPa", ["high"]),
        (f"Observation?component-code-value-quantity={LOINC}|$gt130", ["high", "odd"]),
        ("Observation?component-code-value-quantity=8480-6$gt130||kPa", []),
        ("Observation?component-code-value-quantity=other|8480-6$gt130", []),
        ("Observation?component-code-value-quantity=8480-6$gt130,8462-4$gt130", ["high", "odd"]),
        ("Observation?component-code-value-quantity=8480-6$gt100&component-code-value-quantity=8462-4$lt100", ["high"]),
        ("Observation?combo-code-value-quantity=8480-6$gt130,718-7$150", ["high", "hb"]),
        ("Observation?code-value-quantity=718-7$150", ["hb"]),
        ("Observation?code-value-quantity=8480-6$150", []),
        ("Observation?code-value-date=d\\$1$2026-01", ["day"]),
        ("Observation?code-value-date=d\\$1$gt2026-02", []),
        ("Observation?code-value-string=w$hello", ["word"]),
        ("Observation?code-value-string=w$Hello\\, world", ["word"]),
        ("Observation?code-value-concept=c$s|pos", ["positive"]),
        ("Observation?component-code-value-concept=x$pos", []),
        ("Observation?component-code-value-concept=y$pos", ["both"]),
        ("Observation?combo-code-value-concept=c$pos,x$neg", ["positive", "both"]),
        ("Observation?component-code-value-quantity:missing=false", ["high", "odd"]),
        ("Observation?component-code-value-quantity:missing=true&code=718-7", ["hb", "plain"]),
        ("Observation?code-value-quantity:missing=true&code=718-7", ["plain"]),
        ("DocumentReference?relationship=DocumentReference/d0$replaces", ["d1"]),
        ("DocumentReference?relationship=d0$appends", []),
        ("MolecularSequence?chromosome-variant-coordinate=2$gt3$lt10", ["m1"]),
        ("MolecularSequence?chromosome-variant-coordinate=2$5$80", []),
        ("MolecularSequence?chromosome-variant-coordinate=3$5$80", ["m2"]),
        ("MolecularSequence?chromosome-window-coordinate=2$10$20", ["m1"]),
    ],
)
def test_a_composite_finds_what_has_both_parts_in_one_element(filled: Store, address: str, expected: list[str]) -> None:
    assert sorted(filled.search(address)) == sorted(expected)


def test_an_update_takes_the_pairs_of_the_old_version_away(store: Store) -> None:
    store.put(observation("o", component=[pressure("8480-6", 150)]))
    store.put(observation("o", component=[pressure("8480-6", 110)]))
    assert store.search("Observation?component-code-value-quantity=8480-6$150") == []
    assert store.search("Observation?component-code-value-quantity=8480-6$110") == ["o"]


@pytest.mark.parametrize("text", ["8480-6", "8480-6$1$2", "8480-6$five", "$5", "8480-6$"])
def test_a_composite_value_with_a_part_that_cannot_be_read_is_refused(text: str) -> None:
    issues = parse("Observation", [("component-code-value-quantity", text)], Surroundings(0, ""))
    assert not isinstance(issues, Query)
    assert {issue.code for issue in issues} == {"search-value"}


def test_every_composite_of_r4_reads_what_plain_parameters_or_its_own_rows_hold() -> None:
    for kind in sorted(resource_types()):
        declared = {each.code for each in search_parameters(kind).values() if each.type == "composite"}
        assert set(composites(kind)) == declared
        lists = {param for parameter in parameters(kind).values() for param in parameter.params}
        for composite in composites(kind).values():
            for alternative in composite.alternatives:
                if alternative.repeating:
                    assert len(alternative.inner) == 2, composite.code
                else:
                    assert all(set(part.params) <= lists for part in alternative.parts), composite.code


def test_an_element_without_both_parts_makes_no_row() -> None:
    found = rows(observation("o", component=[{"code": coded(LOINC, "1")}]))
    own = {each.param for each in composites("Observation")["component-code-value-quantity"].alternatives}
    assert not own & {param for param, _ in found.keys}
