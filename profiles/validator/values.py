"""What a profile says about one value: fixed, pattern, least, greatest, longest.

Law: equal means equal as FHIR sees it: `1.0` is not `1.00` in a fixed decimal of another scale only when the digits
differ in value; no finding repeats a value of the resource.
Source: http://hl7.org/fhir/R4/elementdefinition-definitions.html (fixed[x], pattern[x], minValue[x], maxValue[x]).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, TypeAlias

from profiles.definitions import Definition
from profiles.validator.finding import Findings, finding
from profiles.validator.item import Item

Facet: TypeAlias = "Callable[[Item], Findings | None]"


def facets(element: Definition, name: str) -> Iterator[Facet]:
    """The checks of one value that an element asks for."""
    for key, wanted in element.items():
        if key.startswith("fixed"):
            yield _agreeing(equal, wanted, name)
        elif key.startswith("pattern") and key != "pattern":
            yield _agreeing(includes, wanted, name)
        elif key.startswith("minValue"):
            yield _bounded(wanted, -1, name)
        elif key.startswith("maxValue") and key != "maxValueSet":
            yield _bounded(wanted, 1, name)
        elif key == "maxLength":
            yield _short(wanted, name)
        elif key == "extension":
            yield from (_long(one["valueInteger"], name) for one in wanted if _is_least_length(one))


def _agreeing(agrees: Callable[[Any, Any], bool], wanted: Any, name: str) -> Facet:
    def check(item: Item) -> Findings | None:
        if item.value is None or agrees(item.value, wanted):
            return None
        return finding("value-fixed", name=name)

    return check


def equal(value: Any, wanted: Any) -> bool:
    """Fixed semantics: the same, nothing more and nothing less."""
    if type(wanted) is dict:
        if type(value) is not dict or value.keys() != wanted.keys():
            return False
        return all(equal(value[key], wanted[key]) for key in wanted)
    if type(wanted) is list:
        same = type(value) is list and len(value) == len(wanted)
        return same and all(equal(one, other) for one, other in zip(value, wanted, strict=True))
    return bool(value == wanted) and (type(value) is bool) == (type(wanted) is bool)


def includes(value: Any, wanted: Any) -> bool:
    """Pattern semantics: everything wanted is there; arrays may hold more."""
    if type(wanted) is dict:
        return type(value) is dict and all(key in value and includes(value[key], wanted[key]) for key in wanted)
    if type(wanted) is list:
        return type(value) is list and all(any(includes(item, one) for item in value) for one in wanted)
    return equal(value, wanted)


def _short(most: int, name: str) -> Facet:
    def check(item: Item) -> Findings | None:
        if type(item.value) is str and len(item.value) > most:
            return finding("value-too-long", name=name, max=str(most))
        return None

    return check


_LEAST_LENGTH = "http://hl7.org/fhir/StructureDefinition/minLength"


def _is_least_length(extension: Any) -> bool:
    return extension.get("url") == _LEAST_LENGTH and type(extension.get("valueInteger")) is int


def _long(least: int, name: str) -> Facet:
    def check(item: Item) -> Findings | None:
        if type(item.value) is str and len(item.value) < least:
            return finding("value-too-short", name=name, min=str(least))
        return None

    return check


def _bounded(bound: Any, sign: int, name: str) -> Facet:
    """`sign` -1: not below; 1: not above."""
    code, detail = ("value-too-small", "min") if sign < 0 else ("value-too-large", "max")
    shown = bound.get("value", "?") if type(bound) is dict else bound

    def check(item: Item) -> Findings | None:
        order = compare(item.value, bound)
        if order is None or order * sign <= 0:
            return None
        return finding(code, name=name, **{detail: str(shown)})

    return check


def compare(value: Any, bound: Any) -> int | None:
    """-1, 0 or 1, or None where the two cannot be compared: different kinds, units, or precisions that overlap."""
    if type(bound) is dict:
        return _quantities(value, bound)
    if type(value) in (int, Decimal, float) and type(bound) in (int, Decimal, float) and type(value) is not bool:
        return (value > bound) - (value < bound)
    if type(value) is str and type(bound) is str:
        return _texts(value, bound)
    return None


def _texts(value: str, bound: str) -> int | None:
    from profiles.fhirpath.temporal import parse_date_time, parse_time

    read = parse_time if value[2:3] == ":" else parse_date_time
    mine, yours = read(value), read(bound)
    if mine is None or yours is None:
        return None
    if value == bound:
        return 0
    if len(value) > 10 and len(bound) > 10 and value[2:3] != ":":
        from datetime import datetime

        try:
            first, second = datetime.fromisoformat(value), datetime.fromisoformat(bound)
            return (first > second) - (first < second)
        except (ValueError, TypeError):
            return None
    shared = min(len(value), len(bound), 10) if value[2:3] != ":" else min(len(value), len(bound))
    first_text, second_text = value[:shared], bound[:shared]
    return (first_text > second_text) - (first_text < second_text)


def _quantities(value: Any, bound: dict[str, Any]) -> int | None:
    if type(value) is not dict or "value" not in value or "value" not in bound:
        return None
    if value.get("system") == bound.get("system") and value.get("code") == bound.get("code"):
        return compare(value["value"], bound["value"])
    from profiles.fhirpath.errors import FhirPathError
    from profiles.fhirpath.frame import NOTHING, Frame
    from profiles.fhirpath.operators import OPERATORS
    from profiles.fhirpath.quantity import of_fhir

    mine, yours = of_fhir(value), of_fhir(bound)
    if mine is None or yours is None:
        return None
    try:
        frame = Frame(None, NOTHING)
        if OPERATORS["<"]([mine], [yours], frame) == [True]:
            return -1
        return 1 if OPERATORS[">"]([mine], [yours], frame) == [True] else 0
    except FhirPathError:
        return None
