"""Every expression that R4 itself contains compiles, and means something on the type it is for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from profiles.archive import core
from profiles.definitions import resource_types, search_parameters, structure
from profiles.fhirpath import Expression, check
from profiles.fhirpath.functions import EAGER, LAZY
from profiles.fhirpath.model import at_path
from tests.every_row import for_each

FAULTY = {
    ("ChargeItemDefinition", "cid-0"): "there is no element `name`",
    ("RiskAssessment.prediction.probability[x]", "ras-1"): "the rule on a Range also stands on the decimal",
}
"""Rules of R4 that name elements their context does not have."""

_TYPES = frozenset({"resource", "complex-type", "primitive-type"})


def _rules() -> Iterator[tuple[str, str, str, str]]:
    """Each rule once: where, key, expression, and whether it stands in a type ('') or a profile."""
    for name, (_, kind, _, derivation, _) in core("structures").member("_index").items():
        definition = structure(name)
        assert definition is not None
        for element in definition["snapshot"]["element"]:
            for rule in element.get("constraint", ()):
                if kind in _TYPES and "expression" in rule:
                    yield element["path"], rule["key"], rule["expression"], derivation or ""


RULES = sorted(set(_rules()))


def test_every_rule_of_r4_compiles() -> None:
    expressions = {expression for _, _, expression, _ in RULES}
    assert len(expressions) > 200
    for expression in expressions:
        Expression(expression)


def test_every_rule_of_a_type_names_only_elements_that_are_there() -> None:
    found = set()
    for path, key, expression, derivation in RULES:
        types = [path] if at_path(path) else _choices(path)
        if derivation != "constraint" and any(at_path(one) and check(expression, one) for one in types):
            found.add((path, key))
    assert found == set(FAULTY)


def _choices(path: str) -> list[str]:
    definition = structure(path.partition(".")[0])
    assert definition is not None
    return [
        kind["code"]
        for element in definition["snapshot"]["element"]
        if element["path"] == path
        for kind in element.get("type", ())
    ]


@for_each(sorted(resource_types()))
def test_every_search_parameter_compiles_and_names_only_elements_that_are_there(resource_type: str) -> None:
    for parameter in search_parameters(resource_type).values():
        if parameter.expression:
            assert check(parameter.expression, resource_type) == ()


def test_the_reference_page_names_every_function() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "fhirpath.md").read_text(encoding="utf-8")
    assert [name for name in (*EAGER, *LAZY) if f"`{name}`" not in page] == []
