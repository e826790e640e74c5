"""Vocabulary: the codes of the site first, then the table, else Unmapped; nobody guesses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappers.codes import Coded, Unmapped, lookup, table
from tests.mappers.sample import SITE

CLASS = "PatientClass[EncounterClass]"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def test_a_code_of_the_table_has_its_target() -> None:
    assert lookup(SITE, CLASS, "I") == Coded("IMP", "", ACT, "http://terminology.hl7.org/CodeSystem/v2-0004")


def test_a_code_of_the_site_goes_before_the_table() -> None:
    site = replace(SITE, codes={(CLASS, "I"): "AMB"})
    found = lookup(site, CLASS, "I")
    assert isinstance(found, Coded)
    assert (found.code, found.system) == ("AMB", ACT)


def test_a_site_may_name_a_code_outside_the_table_with_its_system() -> None:
    site = replace(SITE, codes={("MaritalStatus", "X"): "urn:oid:1.2.3|99"})
    assert lookup(site, "MaritalStatus", "X") == Coded("99", "", "urn:oid:1.2.3", "")


def test_a_code_nobody_knows_is_a_value_that_says_so() -> None:
    assert lookup(SITE, CLASS, "?") == Unmapped(CLASS, "?")


def test_local_words_for_the_patient_class_belong_to_sites_only() -> None:
    assert not {"住院", "门诊", "急诊", "T", "03"} & set(table(CLASS).codes)


@pytest.mark.parametrize(
    ("code", "target"), [("男", "male"), ("1", "male"), ("2", "female"), ("0", "unknown"), ("F", "female")]
)
def test_chinese_and_hl7_genders_are_known(code: str, target: str) -> None:
    found = lookup(SITE, "AdministrativeSex", code)
    assert isinstance(found, Coded)
    assert found.code == target


def test_an_unknown_table_is_an_error_of_ours() -> None:
    with pytest.raises(KeyError):
        table("NoSuchTable")
