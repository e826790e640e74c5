"""The table of rules fits the definitions, and each rule that compares does so rightly."""

import pytest

from profiles.archive import core
from profiles.validator.invariants import _ROWS, INVARIANTS, in_order


def test_every_rule_is_one_of_r4_and_stands_once() -> None:
    known = {row["key"] for row in core("structures").member("_constraints") if row["severity"] == "error"}
    assert {key.rpartition(":")[2] for key in INVARIANTS} <= known
    assert len(INVARIANTS) == len(_ROWS)


@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        ("2026-03-01", "2026-03-01", True),
        ("2026-03-02", "2026-03-01", False),
        ("2026", "2026-03-01", True),
        ("2026-03-31", "2026-03", True),
        ("2027", "2026-12-31", False),
        ("2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00Z", True),
        ("2026-03-01T08:00:01+08:00", "2026-03-01T00:00:00Z", False),
        ("2026-03-01T08:00:00+08:00", "2026-03-01", True),
        ("2026-03-01T08:00:00.123456789Z", "2026-03-01T08:00:00.2Z", True),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", True),
    ],
)
def test_dates_are_compared_as_far_as_both_go(low: str, high: str, holds: bool) -> None:
    assert in_order(low, high) is holds


SOUND_AND_BROKEN = [
    ("con-4", {"abatementDateTime": "2026", "clinicalStatus": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "resolved"}]}},
     {"abatementDateTime": "2026"}),
    ("con-5", {"clinicalStatus": {}}, {"clinicalStatus": {}, "verificationStatus": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-ver-status", "code": "entered-in-error"}]}}),
    ("ait-1", {"clinicalStatus": {}}, {}),
    ("app-2", {"start": "a", "end": "b"}, {"start": "a"}),
    ("app-3", {"status": "proposed"}, {"status": "booked"}),
    ("app-4", {"cancelationReason": {}, "status": "noshow"}, {"cancelationReason": {}, "status": "booked"}),
    ("rat-1", {"numerator": {}, "denominator": {}}, {"numerator": {}}),
    ("org-3", {"telecom": [{"use": "work"}]}, {"telecom": [{"use": "home"}]}),
    ("tim-9", {"offset": 5, "when": ["AC"]}, {"offset": 5, "when": ["C"]}),
    ("tim-5", {"period": 0}, {"period": -1}),
    ("age-1", {"value": 3, "code": "a"}, {"value": 0, "code": "a"}),
    ("cnt-3", {"value": 3, "code": "1"}, {"value": 3, "code": "2"}),
    ("drt-1", {"code": "d", "system": "http://unitsofmeasure.org", "value": 1}, {"code": "d", "value": 1}),
    ("dom-5", {"contained": [{"meta": {"profile": []}}]}, {"contained": [{"meta": {"security": [{}]}}]}),
    ("Task:inv-1", {"authoredOn": "2026-01-01", "lastModified": "2026-01-02"},
     {"authoredOn": "2026-01-02", "lastModified": "2026-01-01"}),
    ("bdl-2", {"type": "searchset", "entry": [{"search": {}}]}, {"type": "history", "entry": [{"search": {}}]}),
    ("bdl-4", {"type": "batch-response", "entry": [{"response": {}}]},
     {"type": "collection", "entry": [{"response": {}}]}),
    ("bdl-8", {"fullUrl": "http://a/Patient/1"}, {"fullUrl": "http://a/Patient/1/_history/1"}),
    ("bdl-10", {"type": "document", "timestamp": "2026"}, {"type": "document"}),
    ("bdl-12", {"type": "message", "entry": [{"resource": {"resourceType": "MessageHeader"}}]}, {"type": "message"}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "sound", "broken"), SOUND_AND_BROKEN, ids=[row[0] for row in SOUND_AND_BROKEN])
def test_rule_holds_and_breaks(key: str, sound: dict[str, object], broken: dict[str, object]) -> None:
    rule = INVARIANTS[key]
    assert rule.holds(sound)
    assert not rule.holds(broken)
    assert not rule.when or set(rule.when) & broken.keys()
