"""Datatypes: what is written stays as written; what is nothing is said to be nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mappers.datatypes.primitive import spaced
from mappers.datatypes.registry import REGISTRY
from mappers.draft import Draft
from mappers.site import Context, Site
from mappers.use import Use
from tests.mappers.sample import SITE, adt, message, only


def convert(datatype: str, text: str, table: str = "", site: Site = SITE) -> tuple[Any, Draft]:
    """The value of a field by a datatype, and the draft with its ledger (the value stands at `X/1#x`)."""
    read = message("ADT^A01", f"ZZZ|{text}")
    draft = Draft(read, Context(site, "2026-03-01T08:00:01+08:00", "urn:x"))
    segment = read.first("ZZZ")
    assert segment is not None
    use = Use(draft, segment.values(1)[0], "rule", table)
    found = REGISTRY[datatype](segment.values(1)[0], use)
    if found is not None:
        use.settle("X/1#x")
    return found, draft


def value(datatype: str, text: str, table: str = "") -> Any:
    return convert(datatype, text, table)[0]


def places(datatype: str, text: str, table: str = "") -> dict[str, str]:
    """v2 location → place or reason."""
    _, draft = convert(datatype, text, table)
    return {draft.message.locate(leaf): lines[0].path for leaf, lines in draft.ledger.lines.items()}


def test_a_chinese_name_in_one_component_is_text_only() -> None:
    assert value("XPN[HumanName]", "欧阳测试") == {"text": "欧阳测试"}


def test_what_stands_behind_a_whole_chinese_name_is_not_a_part_of_it() -> None:
    found, draft = convert("XPN[HumanName]", "测试患者^^^^^1")
    assert found == {"text": "测试患者"}
    assert len(draft.ledger.lines) == 1


def test_a_name_that_the_sender_split_has_family_and_given() -> None:
    assert value("XPN[HumanName]", "张^三") == {"family": "张", "given": ["三"], "text": "张三"}
    assert value("XPN[HumanName]", "Smith^Ann^B^Jr^Dr")["text"] == "Dr Ann B Smith Jr"


def test_a_latin_second_component_behind_a_chinese_name_is_its_pinyin() -> None:
    found = value("XPN[HumanName]", "测试患者^CSHZ")
    assert found["text"] == "测试患者"
    assert "given" not in found
    assert found["extension"][0]["valueString"] == "CSHZ"


def test_padding_inside_a_name_stays() -> None:
    assert value("XPN[HumanName]", "张  晋")["text"] == "张  晋"


def test_the_parts_of_a_surname_have_extensions_of_their_own() -> None:
    found = value("XPN[HumanName]", "Berg&van den&Berg&de&Wit^Ann^^^^^L")
    urls = [one["url"].rpartition("-own-")[2] or one["url"] for one in found["_family"]["extension"]]
    assert len(urls) == len({one["url"] for one in found["_family"]["extension"]}) == 4
    assert found["use"] == "official"


def test_a_chinese_address_is_text_and_its_use_is_coded() -> None:
    assert value("XAD[Address]", "某省某市某区^^^^100000^^H") == {
        "text": "某省某市某区",
        "postalCode": "100000",
        "use": "home",
    }


@pytest.mark.parametrize("text", ["无^^^^100000^^O", "同上", "^^^^^^H"])
def test_a_placeholder_or_a_bare_type_is_no_address_and_every_leaf_says_why(text: str) -> None:
    found, draft = convert("XAD[Address]", text)
    assert found is None
    (zzz,) = draft.message.all("ZZZ")
    assert set(zzz.leaves()) == set(draft.ledger.lines)


def test_a_latin_address_has_lines() -> None:
    found = value("XAD[Address]", "1 Road^Flat 2^Town^ST^12345^USA^M")
    assert found["line"] == ["1 Road", "Flat 2"]
    assert found["type"] == "postal"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("13800000000", {"value": "13800000000", "system": "phone"}),
        ("^^^^^^^^13800000000", {"value": "13800000000", "system": "phone"}),
        ("^^^^^^^^^^^13800000000", {"value": "13800000000", "system": "phone"}),
        ("^PRN^CP^^^^^^^^^13800000000", {"value": "13800000000", "system": "phone", "use": "mobile"}),
        ("^NET^Internet^a@example.com", {"value": "a@example.com", "system": "email"}),
        ("^WPN^FX^^^^^^^^^0579-1234567", {"value": "0579-1234567", "system": "fax", "use": "work"}),
    ],
)
def test_a_number_is_found_wherever_the_sender_put_it(text: str, expected: dict[str, str]) -> None:
    assert value("XTN[ContactPoint]", text) == expected


@pytest.mark.parametrize("text", ["^^^^^^^^无", "同上", "^PRN^PH"])
def test_no_number_is_no_contact_point(text: str) -> None:
    assert value("XTN[ContactPoint]", text) is None


def test_the_parts_of_a_number_make_its_value() -> None:
    found = value("XTN[ContactPoint]", "^PRN^PH^^86^010^1234567^9")
    assert found["value"] == "+86 010 1234567 X9"
    assert [one["valueString"] for one in found["extension"]] == ["86", "010", "1234567", "9"]


def test_a_mapped_code_comes_first_and_what_was_written_stays_beside_it() -> None:
    found = value("CWE[CodeableConcept]", "20^已婚", "MaritalStatus")
    assert [(one["system"].rpartition("/")[2], one["code"]) for one in found["coding"]] == [
        ("v3-MaritalStatus", "M"),
        ("urn:oid:2.16.156.10011.2.3.3.5", "20"),
    ]
    assert found["text"] == "已婚"


def test_an_unmapped_code_stays_as_it_came_and_goes_on_the_work_list() -> None:
    found, draft = convert("CWE[CodeableConcept]", "Q^怪^L", "MaritalStatus")
    assert found["coding"] == [
        {"system": "https://qiao-fhir.github.io/cmc/sid/T01/code/L", "code": "Q", "display": "怪"}
    ]
    assert [issue.code for issue in draft.issues] == ["code-unmapped"]
    assert list(draft._unmapped.values()) == [
        {"table": "MaritalStatus", "code": "Q", "text": "怪", "location": "ZZZ-1.1"}
    ]


def test_a_claim_of_loinc_that_fails_its_check_digit_is_a_local_code() -> None:
    found, draft = convert("CWE[CodeableConcept]", "1037^检查所见^LN")
    assert found["coding"][0]["system"].endswith("/T01/code/ZZZ-1")
    assert [issue.code for issue in draft.issues] == ["code-system-fake"]
    assert value("CWE[CodeableConcept]", "718-7^Hb^LN")["coding"][0]["system"] == "http://loinc.org"


def test_the_alternate_coding_is_a_second_coding() -> None:
    found = value("CWE[CodeableConcept]", "A^a^L^718-7^Hb^LN")
    assert [one["code"] for one in found["coding"]] == ["A", "718-7"]


def test_a_description_without_a_code_is_text() -> None:
    assert value("CWE[CodeableConcept]", "^发热") == {"text": "发热"}


@pytest.mark.parametrize(
    ("text", "expected"), [("男", "male"), ("2", "female"), ("F", "female"), ("9", "unknown"), ("X", None)]
)
def test_gender_is_mapped_or_absent_never_guessed(text: str, expected: str | None) -> None:
    assert value("CWE[code]", text, "AdministrativeSex") == expected


def test_an_impossible_date_is_left_out_said_and_still_open_for_the_provenance() -> None:
    found, draft = convert("DTM[date]", "19900230")
    assert found is None
    assert [issue.code for issue in draft.issues] == ["date-impossible"]
    assert draft.ledger.lines == {}


def test_a_component_that_is_null_is_dropped_with_a_reason() -> None:
    assert places("XPN[HumanName]", '张^三^""') == {
        "ZZZ-1.1": "X/1#x.family",
        "ZZZ-1.2": "X/1#x.given[0]",
        "ZZZ-1.3": "null-component",
    }


def test_the_ledger_names_the_place_of_every_component() -> None:
    assert places("CX[Identifier]", "12^^^TOWNSHIP^MR") == {
        "ZZZ-1.1": "X/1#x.value",
        "ZZZ-1.4": "X/1#x.assigner.display",
        "ZZZ-1.5": "X/1#x.type.coding[0].code",
    }


def test_control_characters_do_not_reach_a_string() -> None:
    assert value("ST[string]", "a\\X01\\b") == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(("text", "expected"), [("Y", True), ("N", False), ("?", None)])
def test_a_flag_is_yes_no_or_no_answer(text: str, expected: bool | None) -> None:
    assert value("ID[boolean]", text) is expected


def test_a_code_holds_no_white_space_but_single_blanks() -> None:
    assert spaced("  A \t B\u3000C ") == "A B C"
    concept = only(adt("A01", "PV1|1|I||||||||||||||||V1", "DG1|1||A  1 ^高血压"), "Condition")["code"]
    assert concept["coding"][0]["code"] == "A 1"


def test_the_word_of_a_site_for_how_often_is_its_code() -> None:
    found, _ = convert("RPT[Timing]", "每日三次", site=replace(SITE, codes={("RepeatPattern", "每日三次"): "TID"}))
    assert found["code"]["coding"][0]["code"] == "TID"
    assert found["code"]["text"] == "每日三次"


@pytest.mark.parametrize("meal", ["C", "CM", "CD", "CV"])
def test_nothing_stands_before_or_after_with_a_meal(meal: str) -> None:
    own = f"http://terminology.hl7.org/CodeSystem/v3-TimingEvent|{meal}"
    found, _ = convert("RPT[Timing]", "^^^^^^^餐^30^min", site=replace(SITE, codes={("EventRelatedPeriod", "餐"): own}))
    assert found == {"repeat": {"when": [meal]}}  # R4 tim-9
