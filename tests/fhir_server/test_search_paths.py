"""Search parameter expressions become walkers: all of R4 but a named few, each giving the leaves it should."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.search.parameters import KINDS, parameters
from fhir_server.search.paths import NOT_COVERED, keys_of, parse, root_extension, walker
from fhir_server.store.schema import param_id
from profiles.definitions import resource_types, search_parameters

NO_EXPRESSION = {"_content", "_query", "_text", "_filter", "age", "birthOrderBoolean"}


def leaves(expression: str, resource: dict[str, Any], *choices: str) -> list[Any]:
    """What the alternatives of an expression find in a resource."""
    found: list[Any] = []
    for path in parse(expression, resource["resourceType"]):
        first, *rest = path.steps
        if first.kind == "extension":
            found += root_extension(first.name)(resource.get("extension"))
            continue
        walk = walker(tuple(rest), choices)
        for key in keys_of(first, () if rest else choices):
            value = resource.get(key)
            if value is not None:
                plain = value if isinstance(value, list) else [value]
                found += plain if walk is None else walk(value)
    return found


def test_every_search_parameter_of_r4_is_covered_but_the_named_ones() -> None:
    missing = {
        f"{kind}.{code}"
        for kind in resource_types()
        for code, definition in search_parameters(kind).items()
        if definition.type in KINDS and code not in parameters(kind) and code not in NO_EXPRESSION
    }
    assert missing == set(NOT_COVERED)


def test_at_least_ninety_five_of_a_hundred_expressions_are_searchable() -> None:
    defined = [p for kind in resource_types() for p in search_parameters(kind).values() if p.expression]
    known = [p for kind in resource_types() for p in parameters(kind).values()]
    assert len(known) / len(defined) > 0.95  # composites are the rest


def test_no_two_lists_of_keys_have_the_same_number() -> None:
    names = {
        source.param: f"{parameter.kind}:{kind}.{source.path.text}"
        for kind in resource_types()
        for parameter in parameters(kind).values()
        for source in parameter.sources
    }
    assert len(set(names.values())) == len(names)
    assert all(param == param_id(name) for param, name in names.items() if "deceased" not in name)


@pytest.mark.parametrize(
    ("expression", "resource", "choices", "expected"),
    [
        ("Patient.name.family", {"name": [{"family": "张"}, {"family": "李"}]}, (), ["张", "李"]),
        ("Observation.code | Patient.gender", {"gender": "male"}, (), ["male"]),
        (
            "(Patient.deceased as dateTime)",
            {"deceasedDateTime": "2026-01-01", "deceasedBoolean": True},
            (),
            ["2026-01-01"],
        ),
        (
            "Patient.telecom.where(system='phone')",
            {"telecom": [{"system": "phone"}, {"system": "fax"}]},
            (),
            [{"system": "phone"}],
        ),
        (
            "Patient.link.other.where(resolve() is Patient)",
            {"link": [{"other": {"reference": "Patient/1"}}]},
            (),
            [{"reference": "Patient/1"}],
        ),
        ("Patient.multipleBirth.as(integer)", {"multipleBirthInteger": 2}, (), [2]),
        (
            "Patient.extension('urn:e')",
            {"extension": [{"url": "urn:e", "valueCode": "x"}, {"url": "urn:f", "valueCode": "y"}]},
            (),
            ["x"],
        ),
        (
            "(Patient.item.value as CodeableConcept).text",
            {"item": [{"valueCodeableConcept": {"text": "t"}}]},
            (),
            ["t"],
        ),
        (
            "Patient.item.where(hasExtension('urn:h')).answer.value.ofType(Reference)",
            {
                "item": [
                    {"extension": [{"url": "urn:h"}], "answer": [{"valueReference": {"reference": "a"}}]},
                    {"answer": [{"valueReference": {"reference": "b"}}]},
                ]
            },
            (),
            [{"reference": "a"}],
        ),
        ("Resource.meta.tag", {"meta": {"tag": [{"code": "t"}]}}, (), [{"code": "t"}]),
        ("Patient.effective", {"effectivePeriod": {"start": "2026"}}, ("dateTime", "Period"), [{"start": "2026"}]),
    ],
)
def test_an_expression_finds_its_leaves(
    expression: str, resource: dict[str, Any], choices: tuple[str, ...], expected: list[Any]
) -> None:
    assert leaves(expression, {"resourceType": "Patient", **resource}, *choices) == expected


def test_a_shape_without_a_walker_is_an_error_and_not_an_empty_list() -> None:
    with pytest.raises(ValueError, match="no walker"):
        parse("Patient.name.first().given", "Patient")


def test_parameters_that_read_the_same_place_share_their_keys() -> None:
    known = parameters("Observation")
    assert known["patient"].params == known["subject"].params
    assert set(known["code"].params) < set(known["combo-code"].params)


def test_patient_only_points_to_patients_where_the_expression_says_so() -> None:
    assert parameters("Observation")["patient"].targets == ("Patient",)
    assert "Group" in parameters("Observation")["subject"].targets
