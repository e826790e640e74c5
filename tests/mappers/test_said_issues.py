"""What a message lacks or says wrongly is told with its code, its place, and a sentence that names the thing."""

from __future__ import annotations

import pytest

from mappers import Mapped
from tests.mappers.orders_sample import OBR, PID, WBC, read, result
from tests.mappers.sample import adt, line, translate

RF1 = "RF1|P|R|||O|ZZ001^TOWNSHIP"
PARTIES = ("PRD|RP|郭医生||02^^^TOWNSHIP", "PRD|RT|王医生||03^^^HOSPITAL")
ORDER = line("OBR", {1: "1", 2: "A100", 4: "BR^血常规^L"})


def told(mapped: Mapped) -> list[tuple[str, str, str]]:
    """(code, place, sentence); a sentence with a hole in it is no sentence."""
    found = [(issue.code, issue.location, issue.text()) for issue in mapped.issues]
    assert not [text for _, _, text in found if "{" in text or "None" in text], found
    return found


@pytest.mark.parametrize(
    ("kind", "segments", "code", "place", "named"),
    [
        ("ADT^A01", ("PV1|1|I",), "segment-missing", "PID", "PID"),
        ("ADT^A40", ("PID|1||1^^^^MRN||张三",), "segment-missing", "MRG", "MRG"),
        ("ORU^R01", (OBR, WBC), "segment-missing", "PID", "PID"),
        ("ORU^R01", (PID,), "detail-missing", "OBR", "OBR"),
        ("ORM^O01", (PID,), "detail-missing", "OBR", "OBR"),
        ("SIU^S12", (PID,), "detail-missing", "SCH", "SCH"),
        ("SIU^S15", (PID,), "segment-missing", "SCH", "SCH"),
        ("MDM^T02", (PID,), "segment-missing", "TXA", "TXA"),
        ("REF^I14", (PID, *PARTIES), "segment-missing", "RF1", "RF1"),
        ("REF^I12", (PID, *PARTIES, "DG1|1||I10"), "unnumbered", "RF1-6", "RF1-6"),
        ("VXU^V04", (PID,), "detail-missing", "RXA", "RXA"),
        ("OMP^O09", (PID,), "detail-missing", "ORC", "ORC"),
        ("OMD^O03", (PID, "ORC|NW|A1"), "detail-missing", "ODS", "ODS"),
        ("OMS^O05", (PID, "ORC|NW|A1"), "detail-missing", "RQD", "RQD"),
        ("PMU^B01", (PID,), "segment-missing", "STF", "STF"),
        ("PMU^B01", (PID, "STF|||张三"), "field-missing", "STF-2", "STF-2"),
        ("ORF^R04", (OBR, WBC), "segment-missing", "PID", "PID"),
        ("ACK", ("MSA|AA|M1",), "answer-noted", "MSH-9", ""),
        ("MFN^M08", ("MFI|OMA||UPD|||AL", "MFE|MAD|1||GLU"), "event-unsupported", "MSH-9.2", "MFN^M08"),
        ("ADT^ZZ9", (PID,), "event-unsupported", "MSH-9.2", "ADT^ZZ9"),
        ("QBP^Q22", (PID,), "message-type-unsupported", "MSH-9", "QBP"),
        ("", (PID,), "message-type-missing", "MSH-9", ""),
        ("ORM^O01", (PID, "ORC|NW", "OBR|1|||BR^血常规^L"), "order-unidentified", "OBR-2", ""),
        ("ORM^O01", (PID, "ORC|NW"), "order-unidentified", "ORC-2", ""),
        ("ORU^R01", (PID, "OBR|1|||BR", WBC), "unnumbered", "OBR-3", "OBR-3"),
        ("SIU^S12", (PID, "SCH||"), "order-unidentified", "SCH-2", ""),
        ("MDM^T02", (PID, "TXA|1|CT"), "unnumbered", "TXA-12", "TXA-12"),
        ("MDM^T11", (PID, "TXA|1|CT"), "order-unidentified", "TXA-12", ""),
        ("REF^I13", (PID, "RF1|P", *PARTIES), "order-unidentified", "RF1-6", ""),
        ("REF^I12", (PID, RF1, PARTIES[1], "DG1|1||I10"), "party-from-header", "PRD-1 (RP)", "PRD-1 (RP)"),
        ("REF^I12", (PID, RF1, PARTIES[0], "DG1|1||I10"), "party-from-header", "PRD-1 (RT)", "PRD-1 (RT)"),
        ("REF^I12", (PID, RF1, *PARTIES), "reason-absent", "DG1-3", ""),
        ("RRI^I12", ("MSA|AA|M1", RF1.replace("|P|", "|R|"), *PARTIES, PID), "field-missing", "RF1-10", ""),
    ],
)
def test_what_is_missing_is_named(kind: str, segments: tuple[str, ...], code: str, place: str, named: str) -> None:
    found = [one for one in told(translate(read(kind, *segments))) if one[0] == code]
    assert [one[1] for one in found] == [place]
    assert named in found[0][2]


