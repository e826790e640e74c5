"""Two fields that contradict each other cost the weaker one its place, never the message its acceptance."""

from __future__ import annotations

import pytest

from adapters.pipeline import Prepared, prepare
from adapters.site import load
from mappers.dtm import later

HEAD = "MSH|^~\\&|LIS|H|||20261021100000||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1||P1^^^^MR||A||19900101|F\r"
RESULT = "OBX|1|NM|K^Potassium^L||4.0|mmol/L|||||F\r"


def report(start: str, end: str) -> Prepared:
    obr = f"ORC|RE|O1|F1\rOBR|1|O1|F1|K^Potassium^L|||{start}|{end}||||||||||||||20261021100000||LAB|F\r"
    return prepare((HEAD + obr + RESULT).encode(), load(), 1_792_600_000_000_000, channel="test")


def test_an_end_before_its_start_is_told_and_carried() -> None:
    prepared = report("20261021090000", "20261021080000")
    assert prepared.arrival.verdict == "AA"
    assert "date-order" in {issue.code for issue in prepared.arrival.issues}
    body = next(s.resource for s in prepared.arrival.stated if s.resource["resourceType"] == "DiagnosticReport")
    assert body["effectivePeriod"] == {"start": "2026-10-21T09:00:00+08:00"}
    assert prepared.arrival.unaccounted == 0
    assert prepared.mapped is not None and prepared.message is not None
    homes = {place: line.outcome for place, line in prepared.mapped.ledger.rows(prepared.message)}
    assert homes["OBR-8"] == "carried"


def test_a_period_in_order_stays() -> None:
    prepared = report("20261021080000", "20261021090000")
    body = next(s.resource for s in prepared.arrival.stated if s.resource["resourceType"] == "DiagnosticReport")
    assert set(body["effectivePeriod"]) == {"start", "end"}


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-10-21T10:00:00+08:00", "2026-10-21T01:00:00+00:00", True),
        ("2026-10-21T08:00:00+08:00", "2026-10-21T01:00:00+00:00", False),
        ("2026-10-21", "2026-10-21T01:00:00+00:00", False),
        ("2026-10-22", "2026-10-21T01:00:00+00:00", True),
    ],
)
def test_times_are_compared_as_far_as_both_are_precise(start: str, end: str, expected: bool) -> None:
    assert later(start, end) is expected


def test_a_detail_without_the_code_it_belongs_to_is_carried() -> None:
    from mappers.contradiction import settle
    from mappers.draft import Draft
    from mappers.site import Context

    prepared = report("20261021080000", "20261021090000")
    assert prepared.message is not None
    draft = Draft(prepared.message, Context(load().default.site, "2026-10-21T10:00:00+08:00", "urn:x"))
    sheet = draft.resource("ServiceRequest", "s1")
    sheet.body["orderDetail"] = [{"text": "x"}]
    settle(draft)
    assert "orderDetail" not in sheet.body


def _period(raw: str) -> tuple[object, list[str]]:
    from tests.e2e.test_second_opinion import prepared

    head = "MSH|^~\\&|A|F|QIAO||20260301||ADT^A08|1|P|2.5.1\rEVN|A08|20260301\r"
    mapped = prepared(f"{head}{raw}\rPV1|1|I".encode()).mapped
    assert mapped is not None and mapped.ledger is not None
    patient = next(one.resource for one in mapped.statements if one.resource["resourceType"] == "Patient")
    return patient["name"][0].get("period"), [issue.code for issue in mapped.issues]


def test_a_name_whose_time_ends_before_it_begins_keeps_the_beginning() -> None:
    found, issues = _period("PID|1||7^^^H^MR||Li^Ming^^^^^L^^^^^20260301^20260201")
    assert found == {"start": "2026-03-01"}
    assert "date-order" in issues


def test_a_name_whose_time_is_in_order_keeps_both_ends() -> None:
    found, issues = _period("PID|1||7^^^H^MR||Li^Ming^^^^^L^^^^^20260301^20260401")
    assert found == {"start": "2026-03-01", "end": "2026-04-01"}
    assert "date-order" not in issues
