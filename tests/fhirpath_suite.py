"""The official FHIRPath test suite (tests-fhir-r4.xml): reading it, and whether one case comes out as it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from profiles.fhirpath import Environment, Expression, FhirPathError, FhirPathSyntaxError, check
from profiles.fhirpath.model import model_of
from profiles.fhirpath.quantity import Quantity
from profiles.fhirpath.values import plain, system, type_of
from profiles.json_input import parse
from profiles.xml_input import parse_xml

NOW = datetime(2026, 3, 1, 8, 30, 15, 250000, tzinfo=UTC)
EMPTY: dict[str, Any] = {"resourceType": "Basic"}


@dataclass(frozen=True, slots=True)
class Case:
    """`outputs` are (type or '', text); `invalid` is '', 'syntax', 'semantic', 'execution' or 'true'."""

    group: str
    name: str
    input: str
    expression: str
    outputs: tuple[tuple[str, str], ...]
    invalid: str
    predicate: bool
    ordered: bool

    @property
    def id(self) -> str:
        return f"{self.group}/{self.name}: {self.expression}"


def read_cases(path: Path) -> list[Case]:
    cases = []
    for group in etree.parse(path).getroot().iter("group"):
        for test in group.iter("test"):
            expression = test.find("expression")
            cases.append(
                Case(
                    group.get("name", ""),
                    test.get("name", ""),
                    test.get("inputfile", ""),
                    expression.text or "",
                    tuple((output.get("type", ""), output.text or "") for output in test.findall("output")),
                    expression.get("invalid", ""),
                    test.get("predicate") == "true",
                    test.get("ordered") != "false",
                )
            )
    return cases


def read_inputs(folder: Path, names: set[str]) -> Mapping[str, Any]:
    return {"": EMPTY, **{name: _read(folder / name) for name in names if name}}


def _read(path: Path) -> Any:
    data = re.sub(rb'\s+xmlns:xsi="[^"]*"|\s+xsi:schemaLocation="[^"]*"', b"", path.read_bytes())
    resource, issues = (parse_xml if path.suffix == ".xml" else parse)(data)
    assert resource is not None, issues
    return resource


def failure(case: Case, inputs: Mapping[str, Any]) -> str:
    """Why the case does not come out as the suite says; '' when it does."""
    try:
        items = _evaluated(case, inputs[case.input])
    except FhirPathError as error:
        if not case.invalid:
            return f"refused: {error.message}"
        if case.invalid == "syntax" and not isinstance(error, FhirPathSyntaxError):
            return f"refused, but not for its syntax: {error.message}"
        return ""
    if case.invalid:
        return f"should be refused, gives {[_text(item) for item in items]}"
    found = [(type_of(item).name, _text(item)) for item in items]
    wanted = list(case.outputs)
    if not case.ordered:
        found, wanted = sorted(found, key=lambda one: one[1]), sorted(wanted, key=lambda one: one[1])
    if len(found) == len(wanted) and all(map(_same, found, wanted)):
        return ""
    return f"gives {found}"


def _evaluated(case: Case, resource: Any) -> list[Any]:
    expression = Expression(case.expression)
    if case.invalid == "semantic":
        problems = check(case.expression, resource["resourceType"])
        if problems:
            raise FhirPathError(problems[0].message, problems[0].position)
    environment = Environment(now=NOW)
    if case.predicate:
        return [bool(expression(resource, environment=environment))]
    return expression.nodes((resource, model_of(resource), None, None, None, None), environment)


def _text(item: Any) -> str:
    value = system(item)
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is Decimal:
        return format(value, "f")
    if type(value) is Quantity:
        return str(value)
    return str(plain(item))


def _same(found: tuple[str, str], wanted: tuple[str, str]) -> bool:
    kind, text = wanted
    if kind and kind.lower() != found[0].lower():
        return False
    if kind in ("decimal", "Quantity") or not kind:
        return (
            found[1] == text.lstrip("@T" if text.startswith("@T") else "@") or _number(found[1]) == _number(text) != ""
        )
    return found[1] == text.lstrip("@").removeprefix("T")


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return ""
