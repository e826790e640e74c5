"""Laws of the machinery under the translations: what a row, a condition, a memory or a header may not get wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.er7 import parse
from mappers import Institution, engine
from mappers.condition import ConditionError
from mappers.condition import parse as read_condition
from mappers.draft import Draft
from mappers.ledger import Again, Ledger, Line, SameLine
from mappers.message import Delimiters, Leaf
from mappers.rows import Row
from mappers.site import Context
from mappers.site_number import number_of
from tests.mappers.sample import SITE, adt, line, message, only, resources, translate

CONTEXT = Context(SITE, "2026-03-01T08:00:01+08:00", "urn:qiao:message:t:1")


RESULT = "OBX|1|NM|T01^体温^L||36.5|Cel|36-37|N|||F|||20260301080000|LAB^检验科^L|0002^医师"


def row(number: str, **fields: str) -> Row:
    name, _, field = number.partition("-")
    known = {"id": f"{name}[Patient]#{number}", "origin": "qiao: x", "source": f"{name}-{field.rstrip('abc.')}"}
    return Row(**{**dict.fromkeys(Row._fields, ""), **known, **fields})


def applied(rows: tuple[Row, ...], segment: str) -> tuple[dict[str, Any], dict[tuple[int, ...], list[Line]]]:
    read = message("ADT^A01", segment)
    draft = Draft(read, CONTEXT)
    sheet = draft.resource("Patient", "1")
    found = read.first("ZZZ")
    assert found is not None
    engine.compile_rows(rows)(found, sheet, draft, {})
    return sheet.body, {leaf[1:]: lines for leaf, lines in draft.ledger.lines.items()}


def holds(text: str, *segments: str) -> bool:
    read = message("ADT^A01", *segments)
    return read_condition(text, 0)(read.segments[1], None, Draft(read, CONTEXT))


def test_the_item_of_the_segment_and_the_item_of_a_field_are_two() -> None:
    rows = (
        row("ZZZ-1", target="contact[].gender", datatype="ST[string]"),
        row("ZZZ-2", target="contact[:].relationship", datatype="ST[string]"),
        row("ZZZ-3", target="contact[:].period", datatype="ST[string]"),
    )
    body, _ = applied(rows, "ZZZ|x|y|z")
    assert body["contact"] == [{"gender": "x"}, {"relationship": "y", "period": "z"}]


def test_a_constant_stands_beside_a_value_at_a_fixed_place() -> None:
    rows = (
        row("ZZZ-1", target="address[0].text", datatype="ST[string]"),
        row("ZZZ-1.b", target="address[0].use", value="home"),
    )
    assert applied(rows, "ZZZ|a street")[0]["address"] == [{"text": "a street", "use": "home"}]


def test_a_constant_stands_at_a_fixed_place_that_another_field_made() -> None:
    rows = (
        row("ZZZ-1", target="address[0].text", datatype="ST[string]"),
        row("ZZZ-2", target="address[0].city", datatype="ST[string]"),
        row("ZZZ-2.b", target="address[0].use", value="home"),
    )
    assert applied(rows, "ZZZ|a street|Town")[0]["address"] == [{"text": "a street", "city": "Town", "use": "home"}]


def test_who_writes_into_a_plain_value_writes_into_no_later_message() -> None:
    rows = (row("ZZZ-3", target="generalPractitioner[]", datatype="XCN[Practitioner]"),)
    for _ in range(4):
        body, _ = applied(rows, "ZZZ|||7^医师")
        assert body["generalPractitioner"][0]["display"] == "医师"
        body["generalPractitioner"][0]["display"] = "changed"


@pytest.mark.parametrize(
    "text",
    [
        "IF ZZZ-1 AND ZZZ-2 OR ZZZ-3 VALUED",
        "IF ZZZ-1 VALUED ZZZ-2 VALUED",
        "IF ZZZ-1 NOT ZZZ-2 VALUED",
        "IF COUNT GREATER THAN 1",
    ],
)
def test_a_condition_that_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(ConditionError):
        read_condition(text, 0)


@pytest.mark.parametrize(
    ("text", "segments", "expected"),
    [
        ('IF PV1-3.4 EQUALS "H"', ("ZZZ|1", "PV1|1|I|w^r^b^H"), True),
        ('IF PV1-3.4.2 EQUALS "H"', ("ZZZ|1", "PV1|1|I|w^r^b^x&H"), True),
        ('IF PV1-3.4 EQUALS "w"', ("ZZZ|1", "PV1|1|I|w^r^b^H"), False),
        ('IF PV1-3.4 EQUALS "H"', ("ZZZ|1",), False),
        ("IF ZZZ-2 COUNT GREATER THAN 1", ("ZZZ|1|a~b",), True),
        ("IF ZZZ-2 COUNT GREATER THAN 1", ("ZZZ|1|a",), False),
        ("IF ZZZ-2 COUNT LESS THAN 1", ("ZZZ|1",), True),
        ("IF PV1-2 COUNT EQUALS 0", ("ZZZ|1",), True),
    ],
)
def test_a_condition_looks_into_another_segment_and_counts(
    text: str, segments: tuple[str, ...], expected: bool
) -> None:
    assert holds(text, *segments) is expected


def test_a_message_that_names_no_event_has_none() -> None:
    assert message("ADT", "PID|1").event == ""
    assert message("ADT", "EVN|A08", "PID|1").event == "A08"
    assert message("ADT^A01", "EVN|A08", "PID|1").event == "A01"


def test_texts_of_one_site_that_are_delimited_otherwise_have_a_number_of_their_own() -> None:
    usual, other = Delimiters(), Delimiters(component="$")
    assert number_of(SITE, usual) == number_of(SITE, usual)
    assert number_of(SITE, usual) != number_of(SITE, other)
    assert number_of(SITE, usual) != number_of(replace(SITE), usual)


def test_a_text_that_was_read_is_read_anew_under_other_delimiters() -> None:
    head = "MSH|{}~\\&|HIS|TOWNSHIP|QIAO|C01|20260301080000||ADT{}A01|M1|P|2.4"
    text = "\r".join((head, "EVN|A01", "PID|1||1||张三", "PV1|1|T|||||D1^x$李"))
    for _ in range(3):
        for sign, number in (("^", "D1"), ("$", "D1^x")):
            read = parse(text.format(sign, sign)).message
            assert read is not None
            (found,) = resources(translate(read), "Practitioner")
            assert found["identifier"][0]["value"] == number


def test_the_country_of_the_sender_is_said_where_it_stands() -> None:
    text = "MSH|^~\\&|HIS|TOWNSHIP|QIAO|C01|20260301080000||ADT^A01|M1|P|2.4|||||CHN\rEVN|A01\rPID|1||1^^^^MRN||张三"
    read = parse(text).message
    assert read is not None
    mapped = translate(read)
    ((_, said),) = [one for one in mapped.ledger.rows(read) if one[0] == "MSH-17"]
    kind, identity = said.path.partition("#")[0].split("/")
    house = next(one for one in resources(mapped, kind) if one["id"] == identity)
    assert said.path.partition("#")[2] == "address[0].country"
    assert house["address"][0]["country"]


def test_visits_of_two_strangers_with_one_number_are_two() -> None:
    found = {
        only(adt("A01", line("PV1", {1: "1", 2: "T", 19: f"V1^^^{house}"})), "Encounter")["id"]
        for house in ("NOWHERE", "ELSEWHERE", "")
    }
    assert len(found) == 3


def test_the_code_of_a_test_is_not_the_code_of_a_section() -> None:
    pid = "PID|1||1^^^^MRN||张三"
    order = only(translate(message("ORM^O01", pid, "ORC|NW|A1", "OBR|1|A1||CG^Some test^L")), "ServiceRequest")
    told = only(translate(message("ORM^O01", pid, "ORC|NW|A1", "OBR|1|A1||T1^Some test^L^CG")), "ServiceRequest")
    assert "CG" not in str(order.get("category"))
    assert "CG" in str(told["category"])


def test_a_house_says_its_role_its_level_and_its_category() -> None:
    house = Institution("T01", "测试镇卫生院", "township", role="member", category="C2")
    site = replace(SITE, institutions={**SITE.institutions, "T01": house})
    (found,) = [one for one in resources(adt("A01", site=site), "Organization") if "extension" in one]
    said = {one["url"].rpartition("/")[2]: one["valueCoding"]["code"] for one in found["extension"]}
    assert said == {"consortium-role": "member", "organization-level": "township"}
    assert found["type"][0]["coding"][0]["code"] == "C2"


def test_what_is_said_of_a_leaf_later_stands_behind_what_was_said_of_the_segment_at_once() -> None:
    ledger = Ledger()
    same = SameLine(3, 1, 1, 1, "stored", "#code.coding[0].code", "OBX-3")
    ledger.again[2] = Again("Observation/1", (same, same._replace(path="Device/9#identifier[0]")), ())
    ledger.note(Leaf(2, 3, 1, 1, 1), "coded", "Observation/1#category", "later")
    ledger.note(Leaf(1, 3, 1, 1, 1), "stored", "Patient/1#id", "elsewhere")
    assert [one.path for one in ledger.lines[Leaf(2, 3, 1, 1, 1)]] == [
        "Observation/1#code.coding[0].code",
        "Device/9#identifier[0]",
        "Observation/1#category",
    ]
    assert [one.path for one in ledger.lines[Leaf(1, 3, 1, 1, 1)]] == ["Patient/1#id"]


def test_the_ledger_of_a_result_names_the_resource_of_its_own_patient() -> None:
    for number in ("A1", "A2", "A3", "A4"):
        read = message("ORU^R01", f"PID|1||P{number}^^^^MRN||张三", f"OBR|1|{number}||L01^生化^L", RESULT)
        mapped = translate(read)
        ids = {f"{one['resourceType']}/{one['id']}" for one in (stated.resource for stated in mapped.statements)}
        assert {said.path.partition("#")[0] for _, said in mapped.ledger.rows(read) if said.outcome != "dropped"} <= ids
