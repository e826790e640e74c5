"""Times, codes, plain values and headers on their way out: what stands in which component, and what is declined."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappers.datatypes.language import BCP_47
from mappers.outbound.datatypes import coded, header, moment, primitive, timing
from mappers.outbound.datatypes.registry import REGISTRY
from mappers.outbound.tree import Built, escaped
from mappers.systems import SID
from tests.mappers.outbound_ask import ask

LN, SCT = "http://loinc.org", "http://snomed.info/sct"
V2 = "http://terminology.hl7.org/CodeSystem/v2-"
OID, UUID = "urn:oid:1.2.3", "urn:uuid:6b1f3c1e-0000-4000-8000-000000000001"


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


def test_a_code_that_a_table_has_too_stays_the_receivers_own() -> None:
    target = ("http://terminology.hl7.org/CodeSystem/v2-0277", "Normal", "Routine")
    kind = ask(field="SCH-8", vocabulary="AppointmentTypeCodes")
    own = concept(target, (f"{SID}/T01/code/SCH-8", "Normal", "普通"))
    assert coded.concept(own, kind) == {1: "Normal", 2: "普通", 3: "L"}
    of_another = concept(target, (f"{SID}/C01/code/SCH-8", "Normal", "普通"))
    assert coded.concept(of_another, kind) == {1: "Normal", 2: "普通", 3: "99C01"}
    assert coded.concept(concept(target), kind) == {1: "Normal", 2: "Routine"}


def test_the_name_of_a_language_is_left_out_beside_the_code_that_was_written() -> None:
    written, made = ("http://x", "CHI", "汉语"), (BCP_47, "zh", "")
    for language in (ask(field="PID-15"), ask(field="PID-15", vocabulary="PrimaryLanguage")):
        assert coded.concept(concept(written, made), language) == {1: "CHI", 2: "汉语", 3: "http://x"}
        alone = coded.concept(concept(made), language)
        assert alone is not None and alone[1] == "zh"


def test_a_concept_that_says_nothing_is_no_code_of_a_table() -> None:
    for told in ({}, {"coding": [{}]}, {"text": ""}, {"coding": [], "text": ""}, "x"):
        assert coded.of_table(told, ask()) is None
    assert coded.of_table({"coding": [{"display": "a"}], "text": "b"}, ask()) == {1: "b"}
    assert coded.of_table({"coding": [{"code": "a"}], "text": "b"}, ask()) == {1: "a"}


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
