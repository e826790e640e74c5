"""The language itself: what is read, what is refused and where, how much an evaluation may do."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from profiles import fhirpath
from profiles.fhirpath import (
    Environment,
    EvaluationLimit,
    Expression,
    FhirPathError,
    FhirPathSemanticError,
    FhirPathSyntaxError,
)

NOTHING: dict[str, Any] = {"resourceType": "Basic"}


def value(text: str, environment: Environment | None = None) -> Any:
    found = Expression(text)(NOTHING, environment=environment or Environment())
    return found[0] if len(found) == 1 else found


def test_the_same_expression_is_compiled_once() -> None:
    assert fhirpath.compile("Patient.name", "Patient") is fhirpath.compile("Patient.name", "Patient")


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("1 +", 3),
        ("(1", 2),
        ("a.", 2),
        ("a b", 2),
        ("'x", 0),
        ("#", 0),
        ("a[1", 3),
        ("@2015-13", 0),
        ("1 /*", 2),
    ],
)
def test_a_syntax_error_says_where(text: str, position: int) -> None:
    with pytest.raises(FhirPathSyntaxError) as caught:
        Expression(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "position"), [("name.frist()", 5), ("name.first(1)", 5), ("name.where()", 5), ("value is Nonsense", 6)]
)
def test_an_unknown_function_or_type_says_where(text: str, position: int) -> None:
    with pytest.raises(FhirPathSemanticError) as caught:
        Expression(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-2 * 3", -6),
        ("'a' & 'b' = 'ab'", True),
        ("1 | 2 | 2", [1, 2]),
        ("true or false and false", True),
        ("false implies false", True),
        ("'\\u4e09'", "三"),
        ("7 'g' > 6999 'mg'", True),
        ("@2015-02-28 + 1 year", "2016-02-28"),
        ("@2016-02-29 - 12 months", "2015-02-28"),
        ("@2014 + 25 months", "2016"),
        ("@T23:30 + 45 minutes", "00:15"),
        ("@2015-02-04T23:59:59.500+08:00 + 1 second", "2015-02-05T00:00:00.500+08:00"),
        ("@9999-12-31 + 1 day", []),
        ("1.0 / 3", Decimal(1) / 3),
        ("5 div 0", []),
        ("9223372036854775807 + 1", []),
        ("'abc'.replaceMatches('(a)(b)', '$2$1')", "bac"),
        ("(2 | 3).aggregate($this * $total, 1)", 6),
        ("'a,b'.split(',').join('-')", "a-b"),
        ("1 'mg'.toQuantity('g').value", Decimal("0.001")),
        ("37 'Cel' = 98.6 '[degF]'", True),
    ],
)
def test_expression_gives(text: str, expected: Any) -> None:
    assert value(text) == expected


def test_a_quantity_comes_out_as_a_fhir_quantity() -> None:
    assert value("1.50 'mg'") == {
        "value": Decimal("1.50"),
        "unit": "mg",
        "system": "http://unitsofmeasure.org",
        "code": "mg",
    }


def test_the_time_is_the_one_of_the_environment() -> None:
    environment = Environment(now=datetime(2026, 3, 1, 8, 5, 1, tzinfo=UTC))
    assert value("now()", environment) == "2026-03-01T08:05:01.000Z"
    assert value("today()", environment) == "2026-03-01"
    assert value("timeOfDay()", environment) == "08:05:01.000"


def test_without_a_clock_there_is_no_now() -> None:
    with pytest.raises(FhirPathError, match="no clock"):
        value("now()")


def test_variables_are_given_by_name() -> None:
    environment = Environment(
        variables={"one": 1, "many": ["a", "b"], "tree": {"resourceType": "Patient", "active": True}}
    )
    assert value("%one + 1", environment) == 2
    assert value("%many", environment) == ["a", "b"]
    assert value("%tree.active", environment) is True
    with pytest.raises(FhirPathSemanticError, match="%other"):
        value("%other", environment)


def test_trace_is_heard_and_changes_nothing() -> None:
    heard: list[tuple[str, list[Any]]] = []
    environment = Environment(trace=lambda name, values: heard.append((name, values)))
    assert value("(1 | 2).trace('both').count()", environment) == 2
    assert heard == [("both", [1, 2])]


# ------------------------------------------------------------------------------------------------------------ limits


@pytest.mark.parametrize(
    "text", ["(" * 100 + "1" + ")" * 100, "1" + "+1" * 200, "a" + ".a" * 300, "x" * 10_001, "-" * 500 + "1", "9" * 2000]
)
def test_an_expression_beyond_reason_is_refused(text: str) -> None:
    with pytest.raises(EvaluationLimit):
        Expression(text)


_TEN = "(0|1|2|3|4|5|6|7|8|9)"


@pytest.mark.parametrize(
    "text",
    [
        _TEN + f".select($this.combine({_TEN}))" * 9,
        "('a').select(" + "+".join(["$this"] * 100) + ")" + ".select($this+$this)" * 30,
        "'aaaaaaaaaa'" + ".replace('a', 'aaaaaaaaaa')" * 10,
        "('a'" + " & 'aaaaaaaaaa'" * 100 + ").replace('a', '" + "a" * 500 + "').replaceMatches('a', 'b')",
        "1.repeat($this + 1)",
        "'a'.repeat($this & 'a')",
    ],
)
def test_an_evaluation_that_would_not_end_is_stopped(text: str) -> None:
    with pytest.raises(EvaluationLimit):
        value(text)


def test_a_pattern_that_would_backtrack_for_ever_answers_at_once() -> None:
    assert value("'" + "a" * 5000 + "b'.matches('^(a+)+$')") is False


def test_a_pattern_that_is_no_pattern_is_an_error() -> None:
    with pytest.raises(FhirPathError, match="pattern"):
        value("'a'.matches('(')")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"'a\tb' ~ 'A b'", True),
        (r"'a  b' ~ 'a b'", False),
        ("' a' ~ 'a'", False),
    ],
)
def test_texts_are_equivalent_blank_by_blank(expression: str, expected: bool) -> None:
    assert fhirpath.compile(expression)({}) == [expected]


@pytest.mark.parametrize("text", ["matches('a')", "replaceMatches('a', 'b')"])
def test_half_a_character_is_an_error_of_fhirpath_and_no_crash(text: str) -> None:
    resource = {"resourceType": "Patient", "name": [{"family": "\ud800"}]}
    with pytest.raises(FhirPathError):
        Expression(f"Patient.name.family.{text}")(resource)
