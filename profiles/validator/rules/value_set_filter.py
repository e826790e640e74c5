"""The filters of a value set: properties the code system has, operators these allow, values they can have.

Law: a property or operator that the code system does not mention is a warning (somebody else may know it); what can
never be carried out is an error. Systems that are not loaded are judged only by what their specification says.
Sources: http://hl7.org/fhir/R4/valueset-definitions.html#ValueSet.compose.include.filter, codesystem.html#filters,
codesystem-concept-properties.html, snomedct.html#filters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from profiles.check_digits import is_snomed_code
from profiles.code_system import System
from profiles.coding import problems
from profiles.ecl import is_expression
from profiles.issue import Issue
from profiles.systems import SNOMED_CT
from profiles.terminology import Terminology
from profiles.validator.place import Place

Json = dict[str, Any]
_COMPARED = re.compile(r"(?:eq|ne|gt|lt|ge|le|sa|eb|ap)?(.*)", re.DOTALL)
_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LISTS = frozenset({"in", "not-in"})
_HIERARCHY = frozenset({"=", "in", "is-a", "descendent-of", "is-not-a", "generalizes", "not-in"})
# What every code system has, by the type of its values; `concept` and `code` are codes of the system itself.
_EVERYWHERE: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("concept", "code"), "own code"),
        **dict.fromkeys(("parent", "child", "partOf"), "own code"),
        **dict.fromkeys(("inactive", "notSelectable"), "boolean"),
        **dict.fromkeys(("effectiveDate", "deprecationDate", "retirementDate"), "dateTime"),
        **dict.fromkeys(("status", "synonym"), "code"),
        **dict.fromkeys(("comment", "display", "definition", "designation"), "string"),
        "itemWeight": "decimal",
    }
)
_OPERATORS: Mapping[str, frozenset[str]] = MappingProxyType({"concept": _HIERARCHY, "code": _HIERARCHY | {"regex"}})
_SNOMED_OPERATORS: Mapping[str, frozenset[str]] = MappingProxyType(
    {"concept": frozenset({"=", "in", "not-in", "is-a", "descendent-of", "is-not-a", "generalizes"})}
)
_OF_SNOMED = frozenset({"concept", "code", "constraint", "expression", "expressions", "inactive", "moduleId"})


def filtered(row: Json, url: str, system: System | None, path: str, place: Place) -> Iterator[Issue]:
    """What is wrong with one filter on a code system; `system` is None where it is not loaded."""
    name, operator, value = row.get("property"), row.get("op"), row.get("value")
    if type(name) is not str or type(operator) is not str or type(value) is not str:
        return
    if system is None:
        if url == SNOMED_CT:
            yield from _of_snomed(name, operator, value, path, place)
        return
    kind = _kind(name, system)
    if kind is None and not _is_known(name, system):
        yield place.issue("value-set-filter-property", path + ".property", system=url)
        return
    allowed = _allowed(name, system)
    if allowed and operator not in allowed:
        yield place.issue("value-set-filter-operator", path + ".op")
    yield from _values(operator, value, kind or "string", system, path, place)


def _kind(name: str, system: System) -> str | None:
    """The type of a property: as the code system defines it, else as all have it."""
    for row in system.definition.get("property", ()):
        if row.get("code") == name:
            return str(row.get("type", "string"))
    return _EVERYWHERE.get(name)


def _is_known(name: str, system: System) -> bool:
    """Whether a filter of this name is defined, or concepts have such a property though nobody defined it."""
    if any(row.get("code") == name for row in system.definition.get("filter", ())):
        return True
    return any(row.get("code") == name for each in system.concepts.values() for row in each.get("property", ()))


def _allowed(name: str, system: System) -> frozenset[str]:
    """The operators for a property; empty where any will do."""
    for row in system.definition.get("filter", ()):
        if row.get("code") == name:
            return frozenset(row.get("operator", ())) | _OPERATORS.get(name, frozenset())
    return _OPERATORS.get(name, frozenset())


def _values(operator: str, value: str, kind: str, system: System, path: str, place: Place) -> Iterator[Issue]:
    path += ".value"
    if operator == "exists":
        if value not in ("true", "false"):
            yield place.issue("value-set-filter-value", path, type="boolean")
        return
    if operator == "regex":
        if not _is_regex(value):
            yield place.issue("value-set-filter-value", path, type="regex")
        return
    terminology = place.registry.terminology
    parts = [part.strip() for part in value.split(",")] if operator in _LISTS else [value]
    if not all(_fits(part, kind, system, terminology) for part in parts):
        yield place.issue("value-set-filter-value", path, type=kind.removeprefix("own "))


def _is_regex(value: str) -> bool:
    try:
        re.compile(value)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _fits(value: str, kind: str, system: System, terminology: Terminology) -> bool:
    if kind == "own code":
        return not system.complete or system.find(value) is not None
    if kind == "Coding":
        return _is_coding(value, terminology)
    return _FORMS.get(kind, _anything)(value)


def _is_coding(value: str, terminology: Terminology) -> bool:
    """Written as `system#code` or `system|code`."""
    url, mark, code = value.partition("#" if "#" in value else "|")
    if not mark or not code:
        return False
    found = problems({"system": url, "code": code.partition(" ")[0]}, terminology)
    return all(problem.code not in ("coding-code-unknown", "coding-code-malformed") for problem in found)


def _anything(_: str) -> bool:
    return True


def _compared(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    def holds(value: str) -> bool:
        match = _COMPARED.fullmatch(value)
        return match is not None and pattern.fullmatch(match[1]) is not None

    return holds


_FORMS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "boolean": lambda value: value in ("true", "false"),
        "code": lambda value: value == value.strip() and value != "",
        "dateTime": _compared(_DATE),
        "decimal": _compared(_NUMBER),
        "integer": _compared(_WHOLE),
    }
)


def _of_snomed(name: str, operator: str, value: str, path: str, place: Place) -> Iterator[Issue]:
    """SNOMED CT: properties are `concept`, a few others, and attributes named by their identifier (`=`, `in`)."""
    if name not in _OF_SNOMED and not is_snomed_code(name):
        yield place.issue("value-set-filter-property", path + ".property", system=SNOMED_CT)
        return
    allowed = _SNOMED_OPERATORS.get(name, frozenset() if name in _OF_SNOMED else frozenset({"=", "in"}))
    if allowed and operator not in allowed:
        yield place.issue("value-set-filter-operator", path + ".op")
    if name == "constraint" and not is_expression(value):
        yield place.issue("value-set-filter-value", path + ".value", type="ECL")
    parts = [part.strip() for part in value.split(",")] if operator in _LISTS else [value]
    if name == "concept" and not all(is_snomed_code(part) for part in parts):
        # `in` names a reference set, which is a concept, too.
        yield place.issue("value-set-filter-value", path + ".value", type="code")
