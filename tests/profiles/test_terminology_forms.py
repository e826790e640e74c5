"""Codes are told by their form where their system is a grammar, a list of ISO, or carries a check digit."""

import pytest

from profiles.archive import core
from profiles.check_digits import is_loinc_code, is_snomed_code
from profiles.fhirpath.ucum import fault
from profiles.iso_codes import countries, iso_code_system
from profiles.terminology import display, system


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("73211009", True),
        ("73211008", False),
        ("900000000000207008", True),
        ("35901911000001104", True),
        ("276885007x", False),
        ("1", False),
        ("073211009", False),
        ("751689013", False),  # a description, not a concept
        ("73211009 |Diabetes mellitus|", True),
        ("84114007 : 363698007 = 80891009", True),
    ],
)
def test_a_snomed_code_is_a_concept_identifier_or_an_expression(code: str, holds: bool) -> None:
    assert is_snomed_code(code) is holds


@pytest.mark.parametrize(
    ("code", "holds"),
    [
        ("8310-5", True),
        ("8310-6", False),
        ("85354-9", True),
        ("2093-3", True),
        ("8310", False),
        ("LA6724-4", True),
        ("LL379-9", True),
        ("glucose", False),
    ],
)
def test_a_loinc_code_ends_in_its_check_digit(code: str, holds: bool) -> None:
    assert is_loinc_code(code) is holds


@pytest.mark.parametrize(
    ("code", "place"),
    [("mg/dL", None), ("fmm[Hg]", 1), ("mg/bar/zz", 8), ("kg/(m", 6), ("m m", 2), ("", 1), ("°C", 1), ("kPa.", 5)],
)
def test_a_wrong_unit_is_shown_where_it_fails(code: str, place: int | None) -> None:
    assert fault(code) == place


def test_every_unit_that_r4_lists_is_one() -> None:
    sets = core("value_sets")
    listed = {
        row["code"]
        for name in sets.places
        for part in sets.entry(name)["compose"].get("include", ())
        if part.get("system") == "http://unitsofmeasure.org"
        for row in part.get("concept", ())
    }
    assert len(listed) > 1300
    assert [code for code in listed if fault(code) is not None] == []


def test_countries_have_three_codes_and_currencies_one() -> None:
    found = system("urn:iso:std:iso:3166")
    assert found is not None
    assert {"CN", "CHN", "156"} <= found.concepts.keys()
    assert "QQ" not in found.concepts
    assert len(countries()) == 249
    assert display("urn:iso:std:iso:4217", "CNY") == "Yuan Renminbi"
    assert iso_code_system("http://example.org") is None


def test_r4_names_its_codes_in_other_languages() -> None:
    found = system("http://hl7.org/fhir/resource-types")
    assert found is not None
    assert any(each.get("language") == "zh" for each in found.concepts["Patient"]["designation"])
