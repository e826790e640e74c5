"""Check digits of Chinese identifiers, against published examples and against every single-digit slip."""

from datetime import date

import pytest

from profiles.identifiers import (
    ResidentId,
    id_check_character,
    loinc_valid,
    looks_like_resident_id,
    organisation_code_valid,
    resident_id,
    uscc_valid,
)

SYNTHETIC = "999999199001010016"


def test_the_number_of_the_standard_says_who_it_is() -> None:
    expected = ResidentId("11010519491231002X", "110105", date(1949, 12, 31), "female")
    assert resident_id("11010519491231002x") == expected


def test_a_synthetic_number_is_known_as_such() -> None:
    found = resident_id(SYNTHETIC)
    assert found is not None
    assert found.synthetic
    assert found.sex == "male"


def test_a_fifteen_digit_number_gets_century_and_check_digit() -> None:
    found = resident_id("110105491231002")
    assert found is not None
    assert found.value == "11010519491231002X"


@pytest.mark.parametrize(
    "value",
    ["", "999999199001010017", "99999919900101001", "99999919900231001" + id_check_character("99999919900231001"),
     "999999990231001", "９９９９９９199001010016", "999999199001010016 ", "X99999199001010016"],
)  # fmt: skip
def test_a_wrong_number_is_none(value: str) -> None:
    assert resident_id(value) is None


def test_a_birth_date_in_the_future_is_wrong_when_today_is_known() -> None:
    assert resident_id(SYNTHETIC, today=date(1989, 12, 31)) is None
    assert resident_id(SYNTHETIC, today=date(1990, 1, 1)) is not None


def test_every_slip_of_one_digit_is_noticed() -> None:
    for place in range(18):
        for digit in "0123456789":
            if digit != SYNTHETIC[place]:
                assert resident_id(SYNTHETIC[:place] + digit + SYNTHETIC[place + 1 :]) is None


def test_a_number_with_a_wrong_check_digit_still_looks_like_one() -> None:
    assert looks_like_resident_id("999999199001010017")
    assert not looks_like_resident_id("999999199013010017")


def test_a_unified_social_credit_code_is_checked() -> None:
    assert uscc_valid("91350100M000100Y43")
    assert not uscc_valid("91350100M000100Y44")
    assert not uscc_valid("91350100M000100I43")
    assert not uscc_valid("91350100M000100Y4")


def test_the_organisation_code_inside_a_credit_code_has_its_own_check() -> None:
    assert organisation_code_valid("M000100Y-4")
    assert organisation_code_valid("M000100Y4")
    assert not organisation_code_valid("M000100Y-5")
    assert not organisation_code_valid("M000100-4")


@pytest.mark.parametrize("code", ["2345-7", "15074-8", "8480-6", "8462-4", "85354-9", "4548-4"])
def test_real_loinc_codes_pass(code: str) -> None:
    assert loinc_valid(code)


@pytest.mark.parametrize("code", ["2345-8", "15074-0", "WBC", "8480", "12345678-1", "８480-6"])
def test_fake_loinc_codes_do_not(code: str) -> None:
    assert not loinc_valid(code)
