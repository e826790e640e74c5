"""OBX-5 as senders write it, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappers.datatypes.observation_value import QUALITATIVE, Beside, Reading, read
from mappers.datatypes.units import UCUM, Unit
from mappers.message import Delimiters, Segment, Value

G_L = {"unit": "g/L", "system": UCUM, "code": "g/L"}
MEASURED = Beside(
    Unit("g/L", "g/L"), True, lambda text: f"{text[:4]}-{text[4:6]}-{text[6:8]}" if text.isdigit() else None
)
BARE = Beside(None, False, MEASURED.date)


def value(raw: str) -> Value:
    return Value(Segment("OBX", "OBX|1", 0, 1, Delimiters()), 5, 1, raw)


def reading(kind: str, raw: str, beside: Beside = MEASURED) -> Reading:
    return read(kind, value(raw), beside)


def test_a_number_keeps_its_written_precision() -> None:
    found = reading("NM", "302.00")
    assert found.element == "valueQuantity"
    assert str(found.value["value"]) == "302.00"
    assert found.original == ""


@pytest.mark.parametrize(
    ("raw", "comparator", "number"),
    [("<0.01", "<", "0.01"), (">1000", ">", "1000"), ("≥60", ">=", "60"), ("＜5", "<", "5"), ("=<7.0", "<=", "7.0")],
)
@pytest.mark.parametrize("kind", ["NM", "ST", "", "ZZ"])
def test_a_comparator_is_split_off_and_the_text_kept(kind: str, raw: str, comparator: str, number: str) -> None:
    found = reading(kind, raw)
    assert found.value == {"value": Decimal(number), "comparator": comparator, **G_L}
    assert found.original == raw


def test_a_number_in_st_is_a_quantity_when_a_unit_or_a_range_stands_beside_it() -> None:
    assert reading("ST", "12345").element == "valueQuantity"
    assert reading("ST", "12345", BARE) == Reading("valueString", "12345")


def test_a_number_with_leading_zeros_in_st_is_a_text() -> None:
    assert reading("ST", "00123") == Reading("valueString", "00123")


def test_a_missing_obx_2_never_loses_the_text() -> None:
    assert reading("", "所见未见异常改变") == Reading("valueString", "所见未见异常改变")


def test_an_arrow_is_a_flag_and_not_a_part_of_the_number() -> None:
    found = reading("ST", "3.5↑")
    assert (found.value["value"], found.flag, found.original) == (Decimal("3.5"), "↑", "3.5↑")


@pytest.mark.parametrize(
    ("raw", "code", "flag"),
    [
        ("阴性(-)", "negative", "NEG"),
        ("阴性（－）", "negative", "NEG"),
        ("++", "2+", "POS"),
        ("±", "trace", ""),
        ("未见", "not-seen", ""),
    ],
)
def test_a_qualitative_word_is_coded_and_kept(raw: str, code: str, flag: str) -> None:
    found = reading("ST", raw)
    assert found.element == "valueCodeableConcept"
    assert found.value["text"] == raw
    assert [(c["system"], c["code"]) for c in found.value["coding"]] == [(QUALITATIVE, code)]
    assert found.flag == flag


def test_a_lone_hyphen_is_not_called_negative() -> None:
    assert reading("ST", "-") == Reading("valueString", "-")


def test_a_titre_is_a_ratio() -> None:
    found = reading("ST", "1:160")
    assert found.value == {"numerator": {"value": Decimal(1)}, "denominator": {"value": Decimal(160)}}
    assert found.original == "1:160"


def test_a_span_is_a_range_only_beside_a_unit() -> None:
    assert reading("ST", "3-5").element == "valueRange"
    assert reading("ST", "3-5", BARE) == Reading("valueString", "3-5")


def test_empty_components_behind_a_number_do_not_make_it_a_text() -> None:
    assert reading("NM", "2.6^^&&&&").value["value"] == Decimal("2.6")


def test_an_nm_that_is_no_number_stays_text_with_an_issue() -> None:
    found = reading("NM", "溶血")
    assert (found.element, found.value, found.issue) == ("valueString", "溶血", "value-type")


@pytest.mark.parametrize("raw", ["1,5", "1.2.3", "12 34", "5 mg", "NaN", "Infinity", "1_000", "٣", "--5"])
def test_what_is_almost_a_number_is_no_number(raw: str) -> None:
    assert reading("NM", raw).element == "valueString"


def test_findings_with_unescaped_separators_are_rejoined() -> None:
    assert reading("TX", "肝脏形态正常^未见异常 & 随访") == Reading("valueString", "肝脏形态正常^未见异常 & 随访")


@pytest.mark.parametrize(
    ("raw", "element"),
    [
        (">^100", "valueQuantity"),
        ("^1^:^160", "valueRatio"),
        ("^3^-^5", "valueRange"),
        ("^2^+", "valueString"),
        ("<>^5", "valueString"),
    ],
)
def test_sn_follows_its_separator(raw: str, element: str) -> None:
    found = reading("SN", raw)
    assert found.element == element
    assert raw in (found.original, found.value)


def test_a_null_has_no_value() -> None:
    assert reading("NM", '""').element == ""


def test_cq_brings_its_own_unit() -> None:
    assert reading("CQ", "5^mL").value == {"value": Decimal(5), "unit": "mL", "system": UCUM, "code": "mL"}


def test_an_impossible_date_stays_text_with_an_issue() -> None:
    assert reading("DT", "19900101").value == "1990-01-01"
    assert reading("DT", "上周") == Reading("valueString", "上周", issue="value-type")


@pytest.mark.parametrize(
    ("raw", "expected"), [("123045", "12:30:45"), ("1230", "12:30:00"), ("12:30:45.5", "12:30:45.5")]
)
def test_a_time_of_day(raw: str, expected: str) -> None:
    assert reading("TM", raw).value == expected


def test_a_time_that_does_not_exist_stays_text() -> None:
    assert reading("TM", "2561").element == "valueString"
