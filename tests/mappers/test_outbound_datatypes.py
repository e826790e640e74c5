"""One value at a time on its way out: what stands in which component, and what is declined."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappers import systems
from mappers.outbound import Envelope, Pool, Receiver
from mappers.outbound.ask import Ask
from mappers.outbound.datatypes import coded, header, identifier, moment, person, primitive, reference, timing
from mappers.outbound.datatypes.registry import REGISTRY
from mappers.outbound.receiver import Work, kind_of_system, scope_of
from mappers.outbound.tree import Built, escaped
from mappers.systems import SID
from tests.mappers.sample import SITE

V2 = "http://terminology.hl7.org/CodeSystem/v2-"
OID, UUID = "urn:oid:1.2.3", "urn:uuid:6b1f3c1e-0000-4000-8000-000000000001"


def ask(*pool: dict[str, Any], field: str = "OBX-5", vocabulary: str = "", version: str = "2.5.1") -> Ask:
    work = Work(Receiver(SITE, version), Pool(pool), Envelope("ORU^R01", "1", "2026-03-01T10:00:00+08:00"))
    return Ask(work, field, vocabulary)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        ("2026", "2026"),
        ("2026-03", "202603"),
        ("2026-03-01", "20260301"),
        ("2026-03-01T08:09:10+08:00", "20260301080910"),
        ("2026-03-01T08:09:10.250+08:00", "20260301080910.250"),
        ("2026-03-01T08:09:10.1234567+08:00", "20260301080910.1234"),
        ("2026-03-01T08:09:10.000+08:00", "20260301080910"),
        ("2026-03-01T08:09:10Z", "20260301160910"),
        ("2026-03-01T20:09:10.5-05:30", "20260302093910.5"),
        ("2026-03-01T08:09:10", "20260301080910"),
        ("2026-03-01T08:09+08:00", "20260301080900"),
        ("2026-03-01T08:09Z", "20260301160900"),
        ("yesterday", ""),
        (None, ""),
        (5, ""),
    ],
)
def test_a_time_is_told_where_the_receiver_is(time: Any, text: str) -> None:
    assert moment.dtm(time, "+08:00") == text


def test_an_offset_to_the_west_is_subtracted() -> None:
    assert moment.dtm("2026-03-01T08:00:00Z", "-05:30") == "20260301023000"


def test_parts_of_times_stand_where_their_types_say() -> None:
    whole = {"start": "2026-03-01", "end": "2026-03-02T09:00:00+08:00"}
    assert moment.period(whole, ask()) == {1: "20260301", 2: "20260302090000"}
    assert moment.period({"end": "2026"}, ask()) == {2: "2026"}
    assert moment.period({}, ask()) is None and moment.period("2026", ask()) is None
    assert moment.day("2026-03-01T09:00:00+08:00", ask()) == {1: "20260301"}
    assert moment.time("2026-03-01T09:00:00+08:00", ask()) == {1: "20260301090000"}
    assert moment.time("x", ask()) is None and moment.day("", ask()) is None


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
    assert person.human_name(name, ask()) == {
        1: "x",
        7: person.human_name(name, ask())[7],
        11: "F",
        12: "2020",
        13: "2021",
    }  # type: ignore[index]
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


def local(kind: str, institution: str = "T01", foreign: str = "") -> str:
    return systems.local(institution, kind, foreign)


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


LN, SCT = "http://loinc.org", "http://snomed.info/sct"


def concept(*codings: tuple[str, str, str], text: str = "") -> dict[str, Any]:
    told = [{"system": system, "code": code, "display": display} for system, code, display in codings]
    return {"coding": told, **({"text": text} if text else {})}


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (concept((LN, "1-1", "a")), {1: "1-1", 2: "a", 3: "LN"}),
        (concept((LN, "1-1", ""), text="words"), {1: "1-1", 2: "words", 3: "LN"}),
        (concept((LN, "1-1", "a"), text="words"), {1: "1-1", 2: "a", 3: "LN", 9: "words"}),
        (
            concept((LN, "1-1", "a"), (SCT, "2", ""), text="words"),
            {1: "1-1", 2: "a", 3: "LN", 4: "2", 5: "words", 6: "SCT"},
        ),
        (
            concept((LN, "1", "a"), (SCT, "2", "b"), ("http://x", "3", "c")),
            {1: "1", 2: "a", 3: "LN", 4: "2", 5: "b", 6: "SCT", 10: "3", 11: "c", 12: "http://x"},
        ),
        (concept((f"{V2}0063", "FTH", "")), {1: "FTH", 3: "HL70063"}),
        (concept((f"{SID}/T01/code/OBX-3", "X", "y")), {1: "X", 2: "y"}),
        (concept((f"{SID}/T01/code/LAB", "X", "y")), {1: "X", 2: "y", 3: "LAB"}),
        (concept((f"{SID}/C01/code/OBX-3", "X", "y")), {1: "X", 2: "y", 3: "99C01"}),
        (concept(text="words"), {2: "words"}),
        (concept(), None),
        ("x", None),
    ],
)
def test_a_code_is_told_with_its_words_and_its_system(value: Any, parts: Any) -> None:
    assert coded.concept(value, ask(field="OBX-3")) == parts


def test_a_version_stands_beside_its_code_and_old_receivers_get_two_codes() -> None:
    told = concept((LN, "1", "a"), (SCT, "2", "b"), ("http://x", "3", "c"), text="words")
    told["coding"][0]["version"], told["coding"][1]["version"] = "v1", "v2"
    new, old = coded.concept(told, ask()), coded.concept(told, ask(version="2.4"))
    assert new is not None and old is not None
    assert (new[7], new[8], new[9], new[10]) == ("v1", "v2", "words", "3")
    assert 10 not in old and 9 not in old


def test_a_code_of_another_field_belongs_there() -> None:
    value = concept((f"{SID}/T01/code/PV1-18", "X", "y"))
    assert coded.concept(value, ask(field="PV1-2")) is None
    assert coded.concept(value, ask(field="PV1-18")) == {1: "X", 2: "y"}


def test_a_code_of_a_table_is_the_receivers_own() -> None:
    sex = ask(field="PID-8", vocabulary="AdministrativeSex")
    assert primitive.code("male", sex) == {1: "M"} and primitive.code("", sex) is None
    assert primitive.code("never", sex) is None and primitive.code("x", ask()) == {1: "x"}
    kind = ask(field="PV1-2", vocabulary="PatientClass[EncounterClass]")
    inside = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
    assert coded.coding(inside, kind)[1] == "住院"  # type: ignore[index]
    both = {"coding": [inside, {"system": f"{V2}0004", "code": "I"}]}
    assert coded.concept(both, kind) == {1: "I", 3: "HL70004"}


def test_plain_values_are_plain() -> None:
    assert primitive.string("x", ask()) == {1: "x"} and primitive.string("", ask()) is None
    assert primitive.number(Decimal("1.10"), ask()) == {1: "1.10"} and primitive.number(3, ask()) == {1: "3"}
    assert primitive.number(True, ask()) is None and primitive.number("3", ask()) is None
    assert primitive.boolean(True, ask()) == {1: "Y"} and primitive.boolean(False, ask()) == {1: "N"}
    assert primitive.boolean("Y", ask()) is None
    assert primitive.annotation({"text": "n"}, ask()) == {1: "n"} and primitive.annotation("n", ask()) is None
    assert primitive.days({"value": 4, "code": "d"}, ask()) == {1: "4"} == primitive.days({"value": 4}, ask())
    assert primitive.days({"value": 4, "code": "h"}, ask()) is None and primitive.days(4, ask()) is None
    assert primitive.quantity({"value": 4, "unit": "mL"}, ask()) == {1: "4", 2: "mL"}
    assert primitive.quantity({"value": 4, "code": "m"}, ask()) == {1: "4", 2: "m"}
    assert primitive.quantity({"value": 4}, ask()) == {1: "4"} and primitive.quantity({}, ask()) is None
    assert primitive.unit({"unit": "mL", "code": "m"}, ask()) == {1: "mL"} and primitive.unit({"code": "m"}, ask()) == {
        1: "m"
    }
    assert primitive.unit({}, ask()) is None
    told = {"status": "additional", "div": "<div>a &lt; <b>b</b></div>"}
    assert primitive.narrative(told, ask()) == {1: "a < b"}
    assert primitive.narrative({**told, "status": "generated"}, ask()) is None
    assert coded.text_concept({"coding": [{"display": "d", "code": "c"}]}, ask()) == {1: "d"}
    assert coded.text_concept({"text": "t", "coding": [{"display": "d"}]}, ask()) == {1: "t"}
    assert coded.plan({"value": "P", "name": "n"}, ask()) == {1: "P", 2: "n"} and coded.plan({}, ask()) is None
    assert coded.string("x", ask()) == {2: "x"} and coded.string("", ask()) is None
    assert coded.message_type({"text": "ADT^A01^ADT_A01"}, ask()) == {1: "ADT", 2: "A01", 3: "ADT_A01"}
    assert (
        coded.of_table({"coding": [{"code": "Q"}], "text": "t"}, ask())
        == {1: "Q"}
        == coded.of_table({"text": "Q"}, ask())
    )


def test_what_a_header_says_stands_in_names_and_addresses() -> None:
    assert header.name({"name": "HIS"}, ask()) == {1: "HIS"} and header.name({}, ask()) is None
    assert header.endpoint({"endpoint": OID}, ask()) == {2: "1.2.3", 3: "ISO"}
    assert header.endpoint({"endpoint": "urn:dns:x.y"}, ask()) == {2: "x.y", 3: "DNS"}
    assert header.endpoint({"endpoint": "x"}, ask()) == {2: "x"} and header.endpoint({}, ask()) is None
    assert header.destination({"name": "LIS", "endpoint": OID}, ask()) == {1: "LIS", 2: "1.2.3", 3: "ISO"}
    assert header.destination({}, ask()) is None
    assert header.url(OID, ask()) == {2: "1.2.3", 3: "ISO"} and header.url("http://x", ask()) == {1: "http://x"}
    assert header.url("", ask()) is None
    uri = {"system": "urn:ietf:rfc:3986", "value": OID}
    assert header.named({"display": "A", "identifier": uri}, ask()) == {1: "A", 2: "1.2.3", 3: "ISO"}
    assert header.named({"display": "A", "identifier": {"value": "8.7"}}, ask()) == {1: "A", 2: "8.7"}
    assert header.named({"display": "A", "identifier": {"system": "s", "value": "A"}}, ask()) == {1: "A"}
    assert header.named({"identifier": uri}, ask()) == {2: "1.2.3", 3: "ISO"}
    assert header.label({"display": "secret"}, ask()) == {1: "secret"}
    assert header.label({"display": "secret", "code": "R"}, ask()) is None
    assert header.event({"code": "A01"}, ask()) == {2: "A01"} and header.event({}, ask()) is None
    tags = [{"system": f"{V2}0103", "code": "P"}, {"system": f"{V2}0207", "code": "A"}]
    assert header.processing({"tag": tags}, ask()) == {1: "P", 2: "A"} and header.processing({}, ask()) is None


@pytest.mark.parametrize(
    ("when", "parts"),
    [
        ({"code": {"text": "BID"}}, {1: "BID"}),
        ({"code": {"coding": [{"code": "Q6H"}]}}, {1: "Q6H"}),
        ({"repeat": {"period": 2, "periodUnit": "d"}}, {5: "2", 6: "d"}),
        ({"repeat": {"dayOfWeek": ["fri", "sat", "sun", "mon"]}}, {2: "DW", 3: "5", 4: "1"}),
        ({"repeat": {"dayOfWeek": ["wed"]}}, {2: "DW", 3: "3"}),
        ({"repeat": {"dayOfWeek": ["mon", "wed"]}}, None),
        ({"repeat": {"when": ["AC"], "offset": 15}}, {8: "AC", 9: "15", 10: "min"}),
        ({"repeat": {"offset": 15}}, None),
        ({}, None),
        ("BID", None),
    ],
)
def test_a_timing_is_a_repeat_pattern(when: Any, parts: Any) -> None:
    assert timing.pattern(when, ask()) == parts


def test_durations_and_clocks_have_two_parts_and_four_digits() -> None:
    assert timing.duration({"value": 3, "code": "d"}, ask()) == {1: "3", 2: "d"}
    assert (
        timing.duration({"value": 3, "unit": "day"}, ask()) == {1: "3", 2: "day"} and timing.duration({}, ask()) is None
    )
    assert timing.each({"duration": 30, "durationUnit": "min"}, ask()) == {1: "30", 2: "min"}
    assert timing.each({}, ask()) is None and timing.each(3, ask()) is None
    assert timing.clock("08:00:00", ask()) == {1: "0800"} and timing.clock("08:00:30", ask()) == {1: "080030"}
    assert timing.clock(8, ask()) is None


def test_the_registry_declines_extensions_of_others() -> None:
    write = REGISTRY["TS[AnalysisTime-Extension]"]
    url = "http://hl7.org/fhir/StructureDefinition/observation-analysis-date-time"
    if write({"url": url, "valueDateTime": "2026-03-01"}, ask()) is None:
        from mappers.datatypes.order_values import EXTENSION

        url = f"{EXTENSION}observation-analysis-date-time"
    assert write({"url": url, "valueDateTime": "2026-03-01"}, ask()) == {1: "20260301"}
    assert write({"url": "http://x", "valueDateTime": "2026-03-01"}, ask()) is None and write("x", ask()) is None


def test_a_segment_keeps_the_first_word_and_escapes_what_separates() -> None:
    one = Built("PID")
    assert one.empty and one.text("2.5.1") == "PID"
    one.put(5, "a|b")
    one.put(5, "later")
    one.put(3, None)
    one.add(3, {1: "x", 4: {1: "A", 3: "C&D"}})
    one.add(3, {1: "x", 4: {1: "A", 3: "C&D"}})
    one.add(3, "y~z")
    one.beside(5, 2, "given")
    one.beside(5, 2, "other")
    one.inside(8, 1, {1: "M"})
    one.inside(8, 1, {1: "F"})
    one.inside(11, 2, {1: "p", 2: "q"})
    assert one.text("2.5.1") == "PID|||x^^^A&&C\\T\\D~y\\R\\z||a\\F\\b^given|||M|||^p&q"
    assert one.get(3, 4) == "A" and one.get(5, 2) == "given" and one.get(9) == "" and not one.empty
    one.put(39, "tribe")
    assert one.text("2.3.1") == "PID|||x^^^A&&C\\T\\D~y\\R\\z||a\\F\\b^given|||M|||^p&q"
    assert escaped("a\r\nb\nc^\\") == "a\\.br\\b\\.br\\c\\S\\\\E\\"
