"""Results that say "below 5" are found by what is known of them (Quantity.comparator, search.html#prefix)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.fhir_server.conftest import Store, coded, observation

UCUM = "http://unitsofmeasure.org"
RESULTS = {
    "under": ("<", "5"),
    "upto": ("<=", "5"),
    "five": (None, "5"),
    "from": (">=", "5"),
    "over": (">", "5"),
}


def _result(name: str, comparator: str | None, value: str) -> dict[str, Any]:
    quantity = {"value": Decimal(value), "unit": "mg/L", "system": UCUM, "code": "mg/L"}
    return observation(
        name,
        code=coded("http://loinc.org", "1988-5"),
        valueQuantity=quantity | ({"comparator": comparator} if comparator else {}),
        component=[{"code": coded("http://loinc.org", "c"), "valueQuantity": quantity | {"comparator": "<"}}],
    )


@pytest.fixture(scope="module")
def results(module_store: Store) -> Store:
    module_store.put(*(_result(name, comparator, value) for name, (comparator, value) in RESULTS.items()))
    return module_store


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("5", "five"),
        ("eq5", "five"),
        ("ne5", "under upto from over"),
        ("lt5", "under upto"),
        ("le5", "under upto five"),
        ("ge5", "five from over"),
        ("gt5", "from over"),
        ("lt4", "under upto"),
        ("gt4", "under upto five from over"),
        ("gt6", "from over"),
        ("lt6", "under upto five from over"),
        ("sa4", "five from over"),
        ("eb5", "under"),
        ("ap5", "under upto five from over"),
        ("7", ""),
    ],
)
@pytest.mark.parametrize("unit", ["", "|http://unitsofmeasure.org|mg/L", "||mg/L"])
def test_a_result_with_a_comparator_is_a_range(results: Store, asked: str, found: str, unit: str) -> None:
    assert set(results.search(f"Observation?value-quantity={asked}{unit}")) == set(found.split())


def test_the_range_is_compared_in_other_units_too(results: Store) -> None:
    assert set(results.search(f"Observation?value-quantity=lt0.005|{UCUM}|g/L")) == {"under", "upto"}
    assert set(results.search(f"Observation?value-quantity=gt0.005|{UCUM}|g/L")) == {"from", "over"}


def test_composites_and_sorting_know_the_range(results: Store) -> None:
    assert set(results.search("Observation?code-value-quantity=1988-5$lt5")) == {"under", "upto"}
    assert set(results.search("Observation?component-code-value-quantity=c$5")) == set()
    assert set(results.search("Observation?component-code-value-quantity=c$lt5")) == set(RESULTS)
    order = results.search("Observation?_sort=value-quantity")
    assert set(order[:2]) == {"under", "upto"} and order[-1] == "over"
