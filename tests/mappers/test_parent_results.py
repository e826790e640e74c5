"""Susceptibilities belong to their organism, and say so."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import Mapped
from tests.mappers.sample import dangling, message, resources, translate

PID = "PID|1||100200^^^^MRN||张三||19900101|M"
CULTURE = (
    "OBR|1|P1|F1|600-7^血培养^LN|||20260227090000||||||||||||||||||F",
    "OBX|1|CE|600-7^细菌^LN|1|EC^大肠埃希菌^L||||||F",
    "OBX|2|CE|600-7^细菌^LN|2|SA^金黄色葡萄球菌^L||||||F",
)
MIC = "OBX|1|SN|18906-8^环丙沙星^LN||{}|ug/mL||{}|||F"


def panel(sub_id: str, organism: str, parent: str = "P1^F1") -> str:
    return (
        f"OBR|2|P1|F1|50545-3^药敏^LN|||20260227090000||||||||||||||||||F|600-7&细菌&LN^{sub_id}^{organism}|||{parent}"
    )


def sent(*segments: str) -> Mapped:
    done = translate(message("ORU^R01", PID, *segments))
    assert dangling(done) == set()
    return done


def named(done: Mapped, text: str) -> list[dict[str, Any]]:
    return [one for one in resources(done, "Observation") if one["code"]["text"] == text]


def test_each_susceptibility_names_its_organism_and_is_a_member_of_it() -> None:
    done = sent(
        *CULTURE,
        panel("1", "大肠埃希菌"),
        MIC.format("<=^0.25", "S"),
        panel("2", "金黄色葡萄球菌"),
        MIC.format(">^8", "R"),
    )
    coli, aureus = named(done, "细菌")
    sensitive, resistant = named(done, "环丙沙星")
    for organism, found, name in ((coli, sensitive, "大肠埃希菌"), (aureus, resistant, "金黄色葡萄球菌")):
        assert found["derivedFrom"] == [{"reference": f"Observation/{organism['id']}", "display": name}]
        assert organism["hasMember"] == [{"reference": f"Observation/{found['id']}"}]
    assert (str(sensitive["valueQuantity"]["value"]), str(resistant["valueQuantity"]["value"])) == ("0.25", "8")
    assert len(resources(done, "DiagnosticReport")) == 3


def test_a_susceptibility_that_is_sent_again_alone_is_the_one_that_was_sent_with_others() -> None:
    both = sent(*CULTURE, panel("1", "大肠埃希菌"), MIC.format("<=^0.25", "S"), panel("2", "x"), MIC.format(">^8", "R"))
    alone = sent(panel("2", "x"), MIC.format(">^16", "R"))
    (again,) = named(alone, "环丙沙星")
    assert again["id"] == named(both, "环丙沙星")[1]["id"]


def test_without_its_text_the_organism_is_named_by_its_result() -> None:
    (found,) = named(sent(*CULTURE, panel("2", ""), MIC.format(">^8", "R")), "环丙沙星")
    assert found["derivedFrom"][0]["display"] == "金黄色葡萄球菌"


def test_an_organism_that_another_message_told_is_named_by_its_text() -> None:
    (found,) = named(sent(panel("1", "大肠埃希菌"), MIC.format("<=^0.25", "S")), "环丙沙星")
    assert found["derivedFrom"] == [{"display": "大肠埃希菌"}]


@pytest.mark.parametrize("parent", ["P7^F7", "P7"])
def test_a_result_of_another_order_is_no_parent(parent: str) -> None:
    (found,) = named(sent(*CULTURE, panel("1", "", parent), MIC.format("<=^0.25", "S")), "环丙沙星")
    assert "derivedFrom" not in found


def test_of_two_that_would_do_none_is_taken() -> None:
    twice = CULTURE[1].replace("EC^大肠埃希菌", "PM^变形杆菌")
    (found,) = named(sent(*CULTURE, twice, panel("1", ""), MIC.format("<=^0.25", "S")), "环丙沙星")
    assert "derivedFrom" not in found
