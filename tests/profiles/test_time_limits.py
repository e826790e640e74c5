"""No parse, no evaluation and no validation goes on for ever, whatever it is given; and nothing raises but its own."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from profiles.fhirpath import Environment, Expression, FhirPathError
from profiles.issue import Issue, kinds
from profiles.json_input import parse_any
from profiles.validator import validate
from profiles.xml_input import parse_xml

LIMIT = 2.0
"""Seconds of CPU: far more than is needed, on a machine that is slow."""
WIDE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": {"resourceType": "Basic", "id": str(n), "code": {"text": "a" * 50}}} for n in range(300)],
}
STEPS = (
    *("entry", "resource", "descendants()", "children()", "repeat(children())", "select($this | %resource)", "id"),
    *("where(id.matches('(a+)+$'))", "code.text.replaceMatches('(a*)*b', 'x')", "combine(descendants())", "distinct()"),
    *(
        "select(%resource.descendants())",
        "union(descendants())",
        "aggregate($total & 'aaaaaaaaaa', 'a')",
        "ofType(Basic)",
    ),
    *("all(%resource.descendants().count() > 0)", "toString()", "intersect(%resource.descendants())", "join('a')"),
)


def within(limit: float, work: Any) -> Any:
    begun = process_time()
    try:
        return work()
    finally:
        assert process_time() - begun < limit


@settings(max_examples=60, deadline=None)
@given(steps=some.lists(some.sampled_from(STEPS), min_size=1, max_size=6))
def test_an_expression_ends_by_itself_or_by_its_budget(steps: list[str]) -> None:
    def evaluate() -> Any:
        try:
            return Expression(".".join(steps))(WIDE, environment=Environment(resource=WIDE, budget=100_000))
        except FhirPathError as error:
            return str(error)

    assert within(LIMIT, evaluate) is not None


def test_what_multiplies_without_end_is_cut_off() -> None:
    with pytest.raises(FhirPathError, match="steps"):
        within(
            LIMIT * 5,
            lambda: Expression("descendants().select(%resource.descendants().select(%resource.descendants()))")(
                WIDE, environment=Environment(resource=WIDE)
            ),
        )


JSON = some.recursive(
    some.sampled_from(['"a"', '"\\ud800"', "1e999999", "-0", "null", "true", "1.10", '"resourceType"', "9" * 30]),
    lambda inner: (
        some.lists(inner, max_size=4).map(lambda items: f"[{','.join(items)}]")
        | some.lists(inner, max_size=4).map(lambda items: "{" + ",".join(f'"k":{item}' for item in items) + "}")
        | inner.map(lambda item: "[" * 100 + item + "]" * 100)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(text=JSON, cut=some.integers(0, 5), junk=some.binary(max_size=4))
def test_the_parser_answers_with_a_value_or_an_issue(text: str, cut: int, junk: bytes) -> None:
    data = text.encode()[: len(text) - cut] + junk
    _, issues = within(LIMIT, lambda: parse_any(data))
    assert all(type(issue) is Issue and issue.code in kinds() for issue in issues)


@settings(max_examples=60, deadline=None)
@given(
    name=some.sampled_from(["a", "Patient", "x:y", "Bundle"]), depth=some.integers(1, 3000), junk=some.text(max_size=5)
)
def test_the_parser_of_xml_answers_with_a_resource_or_an_issue(name: str, depth: int, junk: str) -> None:
    data = (f"<{name} xmlns='http://hl7.org/fhir'>" + "<a>" * depth + junk + "</a>" * depth + f"</{name}>").encode()
    resource, issues = within(LIMIT, lambda: parse_xml(data))
    assert resource is not None or issues


@pytest.mark.parametrize("depth", ["full", "structure"])
@pytest.mark.parametrize(
    "hostile",
    [
        {"resourceType": "Patient", "name": [{"given": [None] * 20_000}]},
        {"resourceType": "Patient", **{f"k{n}": n for n in range(20_000)}},
        {"resourceType": "Patient", "identifier": [{"system": "http://x", "value": str(n)} for n in range(5_000)]},
        {
            "resourceType": "Patient",
            "extension": [{"url": f"http://x/{n}", "valueString": "<b>"} for n in range(5_000)],
        },
        {"resourceType": "Bundle", "type": "document", "entry": [{"fullUrl": "urn:uuid:1"}] * 5_000},
        {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "id": str(n)} for n in range(2_000)]},
        {"resourceType": "Patient", "telecom": [{"value": "a" * 1_000_000, "system": "phone"}]},
    ],
    ids=["nulls", "unknown", "identifiers", "extensions", "document", "contained", "long"],
)
def test_a_validation_of_much_that_is_wrong_ends(hostile: dict[str, Any], depth: Any) -> None:
    issues = within(LIMIT * 5, lambda: validate(hostile, depth=depth))
    assert all(issue.code in kinds() for issue in issues)
