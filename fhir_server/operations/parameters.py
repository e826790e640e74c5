"""In- and out-parameters of an operation, as its OperationDefinition says (FHIR R4 operations.html#request, #response).

In: from the query (primitive types) and from a Parameters resource, or from the one resource the operation takes, sent
as it is. What the definition does not know, what is missing, too often there or of another type is an Issue.
Out: a Parameters resource; a sole out-parameter `return` that is a resource is the answer itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import profiles
from fhir_server.operations.definitions import operation_definition
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.search.instants import instant_range
from profiles.definitions import primitive_types, resource_types
from profiles.issue import Issue
from profiles.json_output import dump

GENERAL = frozenset({"_format", "_pretty"})
"""Parameters of every request (http.html#parameters)."""
_MOST_ISSUES = 100
"""Parameters that are found fault with before the rest is not looked at."""
_NO_INPUTS: Mapping[str, tuple[Any, ...]] = {}


@dataclass(frozen=True, slots=True)
class Inputs:
    """The in-parameters by name. Of a parameter with parts the value is an Inputs again."""

    values: Mapping[str, tuple[Any, ...]]

    def one(self, name: str) -> Any:
        """The value, or None."""
        found = self.values.get(name)
        return found[0] if found else None

    def all(self, name: str) -> tuple[Any, ...]:
        return self.values.get(name, ())

    def given(self, *names: str) -> list[str]:
        """Those of the names that were given."""
        return [name for name in names if name in self.values]


@dataclass(frozen=True, slots=True)
class _Expected:
    """One in-parameter. `type` is '' for one with parts."""

    name: str
    type: str
    least: int
    most: str
    parts: Mapping[str, _Expected]


def inputs(
    call: Call,
    services: Services,
    definition: str,
    *,
    also: Mapping[str, str] = _NO_INPUTS,  # type: ignore[assignment]
) -> Inputs | tuple[Issue, ...]:
    """The in-parameters of a call, or every issue that stands against it.

    `definition` is the id or URL of the OperationDefinition; `also` are further optional parameters, name to type.
    """
    known = dict(_expected(operation_definition(definition)["parameter"]))
    known |= {name: _Expected(name, kind, 0, "1", {}) for name, kind in also.items()}
    found: dict[str, list[Any]] = {}
    issues = _from_query(call, known, found)
    if call.method == "POST" and call.body:
        issues += _from_body(call, services, known, found)
    issues += _counted(known, found)
    return tuple(issues) or Inputs({name: tuple(values) for name, values in found.items()})


def _expected(listed: Iterable[Mapping[str, Any]]) -> dict[str, _Expected]:
    return {
        row["name"]: _Expected(row["name"], row.get("type", ""), row["min"], row["max"], _expected(row.get("part", ())))
        for row in listed
        if row["use"] == "in"
    }


def _counted(known: Mapping[str, _Expected], found: Mapping[str, list[Any]]) -> list[Issue]:
    issues = []
    for name, expected in known.items():
        count = len(found.get(name, ()))
        if count < expected.least:
            issues.append(Issue("operation-parameter-missing", "Parameters", details={"name": name}))
        if expected.most != "*" and count > int(expected.most):
            details = {"name": name, "max": expected.most}
            issues.append(Issue("operation-parameter-many", "Parameters", details=details))
    return issues


def _shown(name: object) -> str:
    """A name from the request as it may stand in a text: a caller may have put a patient's data there."""
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z_.\-]{1,64}", name, re.ASCII) else "…"


# -------------------------------------------------------------------------------------------------------- the query


def _from_query(call: Call, known: Mapping[str, _Expected], found: dict[str, list[Any]]) -> list[Issue]:
    issues = []
    for name, text in call.parameters:
        expected = known.get(name)
        if name in GENERAL:
            continue
        if expected is None:
            issues.append(Issue("operation-parameter-unknown", f"http.{_shown(name)}", details={"name": _shown(name)}))
        elif expected.type not in primitive_types():
            details = {"name": name, "type": expected.type or "group"}
            issues.append(Issue("operation-parameter-body", f"http.{name}", details=details))
        elif (value := _read(expected.type, text)) is None:
            details = {"name": name, "type": expected.type}
            issues.append(Issue("operation-parameter-value", f"http.{name}", details=details))
        else:
            found.setdefault(name, []).append(value)
    return issues


def _read(kind: str, text: str) -> Any:
    """The text as a value of a primitive type, or None."""
    reader = _READERS.get(kind)
    return text if reader is None else reader(text)


def _number(form: str) -> Callable[[str], int | None]:
    pattern = re.compile(form, re.ASCII)
    return lambda text: int(text) if pattern.fullmatch(text) else None


def _moment(text: str) -> str | None:
    text = text.replace(" ", "+")  # a + that was not escaped arrives as a blank
    return text if instant_range(text) is not None else None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": lambda text: {"true": True, "false": False}.get(text),
    "integer": _number(r"-?\d{1,9}"),
    "unsignedInt": _number(r"\d{1,9}"),
    "positiveInt": _number(r"[1-9]\d{0,8}"),
    "date": lambda text: _moment(text) if "T" not in text else None,
    "dateTime": _moment,
    "instant": _moment,
    "uri": lambda text: text if text and not re.search(r"\s", text) else None,
}


