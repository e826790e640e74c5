"""Identifiers on their way out: whose number, of what kind, in which half, and what is declined."""

from __future__ import annotations

from typing import Any

import pytest

from mappers import systems
from mappers.outbound.datatypes import identifier
from mappers.outbound.receiver import kind_of_system, scope_of
from mappers.systems import SID
from tests.mappers.outbound_ask import ask, local

OID, UUID = "urn:oid:1.2.3", "urn:uuid:6b1f3c1e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ({"system": local("visit-card"), "value": "1"}, {1: "1", 5: "IDCARD"}),
        ({"system": local("visit-card", "C01"), "value": "1"}, {1: "1", 4: "COUNTY", 5: "IDCARD"}),
        ({"system": local("visit-card", "X9"), "value": "1"}, {1: "1", 4: "X9", 5: "IDCARD"}),
        (
            {"system": local("visit-card", "T01", "OLD"), "value": "1", "assigner": {"display": "OLD"}},
            {1: "1", 4: "OLD", 5: "IDCARD"},
        ),
        (
            {"system": local("visit-card", "C01"), "value": "1", "assigner": {"display": "COUNTY"}},
            {1: "1", 4: "COUNTY", 5: "IDCARD"},
        ),
        (
            {"system": local("visit-card", "C01"), "value": "1", "assigner": {"display": "elsewhere"}},
            {1: "1", 4: "COUNTY", 5: "IDCARD"},
        ),
        ({"system": local("mrn"), "value": "1"}, {1: "1"}),
        ({"system": systems.RESIDENT_ID, "value": "9"}, {1: "9", 5: "IDENTIFYNO"}),
        ({"system": OID, "value": "9"}, {1: "9", 4: {2: "1.2.3", 3: "ISO"}}),
        ({"system": OID, "value": "9", "assigner": {"display": "REG"}}, {1: "9", 4: {1: "REG", 2: "1.2.3", 3: "ISO"}}),
        ({"system": OID, "value": "9", "assigner": {"display": "1.2.3"}}, {1: "9", 4: {2: "1.2.3", 3: "ISO"}}),
        ({"system": UUID, "value": "9"}, {1: "9", 4: {2: UUID[9:], 3: "UUID"}}),
        ({"system": OID, "value": "9", "type": {"text": "card"}}, {1: "9", 4: {2: "1.2.3", 3: "ISO"}, 5: "card"}),
        ({"system": "http://x", "value": "9", "type": {"coding": [{"code": "DL"}]}}, {1: "9", 5: "DL"}),
        (
            {"system": "http://x", "value": "9", "period": {"start": "2020", "end": "2021"}},
            {1: "9", 7: "2020", 8: "2021"},
        ),
        ({"system": "http://x"}, None),
        ("9", None),
    ],
)
def test_a_number_names_who_gave_it_and_of_what_kind_it_is(number: Any, parts: dict[int, Any] | None) -> None:
    assert identifier.cx(number, ask()) == parts


def test_check_digits_stand_beside_the_number() -> None:
    told = [
        {"url": "http://hl7.org/fhir/StructureDefinition/identifier-checkDigit", "valueString": "7"},
        {"url": "http://hl7.org/fhir/StructureDefinition/namingsystem-checkDigit", "valueString": "M10"},
    ]
    number = {"system": "http://x", "value": "9", "extension": told}
    assert identifier.cx(number, ask()) == {1: "9", 2: "7", 3: "M10"}
    assert identifier.checked(number, 11) == {11: "7", 12: "M10"}


@pytest.mark.parametrize(
    ("kind", "number", "parts"),
    [
        ("placer-order", {"system": local("placer-order"), "value": "1"}, {1: "1"}),
        ("placer-order", {"system": local("placer-order", "C01"), "value": "1"}, {1: "1", 2: "COUNTY"}),
        ("filler-order", {"system": local("placer-order"), "value": "1"}, None),
        (
            "filler-order",
            {"system": OID, "value": "1", "type": {"coding": [{"code": "FILL"}]}},
            {1: "1", 3: "1.2.3", 4: "ISO"},
        ),
        ("placer-order", {"system": OID, "value": "1", "type": {"coding": [{"code": "FILL"}]}}, None),
        (
            "placer-group",
            {"system": OID, "value": "1", "type": {"coding": [{"code": "PGN"}]}},
            {1: "1", 3: "1.2.3", 4: "ISO"},
        ),
        (
            "filler-group",
            {"system": OID, "value": "1", "type": {"coding": [{"code": "FGN"}]}},
            {1: "1", 3: "1.2.3", 4: "ISO"},
        ),
        ("referral", {"system": "http://x", "value": "1"}, {1: "1"}),
        ("referral", {"system": local("number"), "value": "1"}, {1: "1"}),
        ("referral", "x", None),
    ],
)
def test_an_order_number_is_written_where_its_kind_stands(kind: str, number: Any, parts: Any) -> None:
    assert identifier.ei_of(kind)(number, ask()) == parts


def test_other_numbers_have_types_of_their_own() -> None:
    barcode = {"system": local("barcode", "C01"), "value": "B"}
    assert identifier.second(barcode, ask()) == {3: "B", 4: "COUNTY"}
    assert identifier.second({"system": "http://x", "value": "B"}, ask()) is None
    assert identifier.half(2, "filler-order")({"system": local("filler-order", "C01"), "value": "1"}, ask()) == {
        2: {1: "1", 2: "COUNTY"}
    }
    assert identifier.half(2, "filler-order")({"system": local("placer-order"), "value": "1"}, ask()) is None
    assert identifier.hd({"value": "X", "system": "s"}, ask()) == {1: "X"} and identifier.hd({}, ask()) is None
    assert identifier.hd({"system": "urn:ietf:rfc:3986", "value": OID}, ask()) == {2: "1.2.3", 3: "ISO"}
    assert identifier.number({"value": "X"}, ask()) == {1: "X"} and identifier.number({}, ask()) is None
    assert identifier.ssn({"system": systems.RESIDENT_ID, "value": "9"}, ask()) == {1: "9"}
    assert identifier.ssn({"system": "x", "value": "9"}, ask()) is None
    licence = {
        "type": {"coding": [{"code": "DL"}]},
        "value": "L",
        "assigner": {"display": "ZJ"},
        "period": {"end": "2030"},
    }
    assert identifier.licence(licence, ask()) == {1: "L", 2: "ZJ", 3: "2030"}
    assert identifier.licence({"value": "L"}, ask()) is None
    assert identifier.logical({"identifier": {"system": "x", "value": "1"}}, ask()) == {1: "1"}
    visit = identifier.of_kind("visit-no")
    assert visit({"system": local("visit-no"), "value": "V"}, ask()) == {1: "V"}
    assert visit({"system": local("visit-no"), "value": "V", "type": {"text": "住院号"}}, ask()) == {1: "V", 5: "VN"}


def test_a_system_tells_whose_number_it_is() -> None:
    scope = scope_of(local("mrn", "T01", "A/B"))
    assert scope is not None and (scope.institution, scope.foreign, scope.kind) == ("T01", "A/B", "mrn")
    short = scope_of(local("mrn"))
    assert short is not None and (short.institution, short.foreign, short.kind) == ("T01", "", "mrn")
    assert scope_of("urn:oid:1.2") is None and scope_of(f"{SID}/one") is None
    national = kind_of_system(systems.RESIDENT_ID)
    assert national is not None and national.name == "resident-id"
    assert kind_of_system("http://x") is None
