"""Names, addresses and telephones on their way out: what stands in which component."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import systems
from mappers.outbound.datatypes import person
from tests.mappers.outbound_ask import ask


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ({"text": "张三"}, {1: "张三"}),
        ({"family": "Lee", "given": ["Ann"]}, {1: "Lee", 2: "Ann"}),
        (
            {"family": "Lee", "given": ["Ann", "B", "C"], "suffix": ["Jr", "MD", "x"], "prefix": ["Dr", "Prof"]},
            {1: "Lee", 2: "Ann", 3: "B C", 4: "Jr", 5: "Dr Prof", 6: "MD", 14: "x"},
        ),
        (
            {"text": "Dr Lee B Jr", "given": ["B"], "prefix": ["Dr"], "suffix": ["Jr"]},
            {1: "Lee", 3: "B", 4: "Jr", 5: "Dr"},
        ),
        (
            {"text": "张三", "extension": [{"url": systems.PINYIN, "valueString": "ZhangSan"}]},
            {1: "张三", 2: "ZhangSan"},
        ),
        ({"text": "张三", "use": "nickname"}, {1: "张三", 7: "N"}),
        ({"use": "official"}, None),
        ("张三", None),
    ],
)
def test_a_name_stands_in_its_parts(name: Any, parts: dict[int, str] | None) -> None:
    assert person.human_name(name, ask()) == parts


def test_what_is_said_about_a_name_stands_in_other_places_of_a_person() -> None:
    order = {"url": "http://hl7.org/fhir/StructureDefinition/humanname-assembly-order", "valueCode": "F"}
    name = {"text": "x", "use": "old", "extension": [order], "period": {"start": "2020", "end": "2021"}}
    assert person.human_name(name, ask()) == {1: "x", 7: "BAD", 11: "F", 12: "2020", 13: "2021"}
    facts = person.name_facts(name, ask(), person.XCN)
    assert facts == {10: facts[10], 18: "F", 19: "2020", 20: "2021"} and facts[10]
    assert person.name_facts(name, ask(version="2.4"), person.XCN)[17] == {1: "2020", 2: "2021"}
    own = {"family": "Berg", "given": ["A"], "_family": {"extension": []}}
    own["_family"] = {
        "extension": [
            {"url": f"http://hl7.org/fhir/StructureDefinition/humanname-{part}", "valueString": text}
            for part, text in (
                ("own-prefix", "van"),
                ("own-name", "Berg"),
                ("partner-prefix", "de"),
                ("partner-name", "X"),
            )
        ]
    }
    assert person.human_name(own, ask())[1] == {1: "Berg", 2: "van", 3: "Berg", 4: "de", 5: "X"}  # type: ignore[index]
    assert person.name_string("张三", ask()) == {1: "张三"} and person.name_string("", ask()) is None


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ({"text": "青禾"}, {1: "青禾"}),
        ({"text": "青禾", "line": ["云溪", "1号"]}, {1: "青禾", 2: "云溪", 19: "1号"}),
        ({"text": "青禾", "line": ["云溪", "1号", "2室"]}, {1: "青禾", 2: "云溪", 19: "1号 2室"}),
        ({"line": ["a", "b", "c"]}, {1: "a", 2: "b", 19: "c"}),
        ({"line": ["a", "b", "c", "d"]}, {1: {1: "a", 2: "b"}, 2: "c", 19: "d"}),
        ({"line": ["a", "b", "c", "d", "e", "f"]}, {1: {1: "a", 2: "b", 3: "c"}, 2: "d", 19: "e f"}),
        (
            {"city": "X", "state": "Y", "postalCode": "1", "country": "CHN", "district": "Z"},
            {3: "X", 4: "Y", 5: "1", 6: "CHN", 9: "Z"},
        ),
        ({"use": "home", "city": "X"}, {3: "X", 7: "H"}),
        ({"type": "postal", "city": "X"}, {3: "X", 7: "M"}),
        ({"use": "home"}, None),
        ("x", None),
        ({"city": "X", "period": {"start": "2020", "end": "2021"}}, {3: "X", 13: "2020", 14: "2021"}),
    ],
)
def test_an_address_stands_in_its_parts(where: Any, parts: dict[int, Any] | None) -> None:
    assert person.address(where, ask()) == parts


def test_extensions_of_an_address_have_places_of_their_own() -> None:
    tract = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-ADXP-censusTract", "valueString": "9876"}
    use = {"url": "http://hl7.org/fhir/StructureDefinition/iso21090-AD-use", "valueCode": "HV"}
    found = person.address(
        {"line": ["a"], "_line": [None, {"extension": [tract]}], "extension": [use], "use": "home"}, ask()
    )
    assert found == {1: "a", 7: "HV", 10: "9876"}
    old = person.address({"city": "X", "period": {"start": "2020"}}, ask(version="2.4"))
    assert old == {3: "X", 12: {1: "2020"}}


EXT = "http://hl7.org/fhir/StructureDefinition/contactpoint-"


def phone(**parts: str) -> list[dict[str, str]]:
    return [{"url": EXT + name, "valueString": text} for name, text in parts.items()]


@pytest.mark.parametrize(
    ("told", "parts"),
    [
        ({"system": "phone", "value": "1"}, {1: "1"}),
        ({"system": "phone", "use": "mobile", "value": "1"}, {1: "1", 3: "CP"}),
        ({"system": "phone", "use": "work", "value": "1"}, {1: "1", 2: "WPN"}),
        ({"system": "email", "value": "a@b"}, {3: "Internet", 4: "a@b"}),
        ({"system": "fax", "value": "1"}, {1: "1", 3: "FX"}),
        ({"system": "phone", "value": "1", "rank": 2, "period": {"start": "2026"}}, {1: "1", 13: "2026", 18: "2"}),
        (
            {"value": "+86 571 12 X6", "extension": phone(country="86", area="571", local="12", extension="6")},
            {5: "86", 6: "571", 7: "12", 8: "6"},
        ),
        ({"value": "12", "extension": phone(local="12")}, {7: "12"}),
        ({"value": "9", "extension": phone(area="571")}, {1: "9", 6: "571"}),
        ({"system": "phone"}, None),
        ("1", None),
    ],
)
def test_a_telephone_stands_where_it_is_read(told: Any, parts: dict[int, str] | None) -> None:
    assert person.contact_point(told, ask()) == parts