# --------------------------------------------------------------------------------------------------------- the body


def _from_body(
    call: Call, services: Services, known: Mapping[str, _Expected], found: dict[str, list[Any]]
) -> list[Issue]:
    read = document(call, services)
    if not isinstance(read, dict):
        return list(read)
    kind = read.get("resourceType")
    if kind == "Parameters":
        return _from_parameters(read, known, found)
    taken = [name for name, expected in known.items() if _takes(expected.type, kind)]
    if len(taken) != 1:
        return [Issue("operation-input", "Resource")]
    found.setdefault(taken[0], []).append(read)
    return []


def _takes(expected: str, kind: object) -> bool:
    """Whether a parameter of this type takes a resource of that type."""
    return expected == kind or expected == "Resource"


def _from_parameters(
    resource: Mapping[str, Any], known: Mapping[str, _Expected], found: dict[str, list[Any]]
) -> list[Issue]:
    """The parameters of the resource. Resources inside are not looked at: to judge them may be what is asked."""
    listed = resource.get("parameter", [])
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        return [Issue("operation-input", "Parameters.parameter")]
    bare = [row for row in listed if "resource" not in row]
    mixed = [n for n, row in enumerate(listed) if "resource" in row and any(_other(name) for name in row)]
    if mixed:  # Parameters inv-1: a resource, a value or parts
        return [
            Issue("operation-parameter-value", f"Parameters.parameter[{n}]", details=_DETAILS)
            for n in mixed[:_MOST_ISSUES]
        ]
    issues = list(profiles.validate({**resource, "parameter": bare} if bare else _without(resource)))
    refusing = [Issue("operation-parameter-value", i.expression, details=_DETAILS) for i in issues if i.refuses]
    return refusing or _members(listed, known, found, "Parameters.parameter")


_DETAILS = {"name": "…", "type": "well-formed value"}


def _other(name: str) -> bool:
    return name == "part" or name.startswith("value")


def _without(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "parameter"}


def _members(
    listed: list[dict[str, Any]], known: Mapping[str, _Expected], found: dict[str, list[Any]], where: str
) -> list[Issue]:
    issues: list[Issue] = []
    for place, row in enumerate(listed):
        name, at = row.get("name"), f"{where}[{place}]"
        if len(issues) >= _MOST_ISSUES:
            break
        expected = known.get(name) if isinstance(name, str) else None
        if expected is None:
            issues.append(Issue("operation-parameter-unknown", at, details={"name": _shown(name)}))
            continue
        value = _parts(row, expected, at) if expected.parts else _value(row, expected)
        if isinstance(value, list):
            issues += value
        elif value is None:
            details = {"name": expected.name, "type": expected.type or "group"}
            issues.append(Issue("operation-parameter-value", at, details=details))
        else:
            found.setdefault(expected.name, []).append(value)
    return issues


def _parts(row: Mapping[str, Any], expected: _Expected, where: str) -> Inputs | list[Issue]:
    found: dict[str, list[Any]] = {}
    issues = _members(row.get("part", []), expected.parts, found, f"{where}.part")
    issues += _counted(expected.parts, found)
    return issues or Inputs({name: tuple(values) for name, values in found.items()})


_FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"string", "code", "id", "markdown"}),
    frozenset({"uri", "url", "canonical", "oid", "uuid"}),
    frozenset({"integer", "positiveInt", "unsignedInt"}),
    frozenset({"date", "dateTime", "instant"}),
)
"""Types whose values a client may give for one another when they have the form that is asked for."""


def _value(row: Mapping[str, Any], expected: _Expected) -> Any:
    """The value of a parameter when it is of the type that is expected, else None."""
    if expected.type in resource_types() or expected.type == "Resource":
        inner = row.get("resource")
        return inner if isinstance(inner, dict) and _takes(expected.type, inner.get("resourceType")) else None
    for kind in _allowed(expected.type):
        value = row.get("value" + kind[0].upper() + kind[1:])
        if value is not None:
            return value if kind == expected.type else _read(expected.type, str(value))
    if expected.type == "Element":
        return next((value for name, value in row.items() if name.startswith("value")), None)
    return None


def _allowed(kind: str) -> frozenset[str]:
    return next((family for family in _FAMILIES if kind in family), frozenset({kind}))


# -------------------------------------------------------------------------------------------------------------- out


def parameter(name: str, kind: str, value: Any) -> dict[str, Any]:
    """One out-parameter: `kind` is the FHIR type of the value."""
    return {"name": name, "value" + kind[0].upper() + kind[1:]: value}


def group(name: str, *parts: dict[str, Any] | None) -> dict[str, Any]:
    """One out-parameter with parts; None leaves a part out."""
    return {"name": name, "part": [part for part in parts if part is not None]}


def answered(*parameters: dict[str, Any] | None) -> Answer:
    """200 with a Parameters resource; None leaves a parameter out."""
    listed = [each for each in parameters if each is not None]
    return Answer(200, dump({"resourceType": "Parameters", **({"parameter": listed} if listed else {})}))


def returned(resource: dict[str, Any]) -> Answer:
    """200 with the resource of the sole out-parameter `return`."""
    return Answer(200, dump(resource))
