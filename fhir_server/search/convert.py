"""From a value of a resource to index rows, by kind of search parameter (FHIR R4 search.html#table).

Every emitter takes one value or a list of values and adds to the four sets. Values of another shape are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

from fhir_server.search.instants import EARLIEST, LATEST, instant_range
from fhir_server.search.keys import exact_key, token_keys, unit_param
from fhir_server.search.numbers import ordered
from fhir_server.search.parameters import Kind, Source
from fhir_server.search.reference import identifier_param, local, of_type_param
from fhir_server.search.text import normalised


@dataclass(slots=True)
class Rows:
    """The four sets while they grow."""

    keys: set[tuple[int, int]]
    strings: set[tuple[int, str]]
    ranges: set[tuple[int, int, int]]
    references: set[tuple[int, str, str]]


Emit = Callable[[Any, Rows], None]

_NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
_ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")
_LOWEST_NUMBER = -(2**63) + 1
_HIGHEST_NUMBER = 2**63 - 1


def emitter(kind: Kind, source: Source) -> Emit:
    """The emitter of one path."""
    param = source.param
    match kind:
        case "token":
            one = _contact_point(param) if source.path.text.split("[")[0].endswith("telecom") else _token(param)
        case "string":
            one = _string(param)
        case "date":
            one = _date(param)
        case "number":
            one = _number(param)
        case "quantity":
            one = _quantity(param)
        case "reference":
            one = _reference(param)
        case _:
            one = _uri(param)
    return _each(one)


def _each(one: Emit) -> Emit:
    def each(value: Any, rows: Rows) -> None:
        if type(value) is list:
            for item in value:
                one(item, rows)
        else:
            one(value, rows)

    return each


def _token(param: int) -> Emit:
    of_type = of_type_param(param)

    def token(value: Any, rows: Rows) -> None:
        if type(value) is dict:
            codings = value.get("coding")
            if type(codings) is list:  # CodeableConcept
                for coding in codings:
                    if type(coding) is dict:
                        add(coding.get("system"), coding.get("code"), rows)
            elif "code" in value:  # Coding
                add(value.get("system"), value["code"], rows)
            else:  # Identifier
                system, text = value.get("system"), value.get("value")
                add(system, text, rows)
                if "type" in value and type(text) is str:
                    _add_of_type(of_type, value["type"], text, rows)
        elif value is True or value is False:
            add("", "true" if value else "false", rows)
        else:
            add("", value, rows)

    def add(system: Any, code: Any, rows: Rows) -> None:
        system = system if type(system) is str else ""
        if type(code) is not str:
            code = ""
        for key in token_keys(system, code):
            rows.keys.add((param, key))

    return token


def _add_of_type(param: int, concept: Any, value: str, rows: Rows) -> None:
    """`:of-type` of an Identifier: `type system|type code|value`."""
    for coding in concept.get("coding") or () if type(concept) is dict else ():
        if type(coding) is dict and type(coding.get("code")) is str:
            text = f"{coding.get('system') or ''}|{coding['code']}|{value.casefold()}"
            rows.keys.add((param, exact_key(text)))


def _contact_point(param: int) -> Emit:
    """A ContactPoint is found by its value, and by its use or its system (`phone|0571…`)."""

    def contact_point(value: Any, rows: Rows) -> None:
        text = value.get("value") if type(value) is dict else None
        if type(text) is str:
            for system in {value.get("system"), value.get("use"), ""}:
                if type(system) is str:
                    for key in token_keys(system, text):
                        rows.keys.add((param, key))

    return contact_point


def _string(param: int) -> Emit:
    def string(value: Any, rows: Rows) -> None:
        if type(value) is dict:
            for part in _parts(value):
                add(part, rows)
        else:
            add(value, rows)

    def add(text: Any, rows: Rows) -> None:
        if type(text) is str:
            form = normalised(text)
            if form:
                rows.strings.add((param, form))
                rows.keys.add((param, exact_key(text)))  # `:exact`

    return string


def _parts(value: dict[str, Any]) -> list[str]:
    """The texts of a HumanName or an Address; a name without text is also found as family + given (张 + 三丰)."""
    names = _NAME_PARTS if "family" in value or "given" in value else _ADDRESS_PARTS
    parts: list[str] = []
    for name in names:
        part = value.get(name)
        if type(part) is list:
            parts.extend(item for item in part if type(item) is str)
        elif type(part) is str:
            parts.append(part)
    if names is _NAME_PARTS and "text" not in value and type(value.get("family")) is str:
        parts.append(value["family"] + "".join(g for g in value.get("given") or () if type(g) is str))
    return parts


def _date(param: int) -> Emit:
    def date(value: Any, rows: Rows) -> None:
        if type(value) is str:
            span = instant_range(value)
            if span is not None:
                rows.ranges.add((param, *span))
        elif type(value) is dict:
            if "start" in value or "end" in value:
                rows.ranges.add((param, *_period(value)))
            elif "event" in value or "repeat" in value:
                span = _timing(value)
                if span is not None:
                    rows.ranges.add((param, *span))

    return date


def _period(value: dict[str, Any]) -> tuple[int, int]:
    start, end = value.get("start"), value.get("end")
    first = instant_range(start) if type(start) is str else None
    last = instant_range(end) if type(end) is str else None
    return first[0] if first else EARLIEST, last[1] if last else LATEST


def _timing(value: dict[str, Any]) -> tuple[int, int] | None:
    """From the first event or bound to the last (search.html#date: "the outer limits of the timing schedule")."""
    events = value.get("event")
    spans = [instant_range(e) for e in events if type(e) is str] if type(events) is list else []
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if type(repeat) is dict else None
    if type(bounds) is dict:
        spans.append(_period(bounds))
    known = [span for span in spans if span is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _is_number(value: Any) -> TypeGuard[Decimal | int | float]:
    return type(value) in (Decimal, int, float)


def _number(param: int) -> Emit:
    def number(value: Any, rows: Rows) -> None:
        if _is_number(value):
            key = ordered(value)
            rows.ranges.add((param, key, key))
        elif type(value) is dict:
            _add_range(param, value, rows)

    return number


def _add_range(param: int, value: dict[str, Any], rows: Rows) -> None:
    low, high = value.get("low"), value.get("high")
    low_value = low.get("value") if type(low) is dict else None
    high_value = high.get("value") if type(high) is dict else None
    if _is_number(low_value) or _is_number(high_value):
        rows.ranges.add(
            (
                param,
                ordered(low_value) if _is_number(low_value) else _LOWEST_NUMBER,
                ordered(high_value) if _is_number(high_value) else _HIGHEST_NUMBER,
            )
        )


def _quantity(param: int) -> Emit:
    """A Quantity stands in the list of bare numbers and in one list for each way its unit can be named."""

    def quantity(value: Any, rows: Rows) -> None:
        if type(value) is not dict:
            return
        if "low" in value or "high" in value:
            bound = value.get("low") or value.get("high")
            for list_param in _unit_params(param, bound if type(bound) is dict else {}):
                _add_range(list_param, value, rows)
            return
        number = value.get("value")
        if _is_number(number):
            key = ordered(number)
            for list_param in _unit_params(param, value):
                rows.ranges.add((list_param, key, key))

    return quantity


def _unit_params(param: int, value: dict[str, Any]) -> set[int]:
    params = {param}
    system, code, unit, currency = value.get("system"), value.get("code"), value.get("unit"), value.get("currency")
    if type(currency) is str:  # Money
        params.add(unit_param(param, "urn:iso:std:iso:4217", currency))
        params.add(unit_param(param, "", currency))
    if type(code) is str:
        params.add(unit_param(param, "", code))
        if type(system) is str:
            params.add(unit_param(param, system, code))
    if type(unit) is str:
        params.add(unit_param(param, "", unit))
    return params


def _reference(param: int) -> Emit:
    identifier = identifier_param(param)
    identify = _token(identifier)

    def reference(value: Any, rows: Rows) -> None:
        if type(value) is dict:
            if "identifier" in value:
                identify(value["identifier"], rows)
            value = value.get("reference")
        if type(value) is str and value and value[0] != "#":
            target = local(value)
            if target is not None:
                rows.references.add((param, *target))
            else:
                rows.keys.add((param, exact_key(value)))
                if "|" in value:  # canonical with a version: also found without
                    rows.keys.add((param, exact_key(value.partition("|")[0])))

    return reference


def _uri(param: int) -> Emit:
    def uri(value: Any, rows: Rows) -> None:
        if type(value) is str:
            rows.keys.add((param, exact_key(value)))
            if "|" in value:
                rows.keys.add((param, exact_key(value.partition("|")[0])))

    return uri
