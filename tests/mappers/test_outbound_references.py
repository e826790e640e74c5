"""References on their way out: the doctor, the institution or the place that they refer to."""

from __future__ import annotations

from typing import Any

from mappers import systems
from mappers.outbound.datatypes import reference
from tests.mappers.outbound_ask import ask, local

V2 = "http://terminology.hl7.org/CodeSystem/v2-"
OID, UUID = "urn:oid:1.2.3", "urn:uuid:6b1f3c1e-0000-4000-8000-000000000001"


DOCTOR = {
    "resourceType": "Practitioner",
    "id": "d",
    "identifier": [{"system": local("practitioner", "C01"), "value": "7", "type": {"coding": [{"code": "NPI"}]}}],
    "name": [{"text": "王医生"}, {"text": "王主任"}],
    "qualification": [{"code": {"coding": [{"system": f"{V2}0360", "code": "MD"}]}}],
}
ROLE = {
    "resourceType": "PractitionerRole",
    "id": "r",
    "practitioner": {"reference": "Practitioner/d"},
    "organization": {"reference": "Organization/c"},
}
COUNTY = {
    "resourceType": "Organization",
    "id": "c",
    "identifier": [{"system": systems.USCC, "value": "12999"}, {"system": systems.INSTITUTION, "value": "C01"}],
    "name": "测试县人民医院",
    "alias": ["县医院"],
}
OTHER = {
    "resourceType": "Organization",
    "id": "o",
    "identifier": [{"system": local("organization", "T01", "MED"), "value": "33", "type": {"text": "机构"}}],
    "name": "医保局",
}


def ref(kind: str, name: str, **more: str) -> dict[str, str]:
    return {"reference": f"{kind}/{name}", **more}


def test_a_doctor_is_told_with_number_name_and_degree() -> None:
    whole = {1: "7", 2: "王医生", 7: "MD", 9: "COUNTY", 13: "NPI"}
    assert reference.xcn(ref("Practitioner", "d"), ask(DOCTOR)) == whole
    assert reference.xcn(ref("PractitionerRole", "r"), ask(DOCTOR, ROLE)) == whole
    assert reference.xcn(ref("Practitioner", "d", display="王主任"), ask(DOCTOR)) == {**whole, 2: "王主任"}
    assert reference.xcn(ref("Practitioner", "gone", display="李医生"), ask()) == {2: "李医生"}
    assert reference.xcn({"display": "李医生"}, ask()) == {2: "李医生"}
    assert reference.xcn(ref("Organization", "c", display="县医院"), ask()) is None
    assert reference.xcn(ref("Organization", "c"), ask(COUNTY)) is None
    assert reference.cnn(ref("Practitioner", "d"), ask(DOCTOR)) == {1: "7", 2: "王医生", 9: "COUNTY"}
    assert reference.ndl(ref("Practitioner", "d"), ask(DOCTOR)) == {1: {1: "7", 2: "王医生", 9: "COUNTY"}}
    assert reference.ndl(ref("Practitioner", "x"), ask()) is None
    oid = {**DOCTOR, "identifier": [{"system": OID, "value": "7", "assigner": {"display": "REG"}}]}
    assert reference.cnn(ref("Practitioner", "d"), ask(oid)) == {1: "7", 2: "王医生", 9: "REG", 10: "1.2.3", 11: "ISO"}
    words = {**DOCTOR, "qualification": [{"code": {"coding": [{"code": "??"}]}}, {"code": {"text": "护师"}}]}
    assert reference.xcn(ref("Practitioner", "d"), ask(words))[7] == "护师"  # type: ignore[index]


