"""From a value of a resource to index rows, by kind of search parameter (FHIR R4 search.html#table).

Every emitter takes one value or a list of values and adds to the four sets. Values of another shape are passed over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeGuard

from fhir_server.search.instants import EARLIEST, LATEST, instant_range
from fhir_server.search.keys import PRESENT, exact_key, identifier_keys, token_keys, unit_param
from fhir_server.search.numbers import ordered
from fhir_server.search.parameters import CHOICES, CURRENT_ENTRIES, Kind, Source
from fhir_server.search.paths import Walk, keys_of, root_extension, walker
from fhir_server.search.quantity import comparable
from fhir_server.search.reference import identifier_param, inside_param, local, of_type_param, text_param
from fhir_server.search.text import CUT, LONGEST, folded, kept, normalised, pieces


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
_WRITTEN = ("state", "city", "district", "line")
"""How the parts of a Chinese address follow each other."""
_LOWEST_NUMBER = -(2**63) + 1
_HIGHEST_NUMBER = 2**63 - 1


LONGEST_URI = 500
"""Characters of a uri that `:below` compares; a query value may not be longer."""


def by_key(kind: Kind, source: Source, types: frozenset[str] = frozenset()) -> list[tuple[str, Emit]]:
    """One emitter for each top-level key the path may begin with; `types` are the data types of the leaf, if known."""
    first, *rest = source.path.steps
    emit = emitter(kind, source, types)
    if first.kind == "extension":
        return [("extension", _through(root_extension(first.name), emit))]
    choices = CHOICES[kind]
    leaf = all(step.kind == "resolves" for step in rest)
    walk = walker(tuple(rest), choices)
    if walk is not None:
        emit = _through(walk, emit)
    return [(key, emit) for key in keys_of(first, choices if leaf else ())]


def _through(walk: Walk, emit: Emit) -> Emit:
    def emit_leaves(value: Any, found: Rows) -> None:
        leaves = walk(value)
        if leaves:
            emit(leaves, found)

    return emit_leaves


def emitter(kind: Kind, source: Source, types: frozenset[str] = frozenset()) -> Emit:
    """The emitter of one path."""
    param = source.param
    match kind:
        case "token" if types and types <= _PLAIN:
            return _plain(param)
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


def current_entries(value: Any, rows: Rows) -> None:
    """`List.entry` for `_list`: the entries that are not marked as deleted."""
    for entry in value if type(value) is list else ():
        if type(entry) is dict and entry.get("deleted") is not True:
            _current_entry(entry.get("item"), rows)


def _each(one: Emit) -> Emit:
    def each(value: Any, rows: Rows) -> None:
        if type(value) is list:
            for item in value:
                one(item, rows)
        else:
            one(value, rows)

    return each


_PLAIN = frozenset({"code", "id", "string"})
"""Primitive types: what stands there is the code itself."""


def _plain(param: int) -> Emit:
    def plain(value: Any, rows: Rows) -> None:
        for code in value if type(value) is list else (value,):
            if type(code) is str:
                for key in token_keys("", code):
                    rows.keys.add((param, key))

    return plain


def _token(param: int) -> Emit:
    of_type, texts = of_type_param(param), text_param(param)

    def token(value: Any, rows: Rows) -> None:
        if type(value) is not dict:
            code = ("true" if value else "false") if type(value) is bool else value
            add("", code, rows)
        elif "value" in value or "assigner" in value:
            identifier(value, rows)
        elif "coding" in value:  # CodeableConcept
            if "text" in value:
                say(value["text"], rows)
            for coding in value["coding"] if type(value["coding"]) is list else ():
                if type(coding) is dict:
                    add(coding.get("system"), coding.get("code"), rows)
                    if "display" in coding:
                        say(coding["display"], rows)
        elif "text" in value:
            say(value["text"], rows)
        else:  # Coding, or an Identifier without a value
            add(value.get("system"), value.get("code"), rows)
            if "display" in value:
                say(value["display"], rows)
            elif "type" in value:
                identifier(value, rows)

    def identifier(value: dict[str, Any], rows: Rows) -> None:
        system, text = value.get("system"), value.get("value")
        system, text = system if type(system) is str else "", text if type(text) is str else ""
        for key in identifier_keys(system, text):
            rows.keys.add((param, key))
        concept = value.get("type")
        if type(concept) is dict:
            say(concept.get("text"), rows)
            for coding in (
                concept["coding"] if type(concept.get("coding")) is list else ()
            ):  # `:of-type`: type system|type code|value
                if text and type(coding) is dict and type(coding.get("code")) is str:
                    name = f"{coding.get('system') or ''}|{coding['code']}|{text}"
                    rows.keys.add((of_type, exact_key(name)))

    def add(system: Any, code: Any, rows: Rows) -> None:
        system = system if type(system) is str else ""
        if type(code) is not str:
            code = ""
        for key in token_keys(system, code):
            rows.keys.add((param, key))

    def say(text: Any, rows: Rows) -> None:
        if type(text) is str:
            form = folded(text)
            if form:
                _add_text(texts, form, rows)

    return token


def _add_text(param: int, form: str, rows: Rows) -> None:
    if len(form) <= LONGEST:
        rows.strings.add((param, form))
        return
    inside = inside_param(param)
    rows.strings.add((param, kept(form)))
    rows.strings.update((inside, piece) for piece in pieces(form))


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
                _add_text(param, form, rows)
                rows.keys.add((param, exact_key(text)))  # `:exact`

    return string


def _parts(value: dict[str, Any]) -> list[str]:
    """The texts of a HumanName or an Address, and its parts as they are written together (张 + 三丰)."""
    names = _NAME_PARTS if "family" in value or "given" in value else _ADDRESS_PARTS
    parts: list[str] = []
    for name in names:
        part = value.get(name)
        if type(part) is list:
            parts.extend(item for item in part if type(item) is str)
        elif type(part) is str:
            parts.append(part)
    if names is _NAME_PARTS:
        if type(value.get("family")) is str:
            parts.append(value["family"] + "".join(_texts(value.get("given"))))
    elif "text" not in value:
        whole = "".join(text for name in _WRITTEN for text in _texts(value.get(name)))
        if not whole.isascii():
            parts.append(whole)
    return parts


def _texts(value: Any) -> list[str]:
    return [text for text in (value if type(value) is list else [value]) if type(text) is str]


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


def _add_range(param: int, value: dict[str, Any], rows: Rows, unit: tuple[str, str] | None = None) -> None:
    low, high = (_bound(value.get(name), unit) for name in ("low", "high"))
    if low is not None or high is not None:
        rows.ranges.add((param, _LOWEST_NUMBER if low is None else low, _HIGHEST_NUMBER if high is None else high))


def _bound(bound: Any, unit: tuple[str, str] | None) -> int | None:
    number = bound.get("value") if type(bound) is dict else None
    if not _is_number(number):
        return None
    return ordered(number if unit is None else comparable(_decimal(number), unit)[0])


def _decimal(number: Decimal | int | float) -> Decimal:
    return number if type(number) is Decimal else Decimal(str(number))


def _quantity(param: int) -> Emit:
    """A Quantity stands in the list of bare numbers and in one list for each way its unit can be named."""

    def quantity(value: Any, rows: Rows) -> None:
        if type(value) is not dict:
            return
        if "low" in value or "high" in value:
            bound = value.get("low") or value.get("high")
            bound = bound if type(bound) is dict else {}
            for list_param in _unit_params(param, bound):
                _add_range(list_param, value, rows)
            unit = _coded_unit(bound)
            if unit is not None:
                _add_range(unit_param(param, *comparable(Decimal(0), unit)[1]), value, rows, unit)
            return
        number = value.get("value")
        if _is_number(number):
            reach = _REACHES.get(value.get("comparator"), _itself)  # type: ignore[arg-type]
            span = reach(ordered(number))
            for list_param in _unit_params(param, value):
                rows.ranges.add((list_param, *span))
            unit = _coded_unit(value)
            if unit is not None:
                same, unit = comparable(_decimal(number), unit)
                rows.ranges.add((unit_param(param, *unit), *reach(ordered(same))))

    return quantity


def _itself(key: int) -> tuple[int, int]:
    return key, key


_REACHES: dict[str, Callable[[int], tuple[int, int]]] = {
    "<": lambda key: (_LOWEST_NUMBER, key - 1),
    "<=": lambda key: (_LOWEST_NUMBER, key),
    ">=": lambda key: (key, _HIGHEST_NUMBER),
    ">": lambda key: (key + 1, _HIGHEST_NUMBER),
}
"""A measurement that is only known to lie below or above (`Quantity.comparator`) is a range: `<5` is found by `lt5`
and, since it may be so, by `gt2`, but neither by `5` nor by `ge5` (search.html#prefix, on ranges of the resource)."""


def _coded_unit(value: dict[str, Any]) -> tuple[str, str] | None:
    system, code = value.get("system"), value.get("code")
    return (system, code) if type(system) is str and type(code) is str else None


def _unit_params(param: int, value: dict[str, Any]) -> set[int]:
    params = {param}
    code, unit, currency = value.get("code"), value.get("unit"), value.get("currency")
    if type(currency) is str:  # Money
        params.add(unit_param(param, "urn:iso:std:iso:4217", currency))
        params.add(unit_param(param, "", currency))
    if type(code) is str:
        params.add(unit_param(param, "", code))
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
            elif "reference" not in value:
                rows.keys.add((identifier, PRESENT))
            value = value.get("reference")
        if type(value) is str and value:
            if value[0] == "#":
                rows.keys.add((identifier, PRESENT))
                return
            target = local(value)
            if target is not None:
                rows.references.add((param, *target))
            else:
                rows.keys.add((param, exact_key(value)))
                if "|" in value:  # canonical with a version: also found without
                    rows.keys.add((param, exact_key(value.partition("|")[0])))

    return reference


_current_entry = _reference(CURRENT_ENTRIES)


def _uri(param: int) -> Emit:
    def uri(value: Any, rows: Rows) -> None:
        if type(value) is str and value:
            rows.keys.add((param, exact_key(value)))
            text = value.replace("\x00", "")  # `:below`
            rows.strings.add((param, text if len(text) <= LONGEST_URI else text[:LONGEST_URI] + CUT))
            if "|" in value:
                rows.keys.add((param, exact_key(value.partition("|")[0])))

    return uri
