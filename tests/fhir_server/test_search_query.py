"""A query string becomes a Query, or every issue against it; nothing is guessed and nothing of it is repeated."""

from __future__ import annotations

import pytest

from fhir_server.search.query import Chain, Criterion, Handling, Has, Limits, Query, parse
from fhir_server.search.values import Span, Surroundings, Target, Token, Words

AROUND = Surroundings(1_780_000_000_000_000, "http://qiao.test/fhir")


def read(kind: str, *pairs: tuple[str, str], handling: Handling = Handling.STRICT) -> Query:
    query = parse(kind, pairs, AROUND, handling)
    assert isinstance(query, Query), query
    return query


def codes(kind: str, *pairs: tuple[str, str], handling: Handling = Handling.STRICT) -> list[str]:
    issues = parse(kind, pairs, AROUND, handling)
    assert isinstance(issues, tuple), issues
    return [issue.code for issue in issues]


def value(kind: str, name: str, text: str) -> object:
    condition = read(kind, (name, text)).conditions[0]
    assert isinstance(condition, Criterion)
    return condition.values[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", Token(None, "a")),
        ("s|a", Token("s", "a")),
        ("|a", Token("", "a")),
        ("s|", Token("s", "")),
        (r"s|a\|b", Token("s", "a|b")),
    ],
)
def test_a_token_has_a_system_no_system_or_any(text: str, expected: Token) -> None:
    assert value("Observation", "code", text) == expected


def test_commas_are_or_and_escaped_commas_are_text() -> None:
    condition = read("Patient", ("name", r"a\,b,c")).conditions[0]
    assert isinstance(condition, Criterion)
    assert condition.values == (Words("a,b"), Words("c"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", Target("Patient", "1")),
        ("1", Target("", "1")),
        ("http://qiao.test/fhir/Patient/1", Target("Patient", "1")),
        ("http://other/Patient/1", Words("http://other/Patient/1")),
    ],
)
def test_a_reference_is_local_or_as_it_is_written(text: str, expected: object) -> None:
    assert value("Observation", "subject", text) == expected


def test_a_plus_that_arrives_as_a_blank_is_still_an_offset() -> None:
    assert value("Observation", "date", "ge2026-05-01T08:00:00 08:00") == value(
        "Observation", "date", "ge2026-05-01T08:00:00+08:00"
    )


def test_a_quantity_may_name_its_unit() -> None:
    bare, unit = value("Observation", "value-quantity", "gt5"), value("Observation", "value-quantity", "gt5|s|mg")
    assert isinstance(bare, Span)
    assert isinstance(unit, Span)
    assert (bare.unit, unit.unit, bare.low == unit.low) == (None, ("s", "mg"), True)


def test_a_chain_and_a_reverse_chain_are_conditions_inside_conditions() -> None:
    chain, has = (
        read("Observation", ("patient.identifier", "s|1")),
        read("Patient", ("_has:Observation:patient:code", "x")),
    )
    assert isinstance(chain.conditions[0], Chain)
    assert [kind for kind, _ in chain.conditions[0].targets] == ["Patient"]
    assert isinstance(has.conditions[0], Has)


def test_a_chain_through_several_types_keeps_those_that_have_the_parameter() -> None:
    condition = read("Observation", ("subject.name", "x")).conditions[0]
    assert isinstance(condition, Chain)
    assert [kind for kind, _ in condition.targets] == ["Patient"] or "Patient" in dict(condition.targets)


@pytest.mark.parametrize(
    ("kind", "name", "text", "code"),
    [
        ("Patient", "colour", "red", "search-parameter-unknown"),
        ("Patient", "name:exactly", "x", "search-modifier"),
        ("Patient", "birthdate:contains", "2026", "search-modifier"),
        ("Patient", "birthdate", "yesterday", "search-value"),
        ("Observation", "value-quantity", "five", "search-value"),
        ("Observation", "value-quantity", "1|2", "search-value"),
        ("Patient", "identifier", "|", "search-value"),
        ("Patient", "identifier", "a|b|c", "search-value"),
        ("Patient", "name:missing", "perhaps", "search-value"),
        ("Patient", "_count", "-1", "search-value"),
        ("Patient", "_count", "many", "search-value"),
        ("Patient", "_sort", "colour", "search-parameter-unknown"),
        ("Observation", "value-quantity", "1|http://unitsofmeasure.org|", "search-value"),
        ("Patient", "_include", "Patient", "search-value"),
        ("Patient", "_include", "Patient:name", "search-value"),
        ("Patient", "_include", "Observation:subject:Medication", "search-value"),
        ("Patient", "_revinclude", "Nothing:subject", "search-value"),
        ("Patient", "_include:sometimes", "Patient:link", "search-modifier"),
        ("Patient", "_total", "some", "search-value"),
        ("Patient", "_summary", "yes", "search-value"),
        ("Observation", "code.name", "x", "search-modifier"),
        ("Observation", "patient.colour", "x", "search-parameter-unknown"),
        ("Observation", "patient:Group.identifier", "x", "search-modifier"),
        ("Patient", "_has:Observation:code:code", "x", "search-parameter-unknown"),
        ("Patient", "_has:Observation:patient", "x", "search-parameter-unknown"),
        ("Patient", "_has:Task:focus", "x", "search-parameter-unknown"),
        ("Patient", "_filter", "colour eq x", "search-parameter-unknown"),
    ],
)
def test_what_cannot_be_understood_is_refused(kind: str, name: str, text: str, code: str) -> None:
    assert codes(kind, (name, text)) == [code]


def test_every_issue_is_named_at_once() -> None:
    assert codes("Patient", ("colour", "x"), ("birthdate", "x"), ("name", "ok")) == [
        "search-parameter-unknown",
        "search-value",
    ]


def test_lenient_handling_leaves_out_unknown_parameters_and_says_so() -> None:
    query = read("Patient", ("colour", "red"), ("name", "x"), handling=Handling.LENIENT)
    assert [issue.code for issue in query.ignored] == ["search-parameter-unknown"]
    assert query.pairs == (("name", "x"),)


def test_lenient_handling_does_not_forgive_a_value_that_cannot_be_read() -> None:
    assert codes("Patient", ("birthdate", "x"), handling=Handling.LENIENT) == ["search-value"]


def test_a_page_is_never_larger_than_the_limit() -> None:
    assert read("Patient", ("_count", "999999999")).count == Limits().page_most


def test_a_query_with_too_many_values_is_refused() -> None:
    assert codes("Patient", ("_id", ",".join("a" for _ in range(3000)))) == ["search-value"]


def test_a_chain_that_is_too_deep_is_refused() -> None:
    assert codes("Observation", ("has-member." * 7 + "code", "x")) == ["search-modifier"]


def test_no_issue_repeats_what_may_be_a_patients_data() -> None:
    issues = parse("Patient", [("张三330106199001010011", "x"), ("birthdate", "张三"), ("_sort", "张三")], AROUND)
    assert isinstance(issues, tuple)
    assert all("张三" not in issue.text() + issue.expression and "3301" not in issue.text() for issue in issues)
