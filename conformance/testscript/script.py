"""A TestScript as frozen values: fixtures, variables, and the actions of setup, tests and teardown in order.

Law: reading guesses nothing about behaviour; elements this runner has no use for (extensions, contact, copyright …) are
left out, and an action without an operation or an assert stays in its place, so that it is reported and not swallowed.
Source: http://hl7.org/fhir/R4/testscript.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from profiles.systems import CANONICAL_BASE

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One request. `type` is a code of testscript-operation-codes, or the name of an operation."""

    type: str = ""
    resource: str = ""
    label: str = ""
    description: str = ""
    accept: str = ""
    content_type: str = ""
    method: str = ""
    params: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    request_id: str = ""
    response_id: str = ""
    source_id: str = ""
    target_id: str = ""
    encode: bool = True
    repeat_while: tuple[int, ...] = ()
    """Statuses that mean "not yet": the request is sent again until another one comes (our extension, see `REPEAT`)."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """One expectation. `given` names the elements it has: exactly one of `KINDS`, else it cannot be evaluated."""

    given: tuple[str, ...] = ()
    label: str = ""
    description: str = ""
    direction: str = ""
    compare_source: str = ""
    compare_expression: str = ""
    compare_path: str = ""
    content_type: str = ""
    expression: str = ""
    header: str = ""
    minimum_id: str = ""
    navigation_links: bool = False
    operator: str = ""
    path: str = ""
    request_method: str = ""
    request_url: str = ""
    resource: str = ""
    response: str = ""
    response_code: str = ""
    source_id: str = ""
    profile_id: str = ""
    value: str | None = None
    warning_only: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """An action without a meaning here: neither or both of its parts (rules tst-1, tst-2), or a modifier extension."""

    why: str


Action: TypeAlias = Operation | Assertion | Nothing

REPEAT = f"{CANONICAL_BASE}/StructureDefinition/testscript-repeat-while"
"""On an operation, `valueString` with statuses by commas. R4 has no loop; who ignores it sends the request once."""

KINDS = (
    "contentType",
    "expression",
    "headerField",
    "minimumId",
    "navigationLinks",
    "path",
    "requestMethod",
    "requestURL",
    "resource",
    "responseCode",
    "response",
    "validateProfileId",
)
"""What an assertion can be about (rule tst-5: one of them)."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """`text` as it stands in the script or its file, placeholders included; `trouble` says why there is none."""

    id: str
    text: str
    media_type: str
    create: bool = False
    delete: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    default: str | None = None
    expression: str = ""
    header: str = ""
    path: str = ""
    source_id: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    name: str
    description: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Capability:
    """What a server must be able to do for the script to mean anything: `statement` is a CapabilityStatement."""

    required: bool
    description: str
    statement: Json | None


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    url: str
    title: str = ""
    description: str = ""
    file: Path = Path()
    fixtures: tuple[Fixture, ...] = ()
    variables: tuple[Variable, ...] = ()
    profiles: Mapping[str, str] = field(default_factory=dict)
    capabilities: tuple[Capability, ...] = ()
    setup: tuple[Action, ...] = ()
    tests: tuple[Test, ...] = ()
    teardown: tuple[Action, ...] = ()


_OPERATION = {
    "resource": "resource",
    "label": "label",
    "description": "description",
    "accept": "accept",
    "contentType": "content_type",
    "method": "method",
    "params": "params",
    "url": "url",
    "requestId": "request_id",
    "responseId": "response_id",
    "sourceId": "source_id",
    "targetId": "target_id",
}
_ASSERTION = {
    "label": "label",
    "description": "description",
    "direction": "direction",
    "compareToSourceId": "compare_source",
    "compareToSourceExpression": "compare_expression",
    "compareToSourcePath": "compare_path",
    "contentType": "content_type",
    "expression": "expression",
    "headerField": "header",
    "minimumId": "minimum_id",
    "operator": "operator",
    "path": "path",
    "requestMethod": "request_method",
    "requestURL": "request_url",
    "resource": "resource",
    "response": "response",
    "responseCode": "response_code",
    "sourceId": "source_id",
    "validateProfileId": "profile_id",
}
_VARIABLE = {
    "expression": "expression",
    "headerField": "header",
    "path": "path",
    "sourceId": "source_id",
    "hint": "hint",
}


def action(source: Json) -> Action:
    """An element of `setup.action`, `test.action` or `teardown.action`."""
    asked, asserted = source.get("operation"), source.get("assert")
    if any("modifierExtension" in part for part in (source, asked, asserted) if isinstance(part, dict)):
        return Nothing("a modifierExtension changes what the action means, and this runner does not know how")
    if isinstance(asked, dict) and asserted is None:
        return operation(asked)
    if isinstance(asserted, dict) and asked is None:
        return assertion(asserted)
    return Nothing("an action has an operation or an assert, and not both")


def operation(source: Json) -> Operation:
    kind = source.get("type") or {}
    return Operation(
        type=_text(kind.get("code")) if isinstance(kind, dict) else _text(kind),
        headers=tuple((_text(one.get("field")), _text(one.get("value"))) for one in _list(source, "requestHeader")),
        encode=source.get("encodeRequestUrl") is not False,
        repeat_while=tuple(
            int(code)
            for one in _list(source, "extension")
            if one.get("url") == REPEAT
            for code in _text(one.get("valueString")).split(",")
            if code.strip().isdecimal()
        ),
        **_texts(source, _OPERATION),
    )


def assertion(source: Json) -> Assertion:
    value = source.get("value")
    return Assertion(
        given=tuple(kind for kind in KINDS if source.get(kind) not in (None, False)),
        navigation_links=source.get("navigationLinks") is True,
        value=None if value is None else _text(value),
        warning_only=source.get("warningOnly") is True,
        **_texts(source, _ASSERTION),
    )


def variable(source: Json) -> Variable:
    default = source.get("defaultValue")
    return Variable(_text(source.get("name")), None if default is None else _text(default), **_texts(source, _VARIABLE))


def actions(source: Json | None) -> tuple[Action, ...]:
    return tuple(action(one) for one in _list(source or {}, "action"))


def tests(source: Json) -> tuple[Test, ...]:
    """The tests in order; one without a name gets its place."""
    return tuple(
        Test(_text(one.get("name")) or f"test {place}", _text(one.get("description")), actions(one))
        for place, one in enumerate(_list(source, "test"), 1)
    )


def _texts(source: Json, names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: _text(source[theirs]) for theirs, ours in names.items() if theirs in source}


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _list(source: Json, name: str) -> list[Json]:
    found = source.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
