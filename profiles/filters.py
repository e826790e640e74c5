"""Filters of a value set on a code system (FHIR R4 valueset.html#compositions, ValueSet.compose.include.filter).

A filter gives the codes it lets through, or None when it cannot be carried out: then nobody may guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from profiles.code_system import System, is_inactive, property_values

Codes = frozenset[str]
_LONGEST_PATTERN, _LONGEST_TEXT, _MOST_REPEATS = 200, 200, 3
_NAMES = frozenset({"concept", "code"})


def _is_a(found: System, name: str, value: str) -> Codes:
    return (found.below(value) | {value}) & found.concepts.keys()


def _descendent_of(found: System, name: str, value: str) -> Codes:
    return found.below(value)


def _is_not_a(found: System, name: str, value: str) -> Codes:
    return frozenset(found.concepts) - found.below(value) - {value}


def _generalizes(found: System, name: str, value: str) -> Codes:
    return (found.above(value) | {value}) & found.concepts.keys()


def _equals(found: System, name: str, value: str) -> Codes:
    return _among(found, name, frozenset({value}))


def _in(found: System, name: str, value: str) -> Codes:
    return _among(found, name, frozenset(part.strip() for part in value.split(",")))


def _not_in(found: System, name: str, value: str) -> Codes:
    return frozenset(found.concepts) - _in(found, name, value)


def _exists(found: System, name: str, value: str) -> Codes | None:
    if value not in ("true", "false"):
        return None
    having = frozenset(code for code in found.concepts if _values(found, code, name))
    return having if value == "true" else frozenset(found.concepts) - having


def _regex(found: System, name: str, value: str) -> Codes | None:
    pattern = harmless(value)
    if pattern is None:
        return None
    return frozenset(
        code
        for code in found.concepts
        if any(len(text) <= _LONGEST_TEXT and pattern.fullmatch(text) for text in _values(found, code, name))
    )


FILTERS: Mapping[str, Callable[[System, str, str], Codes | None]] = MappingProxyType(
    {
        "is-a": _is_a,
        "descendent-of": _descendent_of,
        "is-not-a": _is_not_a,
        "generalizes": _generalizes,
        "=": _equals,
        "in": _in,
        "not-in": _not_in,
        "exists": _exists,
        "regex": _regex,
    }
)


def passed(found: System, row: Mapping[str, Any]) -> Codes | None:
    """The codes that pass one filter element, or None when it cannot be carried out."""
    make = FILTERS.get(row.get("op", ""))
    return None if make is None else make(found, row["property"], row["value"])


def _among(found: System, name: str, values: Codes) -> Codes:
    if name in _NAMES:
        return values & found.concepts.keys()
    return frozenset(code for code in found.concepts if not values.isdisjoint(_values(found, code, name)))


def _values(found: System, code: str, name: str) -> list[str]:
    """What a concept says under a property; a few are not written down but follow."""
    concept = found.concepts[code]
    match name:
        case "concept" | "code":
            return [code]
        case "display":
            return [concept["display"]] if "display" in concept else []
        case "parent":
            return list(found.parents.get(code, ()))
        case "child":
            return list(found.children.get(code, ()))
        case "inactive":
            return ["true" if is_inactive(concept) else "false"]
        case _:
            return property_values(concept, name)


def harmless(text: str) -> re.Pattern[str] | None:
    """The pattern, when matching it cannot take long: no repeats inside repeats, few of them, no back references."""
    if len(text) > _LONGEST_PATTERN:
        return None
    try:
        pattern, parsed = re.compile(text), _parsed(text)
    except (re.error, RecursionError, OverflowError):
        return None
    repeats = _repeats(parsed, inside=0)
    return pattern if repeats is not None and repeats <= _MOST_REPEATS else None


def _parsed(text: str) -> Any:
    from re import _parser  # type: ignore[attr-defined]

    return _parser.parse(text)


_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})
_REFERENCES = frozenset({"GROUPREF", "GROUPREF_EXISTS", "GROUPREF_IGNORE"})


def _repeats(parsed: Any, *, inside: int) -> int | None:
    """How many repeats the pattern has; None for one inside another or a back reference."""
    count = 0
    for code, argument in parsed:
        name = str(code)
        if name in _REFERENCES:
            return None
        repeat = name in _REPEATS
        # A small fixed number of rounds, such as `{2}`, is no repeat.
        wide = repeat and argument[1] != argument[0] and int(argument[1]) > 1
        if (wide or name == "BRANCH") and inside:
            return None
        for inner in _inner(argument):
            below = _repeats(inner, inside=inside + wide)
            if below is None:
                return None
            count += below * (int(argument[1]) if repeat else 1)
        count += wide
    return count


def _inner(argument: Any) -> list[Any]:
    """The patterns inside one item of a parsed pattern."""
    if hasattr(argument, "data"):
        return [argument]
    if isinstance(argument, tuple | list):
        return [inner for each in argument for inner in _inner(each)]
    return []