@pytest.mark.parametrize(
    ("segments", "code", "place"),
    [
        ((OBR.replace("|F", "|?"), WBC), "status-unknown", "OBR-25"),
        ((OBR.removesuffix("|F"), WBC.replace("|F", "|?")), "status-unknown", "OBX-11"),
        ((OBR.removesuffix("|F"), WBC, WBC.replace("|F", "|?")), "status-unknown", "OBX[2]-11"),
        ((OBR.removesuffix("|F"), WBC.replace("|F", "|")), "status-absent", "OBR-25"),
        ((OBR, WBC, WBC.replace("|F", "|?")), "status-unknown", "OBX[2]-11"),
        ((OBR, WBC.replace("WBC^白细胞^L", "")), "observation-unnamed", "OBX-3"),
        ((OBR, WBC, WBC.replace("WBC^白细胞^L", '""')), "observation-unnamed", "OBX[2]-3"),
        ((OBR, WBC.replace("|N|", "|怪|")), "flag-unknown", "OBX-8"),
        ((OBR, WBC.replace("|N|", "|H~怪|")), "flag-unknown", "OBX-8[2]"),
        ((OBR, WBC.replace("10^9/L", "怪")), "unit-unknown", "OBX-6"),
        ((OBR, WBC.replace("3.5-9.5", "看说明")), "range-unreadable", "OBX-7"),
        ((OBR, WBC.replace("6.50", "六点五")), "value-type", "OBX-5"),
        ((OBR, WBC + "|||20261345"), "date-impossible", "OBX-14"),
        ((OBR.replace("A100^TOWNSHIP", ""), WBC), "order-unknown", "OBR-2"),
        ((OBR.replace("20260301080000", "20260301060000"), WBC), "date-order", "OBR-22"),
        ((OBR.replace("20260301080000", "20270301060000"), WBC), "date-future", "OBR-22"),
        ((OBR, "OBX|1|ED|P^报告^L||L^application^pdf^Base64^%%%||||||F"), "attachment-invalid", "OBX-5.1"),
    ],
)
def test_what_is_wrong_in_a_result_is_told_where_it_stands(segments: tuple[str, ...], code: str, place: str) -> None:
    assert [one[1] for one in told(translate(read("ORU^R01", PID, *segments))) if one[0] == code] == [place]


def test_a_report_in_good_order_has_nothing_told() -> None:
    assert told(result(WBC)) == []


def test_a_report_made_on_the_day_that_it_is_received_is_not_from_the_future() -> None:
    assert told(translate(read("ORU^R01", PID, OBR.replace("20260301080000", "20260301080001"), WBC))) == []


def test_of_times_in_two_offsets_nobody_says_which_is_earlier() -> None:
    obr = OBR.replace("20260301080000", "20260301020000+0300")
    assert "date-order" not in [one[0] for one in told(translate(read("ORU^R01", PID, obr, WBC)))]


def test_a_report_without_a_time_is_not_measured_against_the_clock() -> None:
    assert told(translate(read("ORU^R01", PID, OBR.replace("20260301080000", ""), WBC))) == []


def test_a_coverage_without_a_payer_is_told_once_a_plan_is_named() -> None:
    assert [one[:2] for one in told(adt("A08", "IN1|1|5"))] == [("resource-left-out", "IN1-4")]
    assert told(adt("A08", "IN1|1")) == []


def test_a_visit_without_a_number_is_told_by_an_event_of_the_visit_alone() -> None:
    assert ("resource-left-out", "PV1-19") in [one[:2] for one in told(adt("A01", "PV1|1"))]
    assert "resource-left-out" not in [one[0] for one in told(adt("A08", "PV1|1"))]


@pytest.mark.parametrize("name", ["12345678901", "1.5", "A1"])
def test_a_set_id_that_is_no_count_is_carried(name: str) -> None:
    message = read("ADT^A08", PID.replace("PID|1|", f"PID|{name}|"))
    outcomes = {place: row.outcome for place, row in translate(message).ledger.rows(message)}
    assert outcomes["PID-1"] == "carried"


@pytest.mark.parametrize(
    ("written", "outcome"),
    [("AL", "dropped"), ("NE", "dropped"), ("ER", "dropped"), ("SU", "dropped"), ('""', "dropped"), ("C", "carried")],
)
def test_a_word_of_the_transport_says_nothing_and_another_word_is_carried(written: str, outcome: str) -> None:
    message = read("ADT^A08", PID, head={15: written})
    assert {place: row.outcome for place, row in translate(message).ledger.rows(message)}["MSH-15"] == outcome


def test_what_was_not_translated_stays_in_the_journal() -> None:
    message = read("QBP^Q22", PID)
    done = translate(message)
    homes = {place: (row.outcome, row.path, row.rule) for place, row in done.ledger.rows(message)}
    assert homes["PID-5"] == ("carried", "journal#message", "message-not-translated")
    assert (done.statements, done.ledger.unaccounted(message)) == ((), [])
