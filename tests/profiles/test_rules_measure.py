"""MeasureReports are held against their Measure (FHIR R4 measurereport.html)."""

from decimal import Decimal
from typing import Any

import pytest

from profiles.registry import Registry
from tests.strictly import validate

Json = dict[str, Any]
URL = "http://example.com/Measure/beds"
POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
SCORING = "http://terminology.hl7.org/CodeSystem/measure-scoring"


def concept(code: str, system: str = POPULATION) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def measure(scoring: str, *groups: Json) -> Json:
    populations = [
        {"code": concept(code), "criteria": {"language": "text/cql"}} for code in ("denominator", "numerator")
    ]
    return {
        "resourceType": "Measure",
        "url": URL,
        "status": "active",
        "scoring": concept(scoring, SCORING),
        "group": list(groups) or [{"population": populations}],
    }


def report(*populations: Json, kind: str = "summary", **more: Any) -> Json:
    given = list(populations) or [{"code": concept(code), "count": 3} for code in ("denominator", "numerator")]
    return {
        "resourceType": "MeasureReport",
        "status": "complete",
        "type": kind,
        "measure": URL,
        "period": {"start": "2026-01-01", "end": "2026-01-31"},
        "group": [{"population": given, **more}],
    }


def codes(given: Json, scoring: str = "cohort", *groups: Json) -> list[str]:
    return [issue.code for issue in validate(given, registry=Registry([measure(scoring, *groups)]))]


def test_a_report_with_the_populations_of_its_measure_is_sound() -> None:
    assert codes(report()) == []


def test_an_unknown_measure_is_a_warning() -> None:
    assert [(i.code, i.severity) for i in validate(report())] == [("measure-unknown", "warning")]


def test_every_population_is_known_by_its_code_and_none_is_missing() -> None:
    other = [{"code": concept("denominator"), "count": 3}, {"code": concept("initial-population"), "count": 1}]
    assert codes(report(*other)) == ["measure-code", "measure-part-missing"]
    twice = [{"code": concept("denominator"), "count": 3}] * 2
    assert codes(report(*twice)) == ["measure-code-repeated", "measure-part-missing"]
    nameless = [{"code": concept("denominator"), "count": 3}, {"count": 1}]
    assert codes(report(*nameless)) == ["measure-code-missing", "measure-part-missing"]


def test_stratifiers_are_known_by_their_code() -> None:
    group = {"stratifier": [{"code": {"text": "性别"}}]}
    assert codes(report(stratifier=[{"code": [{"text": "性别"}]}]), "cohort", group)[2:] == []
    wrong = report(stratifier=[{"code": [{"text": "年龄"}]}])
    assert codes(wrong, "cohort", group)[2:] == ["measure-code", "measure-part-missing"]


@pytest.mark.parametrize(
    ("scoring", "score", "expected"),
    [
        ("cohort", None, []),
        ("cohort", {"value": 1}, ["measure-score-forbidden"]),
        ("proportion", {"value": Decimal("0.7")}, []),
        ("proportion", {"value": Decimal("1.7")}, ["measure-score-range"]),
        ("proportion", {"value": 1, "unit": "%"}, ["measure-score-unit"]),
        ("proportion", {"unit": "x"}, ["measure-score-value"]),
        ("ratio", {"value": 17, "unit": "d"}, []),
        ("ratio", None, ["measure-score-missing"]),
    ],
)
def test_the_score_is_one_that_the_scoring_allows(scoring: str, score: Json | None, expected: list[str]) -> None:
    given = report() if score is None else report(measureScore=score)
    assert codes(given, scoring) == expected


def test_a_list_of_subjects_has_as_many_as_are_counted() -> None:
    def listed(count: int, kind: str = "subject-list") -> list[str]:
        subjects = [{"item": {"reference": "Patient/a"}}, {"item": {"reference": "Patient/b"}}]
        inside = {"resourceType": "List", "id": "l", "status": "current", "mode": "snapshot", "entry": subjects}
        numerator = {"code": concept("numerator"), "count": count, "subjectResults": {"reference": "#l"}}
        given = report({"code": concept("denominator"), "count": 0}, numerator, kind=kind)
        return codes({**given, "contained": [inside]})

    assert listed(2) == []
    assert listed(3) == ["measure-count"]
    assert listed(2, "summary") == ["measure-subjects"]
