"""As many values and terms as the limits allow are answered, whatever the database makes of long statements."""

from __future__ import annotations

import pytest

from tests.fhir_server.conftest import Store, coded, observation, patient

MG = "http://unitsofmeasure.org|mg"


@pytest.fixture(scope="module")
def filled(module_store: Store) -> Store:
    quantity = {"value": 5, "system": "http://unitsofmeasure.org", "code": "mg"}
    module_store.put(patient("p", name=[{"family": "n7"}], birthDate="1990-01-01", gender="male"))
    module_store.put(
        observation("o", code=coded("s", "c7"), valueQuantity=quantity, subject={"reference": "Patient/p"})
    )
    return module_store


@pytest.mark.parametrize(
    ("address", "value", "found"),
    [
        ("Patient?name", "n{}", "p"),
        ("Patient?name:contains", "x{}", ""),
        ("Observation?code:text", "text {}", ""),
        ("Patient?birthdate", "eq{}-01-01", "p"),
        ("Patient?_lastUpdated", "lt{}", ""),
        ("Observation?value-quantity", "gt{}|" + MG, "o"),
        ("Observation?status=final&value-quantity", "{}|" + MG, "o"),
        ("Observation?subject:Patient.name", "n{}", "o"),
        ("Patient?_list", "{}", ""),
        ("Patient?_profile:below", "http://x/{}", ""),
        ("Observation?code-value-quantity", "c{}$gt1", "o"),
    ],
)
def test_many_values(filled: Store, address: str, value: str, found: str) -> None:
    years = value.startswith(("eq{}", "lt{}"))
    most = 900 if "$" in value else 1100
    listed = ",".join(value.format(1000 + number % 1000 if years else number) for number in range(most))
    assert filled.search(f"{address}={listed}") == ([found] if found else [])


@pytest.mark.parametrize("test", ["name eq n7", "birthdate gt 2000", "not (name eq n7)", "name co 7"])
@pytest.mark.parametrize("junction", ["or", "and"])
def test_filter_of_many_tests(filled: Store, test: str, junction: str) -> None:
    expected = ["p"] if test.startswith("name") else []
    assert filled.search("Patient?_filter=" + f" {junction} ".join([test] * 90)) == expected


@pytest.mark.parametrize("terms", range(2, 50, 3))
def test_filter_that_changes_between_and_and_or(filled: Store, terms: int) -> None:
    tests = [f"name eq n{number} {'or' if number % 2 else 'and'} gender eq male" for number in range(terms)]
    for junction in (" and ", " or "):
        whole = junction.join(tests)
        held: bool | None = None
        joined = ""
        for word in whole.replace("name eq ", "name=").replace("gender eq ", "gender=").split():
            if word in ("and", "or"):
                joined = word
                continue
            true = word in ("name=n7", "gender=male")
            held = true if held is None else held and true if joined == "and" else held or true
        assert filled.search(f"Patient?_filter={whole}") == (["p"] if held else [])


@pytest.mark.parametrize("depth", range(2, 20))
def test_filter_of_brackets_in_brackets(filled: Store, depth: int) -> None:
    whole = "name eq n7"
    for number in range(depth):
        whole = f"({whole} {'and' if number % 2 else 'or'} gender eq male)"
    assert filled.search(f"Patient?_filter={whole}") == ["p"]
    negated = "not (" * depth + "name eq n7" + ")" * depth
    assert filled.search(f"Patient?_filter={negated}") == (["p"] if depth % 2 == 0 else [])
