"""Whatever is written as an expression, and whatever it is asked of: an answer, or an error of the package's own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from profiles.fhirpath import Environment, Expression, FhirPathError, check
from profiles.fhirpath.functions import EAGER, LAZY
from profiles.fhirpath.operators import OPERATORS as TABLE
from profiles.fhirpath.ucum import parse as parse_unit

ENVIRONMENT = Environment(now=datetime(2026, 3, 1, tzinfo=UTC), budget=20_000, resolve=lambda _: None)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
    "active": True,
    "name": [{"use": "official", "given": ["三", None], "_given": [None, {"id": "g"}]}, {"family": "张"}],
    "birthDate": "1990-01",
    "_birthDate": {"extension": [{"url": "urn:x", "valueDateTime": "1990-01-01T08:00:00+08:00"}]},
    "multipleBirthInteger": 2,
    "contained": [{"resourceType": "Observation", "id": "o", "valueQuantity": {"value": Decimal("1.10"), "code": "g"}}],
    "generalPractitioner": [{"reference": "#o"}, {"reference": "Practitioner/1"}],
}
OPERATORS = [*TABLE, "and", "or", "xor", "implies"]
# What no schema would let through.
BROKEN: dict[str, Any] = {
    "resourceType": "Patient",
    "name": {"given": {"a": [1]}},
    "birthDate": ["x", 5],
    "active": "yes",
    "_active": [None, 7],
    "contained": ["text", {"resourceType": "Nothing"}],
    "text": {"div": 5},
    "multipleBirthInteger": Decimal("1E+999"),
    "extension": [{"url": 1, "valueQuantity": {"value": "much", "code": 4}}, 9],
}
WORDS = [
    *EAGER,
    *LAZY,
    *("Patient", "name", "given", "birthDate", "contained", "value", "text", "active", "multipleBirth", "extension"),
    *("and", "or", "xor", "implies", "is", "as", "in", "contains", "div", "mod", "true", "false", "$this", "$index"),
    *("$total", "%resource", "%context", "%ucum", "%x", "Quantity", "System.String", "FHIR.code", "day", "years"),
    *("'a'", "'g'", "''", "'[a-z]+'", "'(a|b)*c'", "0", "1", "2.50", "9223372036854775807", "@2015", "@2015-02-29T"),
    *("@2015-02-04T14:34:28.123+08:00", "@T12:30", "4 'mg'", "1 year", "{}", "2.5 'cm'"),
    *(".", ".", ".", "(", ")", "(", ")", "[", "]", ",", "|", "&", "+", "-", "*", "/", "=", "!=", "~", "!~", "<", ">="),
]


def _settles(text: str) -> None:
    try:
        expression = Expression(text)
        for resource in (PATIENT, BROKEN):
            try:
                expression.items(resource, environment=ENVIRONMENT)
            except FhirPathError as error:
                assert "张" not in error.message
        check(text, "Patient")
    except FhirPathError as error:
        assert -1 <= error.position <= len(text)


@settings(max_examples=200, deadline=None)
@given(some.text(max_size=60))
def test_any_text_is_answered_or_refused(text: str) -> None:
    _settles(text)


@settings(max_examples=600, deadline=None)
@given(some.lists(some.sampled_from(WORDS), max_size=14))
def test_any_row_of_words_is_answered_or_refused(words: list[str]) -> None:
    _settles(" ".join(words))


def _calls(inner: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    names = some.sampled_from([*EAGER, *LAZY])
    return some.one_of(
        some.builds("{}.{}".format, inner, some.sampled_from(["name", "given", "value", "extension", "id", "div"])),
        some.builds("{}.{}()".format, inner, names),
        some.builds("{}.{}({})".format, inner, names, inner),
        some.builds("{}.{}({},{})".format, inner, names, inner, inner),
        some.builds(
            "({} {} {})".format,
            inner,
            some.sampled_from(
                [
                    "=",
                    "!=",
                    "~",
                    "!~",
                    "<",
                    "<=",
                    ">",
                    ">=",
                    "+",
                    "-",
                    "*",
                    "/",
                    "|",
                    "&",
                    "in",
                    "and",
                    "or",
                    "div",
                    "mod",
                ]
            ),
            inner,
        ),
        some.builds(
            "({} {} {})".format, inner, some.sampled_from(["is", "as"]), some.sampled_from(["Patient", "string"])
        ),
    )


_LEAVES = some.sampled_from(
    [
        *(
            "Patient",
            "name",
            "$this",
            "%resource",
            "'a'",
            "'m'",
            "1",
            "2.5",
            "{}",
            "@2015-02",
            "@T10",
            "4 'g'",
            "1 month",
        ),
        *("birthDate", "multipleBirth", "contained", "active", "descendants()", "true", "-3", "'2'", "@2015-02-04T10Z"),
    ]
)


@settings(max_examples=800, deadline=None)
@given(some.recursive(_LEAVES, _calls, max_leaves=8))
def test_any_sound_looking_expression_is_answered_or_refused(text: str) -> None:
    _settles(text)


@settings(max_examples=200, deadline=None)
@given(some.text(alphabet="mgsLd0123456789*^./()[]{}-+%'kuaCel_inHgU", max_size=20))
def test_any_text_is_a_unit_or_none(code: str) -> None:
    unit = parse_unit(code)
    assert unit is None or unit.factor > 0
