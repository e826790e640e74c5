"""_summary and _elements: part of a resource, marked as such (FHIR R4 search.html#summary, #elements).

Law: mandatory elements stay, whatever is asked for; what lost anything says SUBSETTED.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from fhir_server.rest.exchange import Call
from fhir_server.search.query import Handling
from fhir_server.store.body import parse
from profiles.definitions import json_names, structure, summary_elements
from profiles.issue import Issue
from profiles.json_output import dump

Subset = Callable[[str, bytes], bytes]
_SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "Resource encoded in summary mode",
}
_ALWAYS = frozenset({"resourceType", "id", "meta"})
_SUMMARIES = frozenset({"true", "text", "data", "false"})


def requested(call: Call) -> Subset | Issue | None:
    """The part of one resource a read asks for; `_summary=count` counts matches, and a read has none."""
    given = dict(call.parameters)
    summary, elements = given.get("_summary", ""), given.get("_elements", "")
    if summary and summary not in _SUMMARIES:
        if call.preferences.handling is not Handling.LENIENT:
            return Issue("search-value", "http._summary", details={"name": "_summary", "type": "code"})
        summary = ""
    return subset(summary, tuple(filter(None, (name.strip() for name in elements.split(",")))))


def subset(summary: str, elements: tuple[str, ...]) -> Subset | None:
    """From the stored bytes to the bytes of the part; None when the whole is asked for."""
    if elements:
        return lambda kind, body: _kept(body, _ALWAYS | required(kind) | _named(kind, elements))
    match summary:
        case "true":
            return _summarised
        case "text":
            return lambda kind, body: _kept(body, _ALWAYS | required(kind) | {"text"})
        case "data":
            return lambda kind, body: _without(body, "text")
        case _:
            return None


def _named(resource_type: str, elements: tuple[str, ...]) -> frozenset[str]:
    """The top-level names of `_elements`; `Patient.name` counts for Patients only."""
    named = set()
    for element in elements:
        kind, dot, name = element.partition(".")
        if not dot or not kind[:1].isupper():
            named.add(kind)
        elif kind == resource_type:
            named.add(name.partition(".")[0])
    return frozenset(named) | {name for stem in named for name in _choices(resource_type, stem)}


def _choices(resource_type: str, stem: str) -> list[str]:
    """`value` names `valueQuantity` and its sisters."""
    choices = _choice_types(resource_type).get(stem, ())
    return [stem + choice[0].upper() + choice[1:] for choice in choices]


@cache
def _choice_types(resource_type: str) -> dict[str, tuple[str, ...]]:
    definition = structure(resource_type)
    elements: list[Any] = definition["snapshot"]["element"] if definition else []
    return {
        element["path"].partition(".")[2][:-3]: tuple(kind["code"] for kind in element["type"])
        for element in elements
        if element["path"].count(".") == 1 and element["path"].endswith("[x]")
    }


@cache
def required(resource_type: str) -> frozenset[str]:
    """The mandatory top-level elements, each option of a choice: no part of a resource is without them."""
    definition = structure(resource_type)
    elements: list[Any] = definition["snapshot"]["element"][1:] if definition else []
    mandatory = (element for element in elements if element.get("min", 0) > 0 and element["path"].count(".") == 1)
    return frozenset(name for e in mandatory for name in json_names(e["path"].partition(".")[2], e))


def _summarised(resource_type: str, body: bytes) -> bytes:
    """What is marked as summary; inside a backbone element its marked parts only."""
    whole = parse(body)
    names = summary_elements(resource_type)
    kept = _ALWAYS | required(resource_type)
    part = {
        name: _pruned(value, name, names) for name, value in whole.items() if name in kept or name.lstrip("_") in names
    }
    return _marked(part, whole)


def _pruned(value: Any, path: str, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_pruned(item, path, names) for item in value]
    if not isinstance(value, dict) or path not in _backbones(names):
        return value
    return {
        name: _pruned(child, f"{path}.{name}", names)
        for name, child in value.items()
        if f"{path}.{name.lstrip('_')}" in names or name == "id"
    }


@cache
def _backbones(names: frozenset[str]) -> frozenset[str]:
    """The paths that have marked parts of their own."""
    return frozenset(name.rpartition(".")[0] for name in names if "." in name)


def _kept(body: bytes, names: frozenset[str]) -> bytes:
    whole = parse(body)
    return _marked({name: value for name, value in whole.items() if name in names or name.lstrip("_") in names}, whole)


def _without(body: bytes, name: str) -> bytes:
    whole = parse(body)
    return _marked({key: value for key, value in whole.items() if key != name}, whole)


def _marked(part: dict[str, Any], whole: dict[str, Any]) -> bytes:
    if part != whole:
        meta = part.get("meta", {})
        part["meta"] = meta | {"tag": [*meta.get("tag", ()), _SUBSETTED]}
    return dump(part)
