"""Things of one message under one number: none takes the place of another."""

from __future__ import annotations

import pytest

from mappers import Mapped
from mappers.messages.told_apart import told_apart
from tests.mappers.sample import codes, dangling, message, resources, translate

PID = "PID|1||100200^^^^MRN||张三||19900101|M"
OBR = "OBR|1|P1|F1|50545-3^药敏^LN|||20260227090000||||||||||||||||||F"


def sent(type_: str, *segments: str) -> Mapped:
    done = translate(message(type_, PID, *segments))
    assert dangling(done) == set()
    assert not done.refused
    return done


@pytest.mark.parametrize(
    ("marks", "said", "values"),
    [
        (["甲"], [1], ["A"]),
        (["甲", "甲"], [1, 1], ["A", "A"]),
        (["甲", "乙"], [1, 2], ["A|甲", "A|乙"]),
        (["乙", "甲"], [2, 1], ["A|乙", "A|甲"]),
        (["甲", "甲"], [1, 2], ["A", "A|2"]),
        (["甲", "乙", "甲"], [1, 2, 3], ["A|甲", "A|乙", "A|甲|2"]),
    ],
)
def test_a_name_is_shared_by_what_says_the_same_alone(marks: list[str], said: list[int], values: list[str]) -> None:
    assert told_apart([("s", "A")] * len(marks), marks, said) == values


def test_equal_numbers_of_two_systems_are_two_names() -> None:
    assert told_apart([("s", "A"), ("t", "A")], ["甲", "乙"], [1, 2]) == ["A", "A"]


def test_two_panels_of_one_number_and_code_keep_their_own_results() -> None:
    one = [OBR, "OBX|1|NM|C1^环丙沙星^L||0.25|ug/mL||S|||F"]
    two = [OBR.replace("0227090000", "0228090000"), "OBX|1|NM|C1^环丙沙星^L||8|ug/mL||R|||F"]
    done = sent("ORU^R01", *one, *two)
    assert [len(report["result"]) for report in resources(done, "DiagnosticReport")] == [1, 1]
    assert sorted(str(each["valueQuantity"]["value"]) for each in resources(done, "Observation")) == ["0.25", "8"]
    again = sent("ORU^R01", *two, *one)
    assert {each.key for each in again.statements if each.key[0] == "Observation"} == {
        each.key for each in done.statements if each.key[0] == "Observation"
    }


def test_an_order_that_is_told_line_by_line_is_one_report_with_all_results() -> None:
    done = sent("ORU^R01", OBR, "OBX|1|NM|C1^甲^L||1||||||F", OBR, "OBX|1|NM|C1^甲^L||2||||||F", OBR, "NTE|1||完")
    (report,) = resources(done, "DiagnosticReport")
    assert len(report["result"]) == 2
    assert sorted(str(each["valueQuantity"]["value"]) for each in resources(done, "Observation")) == ["1", "2"]


def test_a_panel_that_is_sent_twice_stands_once() -> None:
    lines = [OBR, "OBX|1|NM|C1^甲^L||1||||||F"]
    assert len(resources(sent("ORU^R01", *lines, *lines), "Observation")) == 1


def test_a_vaccination_that_is_sent_twice_stands_once_with_its_observations() -> None:
    lines = ["ORC|RE|A1|F1", "RXA|0|1|20260301||08^乙肝^CVX|0.5", "OBX|1|ST|C1^反应^L||无||||||F"]
    done = sent("VXU^V04", *lines, *lines)
    assert (len(resources(done, "Immunization")), len(resources(done, "Observation"))) == (1, 1)


def test_questions_of_two_items_under_one_order_number_stand_side_by_side() -> None:
    order = ["ORC|NW|P9", "OBR|1|P9||CT1^头颅CT^L", "OBX|1|ST|Q1^妊娠^L||否||||||F"]
    other = ["ORC|NW|P9", "OBR|2|P9||CT2^胸部CT^L", "OBX|1|ST|Q1^妊娠^L||未知||||||F"]
    assert {each["valueString"] for each in resources(sent("ORM^O01", *order, *other), "Observation")} == {
        "否",
        "未知",
    }


@pytest.mark.parametrize(
    ("header", "obr", "place"),
    [
        ("Q", OBR, "MSH-11"),
        ("P", "OBR|1||6|00003^LJ QCR^99MRC||||||||||||||||||||HM", "OBR-4"),
    ],
)
def test_a_control_sample_is_nobodys_result_even_when_its_lot_stands_for_a_patient(
    header: str, obr: str, place: str
) -> None:
    read = message("ORU^R01", "PID|1||LOT1234^^^^MRN", obr, "OBX|1|NM|6690-2^WBC^LN||7.1|10*9/L|||||F")
    read.msh.fields[11] = header
    done = translate(read)
    assert [issue.location for issue in done.issues if issue.code == "quality-control"] == [place]
    assert (resources(done, "Patient"), resources(done, "Observation")) == ([], [])


@pytest.mark.parametrize(("number", "same"), [("2", False), ("9999", False), ("10000", True), ("R2", True)])
def test_what_an_analyser_counts_every_day_is_one_with_the_patient(number: str, same: bool) -> None:
    lines = ["OBR|1||" + number + "|BC^血球^L|||20260227090000||||||||||||||||||F", "OBX|1|NM|C1^甲^L||1||||||F"]
    ids = [
        {one.key for one in translate(message("ORU^R01", pid, *lines)).statements if one.key[0] == kind}
        for kind in ("DiagnosticReport", "Observation")
        for pid in (PID, PID.replace("100200", "100300"))
    ]
    assert (ids[0] == ids[1], ids[2] == ids[3]) == (same, same)


def test_a_sex_as_analysers_write_it_is_known() -> None:
    done = sent("ORU^R01", OBR, "OBX|1|NM|C1^甲^L||1||||||F")
    assert codes(done) == []
    for word, sex in (("Male", "male"), ("Female", "female"), ("Unknown", "unknown")):
        read = message("ORU^R01", PID.replace("|M", f"|{word}"), OBR, "OBX|1|NM|C1^甲^L||1||||||F")
        assert resources(translate(read), "Patient")[0]["gender"] == sex