def test_an_institution_is_told_as_the_receiver_calls_it() -> None:
    assert reference.xon(ref("Organization", "c"), ask(COUNTY)) == {1: "县医院", 10: "COUNTY"}
    assert reference.xon(ref("Organization", "c"), ask(COUNTY, version="2.4")) == {1: "县医院", 3: "COUNTY"}
    assert reference.xon(ref("PractitionerRole", "r"), ask(ROLE, COUNTY)) == {1: "县医院", 10: "COUNTY"}
    assert reference.xon(ref("Organization", "o"), ask(OTHER)) == {1: "医保局", 6: "MED", 7: "机构", 10: "33"}
    assert reference.xon(ref("Organization", "gone", display="院"), ask()) == {1: "院"}
    assert reference.xon(ref("Practitioner", "d", display="人"), ask()) is None
    assert reference.producer(ref("Organization", "c"), ask(COUNTY)) == {1: "COUNTY", 2: "测试县人民医院"}
    assert reference.producer(ref("Organization", "o"), ask({**OTHER, "name": "33"})) == {1: "33"}
    assert reference.producer(ref("Organization", "gone"), ask()) is None
    assert reference.hd_organization(ref("Organization", "c"), ask(COUNTY)) == {1: "县医院"}
    foreign = {**OTHER, "identifier": [{"system": "urn:ietf:rfc:3986", "value": OID}]}
    assert reference.hd_organization(ref("Organization", "o"), ask(foreign)) == {1: "医保局", 2: "1.2.3", 3: "ISO"}
    own = {**OTHER, "identifier": [{"system": systems.local("T01", "universal-id", "L"), "value": "u"}]}
    assert reference.hd_organization(ref("Organization", "o"), ask(own)) == {1: "医保局", 2: "u", 3: "L"}
    assert reference.hd_organization(ref("Organization", "gone"), ask()) is None


def place(identity: str, kind: str, value: str, **more: Any) -> dict[str, Any]:
    physical = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": kind}]}
    number = {"system": local("location"), "value": value}
    return {
        "resourceType": "Location",
        "id": identity,
        "identifier": [number],
        "physicalType": physical,
        "name": value,
        **more,
    }


def test_a_place_is_told_from_the_bed_to_the_building() -> None:
    house, ward = place("h", "bu", "B1"), place("w", "wa", "0401", partOf=ref("Location", "h"))
    room = place("ro", "ro", "01", partOf=ref("Location", "w"), name="0401-01")
    bed = place("b", "bd", "02", partOf=ref("Location", "ro"), description="靠窗")
    whole = {1: "0401", 2: "01", 3: "02", 7: "B1", 9: "靠窗"}
    assert reference.pl(ref("Location", "b"), ask(house, ward, room, bed)) == whole
    elsewhere = {**ward, "identifier": [{"system": local("location", "C01"), "value": "0401"}], "partOf": {}}
    assert reference.pl(ref("Location", "w"), ask(elsewhere)) == {1: "0401", 4: "COUNTY"}
    department = {"resourceType": "Location", "id": "d", "identifier": [{"system": "x", "value": "03"}], "name": "内科"}
    assert reference.pl(ref("Location", "d"), ask(department)) == {4: "03", 5: "内科"}
    assert reference.pl(ref("Location", "gone", display="大厅"), ask()) == {1: "大厅"}
    assert reference.hd_location(ref("Location", "d"), ask(department)) == {1: "03"}
    assert reference.hd_location(ref("Location", "gone"), ask()) is None
    assert reference.dld(ref("Location", "d"), ask(department)) == {1: {1: "03", 2: "内科"}}
    assert reference.dld(ref("Location", "w"), ask(ward)) == {1: "0401"} and reference.dld({}, ask()) is None
    device = {"resourceType": "Device", "id": "v", "identifier": [{"value": "BC"}], "deviceName": [{"name": "迈瑞"}]}
    assert reference.device(ref("Device", "v"), ask(device)) == {1: "BC", 2: "迈瑞"}
    assert reference.device(ref("Device", "x"), ask()) is None


def test_somebody_without_a_number_or_a_name_is_told_as_far_as_he_is_known() -> None:
    nameless = {"resourceType": "Organization", "id": "n"}
    assert reference.xon(ref("Organization", "n"), ask(nameless)) is None
    numbered = {**nameless, "identifier": [{"value": "5"}]}
    found = reference.xon(ref("Organization", "n"), ask(numbered))
    assert found is not None and set(found.values()) == {"5"}
    assert reference.hd_organization(ref("Organization", "n"), ask(nameless)) is None
    nobody = {"resourceType": "Practitioner", "id": "p"}
    assert reference.xcn(ref("Practitioner", "p"), ask(nobody)) is None
    assert reference.xcn(ref("Practitioner", "p"), ask({**nobody, "identifier": [{"value": "5"}]})) == {1: "5"}
