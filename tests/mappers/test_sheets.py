"""A resource in the making: what is set, added, deleted and taken back, and which statement it becomes."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from mappers.contradiction import settle
from mappers.draft import Draft, Sheet
from mappers.mapped import Weight
from mappers.message import Leaf
from mappers.site import Context
from mappers.use import Part, Use
from tests.mappers.orders_sample import LAB, PID, read
from tests.mappers.sample import adt, only

RECEIVED = "2026-03-01T08:00:01+08:00"


def draft(*segments: str, kind: str = "ADT^A08", head: dict[int, str] | None = None) -> Draft:
    return Draft(read(kind, PID, *segments, head=head), Context(LAB, RECEIVED, "urn:x"))


def sheet(weight: Weight = Weight.STATED) -> Sheet:
    return Sheet("Patient", "p1", weight, "L01")


def test_a_new_sheet_says_nothing_and_has_a_name_for_every_place() -> None:
    one = sheet()
    assert (one.ref, one.path("name[0].text")) == ("Patient/p1", "Patient/p1#name[0].text")
    assert one.body == {"resourceType": "Patient", "id": "p1"}
    assert one.empty


def test_what_is_set_stands_at_its_dotted_place() -> None:
    one = sheet()
    one.set("period.end", "2026")
    one.set("period.start", "2025")
    one.set("period.end", "2027")
    assert one.body["period"] == {"end": "2027", "start": "2025"}
    assert not one.empty


def test_an_equal_item_is_added_once_and_comes_back_with_its_index() -> None:
    one = sheet()
    assert one.add("context.related", {"reference": "A/1"}) == "context.related[0]"
    assert one.add("context.related", {"reference": "A/2"}) == "context.related[1]"
    assert one.add("context.related", {"reference": "A/1"}) == "context.related[0]"
    assert len(one.body["context"]["related"]) == 2


@pytest.mark.parametrize(
    ("deleted", "gone"),
    [("birthDate", True), ("gender", False), ("period.end", True), ("period.start", False), ("gender.x", True)],
)
def test_a_deletion_holds_unless_another_field_states_the_element(deleted: str, gone: bool) -> None:
    one = sheet(Weight.FINAL)
    one.body |= {"gender": "male", "period": {"start": "2026"}}
    one.delete(deleted)
    found = one.statement()
    assert found.deleted == (frozenset({deleted}) if gone else frozenset())
    assert (found.resource, found.weight, found.owner, found.key) == (one.body, Weight.FINAL, "L01", ("Patient", "p1"))


def test_a_sheet_that_only_deletes_is_not_empty() -> None:
    one = sheet()
    one.delete("name")
    assert not one.empty


def test_a_resource_is_begun_once_and_the_greater_weight_counts() -> None:
    one = draft()
    first = one.resource("Device", "d1", Weight.MENTION)
    assert one.resource("Device", "d1", Weight.STATED) is first
    assert first.weight is Weight.STATED
    assert one.resource("Device", "d1", Weight.MENTION).weight is Weight.STATED
    assert (first.owner, one.resource("Device", "d2", owner="C01").owner) == ("L01", "C01")
    assert one.resource("Device", "d3").weight is Weight.STATED


@pytest.mark.parametrize(
    ("evn", "msh", "time"),
    [
        ("EVN|A08|20260301070000||||20260301060000", "20260301080000", "2026-03-01T07:00:00+08:00"),
        ("EVN|A08|||||20260301060000", "20260301080000", "2026-03-01T06:00:00+08:00"),
        ("EVN|A08|2026||||20260301060000", "20260301080000", "2026-03-01T06:00:00+08:00"),
        ("EVN|A08", "20260301080000", "2026-03-01T08:00:00+08:00"),
        ("EVN|A08", "", RECEIVED),
        ("EVN|A08|20261399", "没有", RECEIVED),
    ],
)
def test_when_it_happened_is_told_by_the_event_else_the_header_else_the_receipt(evn: str, msh: str, time: str) -> None:
    assert draft(evn, head={7: msh}).event_time == time


def test_an_unknown_code_is_on_the_work_list_once() -> None:
    one = draft()
    leaf = Leaf(1, 8, 1, 1, 1)
    one.unmapped("AdministrativeSex", "男", "男性", leaf)
    one.unmapped("AdministrativeSex", "男", "又一个", "PID-9")
    one.unmapped("AdministrativeSex", "女", "", "PID-9")
    assert one.worklist == (
        {"table": "AdministrativeSex", "code": "男", "text": "男性", "location": "PID-8"},
        {"table": "AdministrativeSex", "code": "女", "text": "", "location": "PID-9"},
    )
    assert [(issue.code, issue.location) for issue in one.issues] == [
        ("code-unmapped", "PID-8"),
        ("code-unmapped", "PID-9"),
    ]
    assert "AdministrativeSex" in one.issues[0].text()


def test_what_is_taken_back_is_unaccounted_again_but_for_its_other_places() -> None:
    one = draft()
    patient = one.resource("Patient", "p1")
    alone, twice = Leaf(1, 5, 1, 1, 1), Leaf(1, 7, 1, 1, 1)
    one.ledger.note(alone, "stored", patient.path("contact[0].name"), "r")
    one.ledger.note(twice, "stored", patient.path("contact[0].period"), "r")
    one.ledger.note(twice, "coded", patient.path("birthDate"), "s")
    one.forget(patient, "contact[0]")
    assert alone not in one.ledger.lines
    assert one.ledger.lines[twice] == [("coded", "Patient/p1#birthDate", "s")]
    one.forget(patient)
    assert twice not in one.ledger.lines


def provenance(head: dict[int, str], *segments: str) -> str:
    return draft(*segments, head=head).provenance.id


def test_the_provenance_of_a_message_follows_from_its_number_and_content_but_not_from_its_character_set() -> None:
    plain = provenance({})
    assert plain == provenance({18: "UNICODE UTF-8"}) == provenance({18: "GB 18030-2000"})
    assert provenance({10: "M2"}) != plain
    assert provenance({}, "PV1|1|I") != plain
    assert provenance({18: "GB 18030-2000", 19: "zh"}) == provenance({18: "UNICODE UTF-8", 19: "zh"}) != plain
    assert provenance({18: "GB 18030-2000"}, "PV1|1|I") == provenance({}, "PV1|1|I")


def test_the_segment_meant_by_a_condition_is_that_of_the_group_else_the_first() -> None:
    one = draft("OBX|1|ST|A||1", "OBX|2|ST|B||2")
    first, second = one.message.all("OBX")
    assert one.beside("OBX") is first
    one.group = {"OBX": second}
    assert one.beside("OBX") is second
    assert one.beside("ZZZ") is None


def test_a_component_seen_as_a_value_has_its_subcomponents_as_components() -> None:
    one = draft('PV1|1|I|W1^101^2^H1&2.999.1&ISO^""')
    value = one.message.all("PV1")[0].first(3)
    assert value is not None
    part = Part(value, 4)
    assert [part.get(n) for n in (1, 2, 3, 4)] == ["H1", "2.999.1", "ISO", None]
    assert part.get(1, 2) is None
    assert (part.raw, part.components) == ("H1&2.999.1&ISO", ["H1", "2.999.1", "ISO"])
    assert [leaf.subcomponent for leaf in part.leaves()] == [1, 2, 3]
    assert {leaf.component for leaf in part.leaves()} == {4}
    assert Part(value, 5).is_null and not part.is_null
    assert (Part(value, 9).raw, Part(value, 9).text()) == ("", None)
    assert Part(value, 1).text() == "W1"


def test_what_a_use_reads_is_accounted_for_once_it_has_a_place() -> None:
    one = draft('PV1|1|I|W1^""^2^H1&2.999.1&ISO')
    value = one.message.all("PV1")[0].first(3)
    assert value is not None
    use = Use(one, value, "rule")
    assert (use.take(1, "name"), use.take(2), use.take(9)) == ("W1", None, None)
    inner = use.inside(4, "system")
    assert inner.take(2, "value") == "2.999.1"
    assert inner.said(3) == "ISO" and use.said(2) is None
    position = value.segment.position
    assert one.ledger.lines == {Leaf(position, 3, 1, 2, 1): [("dropped", "null-component", "rule")]}
    use.settle("Location/l1#x")
    assert one.ledger.lines[Leaf(position, 3, 1, 1, 1)] == [("stored", "Location/l1#x.name", "rule")]
    assert one.ledger.lines[Leaf(position, 3, 1, 4, 2)] == [("stored", "Location/l1#x.system.value", "rule")]
    use.settle("Location/l1#x")
    assert len(one.ledger.lines[Leaf(position, 3, 1, 1, 1)]) == 1
    with pytest.raises(TypeError):
        inner.inside(1)


def test_every_leaf_of_a_value_may_stand_at_one_place() -> None:
    one = draft("PV1|1|I|W1^101")
    value = one.message.all("PV1")[0].first(3)
    assert value is not None
    use = Use(one, value, "rule")
    use.all("Location/l1#name")
    use.settle("Encounter/e1#location[0]")
    assert {line.path for found in one.ledger.lines.values() for line in found} == {"Location/l1#name"}
    assert len(one.ledger.lines) == 2


def kept(body: dict[str, object], kind: str = "ServiceRequest") -> tuple[dict[str, object], list[tuple[str, str]]]:
    one = draft()
    begun = one.resource(kind, "x")
    begun.body |= body
    settle(one)
    told: Iterable[tuple[str, str]] = ((issue.code, issue.expression) for issue in one.issues)
    return {name: value for name, value in begun.body.items() if name not in ("resourceType", "id")}, list(told)


SPAN = {"start": "2026-03-02", "end": "2026-03-01"}


@pytest.mark.parametrize(
    ("kind", "body", "after", "told"),
    [
        ("Encounter", {"period": dict(SPAN)}, {"period": {"start": "2026-03-02"}}, "Encounter.period"),
        (
            "Observation",
            {"effectivePeriod": dict(SPAN)},
            {"effectivePeriod": {"start": "2026-03-02"}},
            "Observation.effectivePeriod",
        ),
        (
            "ServiceRequest",
            {"occurrencePeriod": dict(SPAN)},
            {"occurrencePeriod": {"start": "2026-03-02"}},
            "ServiceRequest.occurrencePeriod",
        ),
        (
            "Specimen",
            {"collection": {"collectedPeriod": dict(SPAN)}},
            {"collection": {"collectedPeriod": {"start": "2026-03-02"}}},
            "Specimen.collection.collectedPeriod",
        ),
        ("Encounter", {"period": {"start": "2026", "end": "2026"}}, {"period": {"start": "2026", "end": "2026"}}, ""),
        (
            "Observation",
            {"effectiveDateTime": "2026", "effectivePeriod": {"start": "2026"}},
            {"effectivePeriod": {"start": "2026"}},
            "",
        ),
        (
            "ServiceRequest",
            {"occurrenceDateTime": "2026", "occurrencePeriod": {"start": "2026"}},
            {"occurrencePeriod": {"start": "2026"}},
            "",
        ),
        (
            "Specimen",
            {"collection": {"collectedDateTime": "2026", "collectedPeriod": {"start": "2026"}}},
            {"collection": {"collectedPeriod": {"start": "2026"}}},
            "",
        ),
        ("Observation", {"effectiveDateTime": "2026"}, {"effectiveDateTime": "2026"}, ""),
        ("ServiceRequest", {"orderDetail": [{}]}, {}, ""),
        ("ServiceRequest", {"orderDetail": [{}], "code": {}}, {"orderDetail": [{}], "code": {}}, ""),
        ("Task", {"orderDetail": [{}]}, {"orderDetail": [{}]}, ""),
    ],
)
def test_of_two_times_that_contradict_each_other_the_weaker_gives_way(
    kind: str, body: dict[str, object], after: dict[str, object], told: str
) -> None:
    assert kept(body, kind) == (after, [("date-order", told)] if told else [])


def test_the_deletion_of_a_patient_says_nothing_about_what_stands() -> None:
    mapped = adt("A08", 'PID|1||1^^^^MRN||张三||""|M')
    (stated,) = [one for one in mapped.statements if one.key[0] == "Patient"]
    assert stated.deleted == {"birthDate"}
    assert only(mapped, "Patient")["gender"] == "male"
