"""What the definitions say of the place a search parameter reads: data types, binding, whether it repeats.

Source: the StructureDefinitions of FHIR R4; a path that leads through an extension or an unknown element has no types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from fhir_server.search.parameters import CHOICES, Parameter, Source, types_of
from fhir_server.search.paths import Step, capitalised
from profiles.definitions import structure

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Stands among the keys in the place of an index: the first item whose element `name` says `value`."""

    name: str
    value: str


Keys = tuple[str | int | Chosen, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """The leaf of a path. `keys` lead to the first leaf; where an element repeats stands 0, or what is chosen."""

    type: str
    keys: Keys
    repeats: bool
    value_set: str


_UNNAMED = frozenset({"BackboneElement", "Element"})


def places(resource_type: str, steps: Sequence[Step], choices: Sequence[str] = ()) -> tuple[Place, ...]:
    """Every data type the leaf may have; of an untyped choice only `choices`."""
    found = [(Place(resource_type, (), False, ""), resource_type)]
    for step in steps:
        if step.kind not in ("child", "choice"):
            if step.kind in ("extension", "has-extension"):
                return ()
            if step.kind == "where":
                found = [(_choosing(place, step), stem) for place, stem in found]
            continue
        found = [each for place, stem in found for each in _children(place, stem, step)]
    last = next((step for step in reversed(steps) if step.kind in ("child", "choice")), None)
    named = last is not None and last.kind == "choice"
    several = len(found) > 1 and not named
    return tuple(place for place, _ in found if not several or not choices or place.type in choices)


def _choosing(place: Place, step: Step) -> Place:
    """The place among the items that meet a `where`."""
    return replace(place, keys=(*place.keys[:-1], Chosen(step.name, step.value))) if place.keys[-1:] == (0,) else place


def _children(place: Place, stem: str, step: Step) -> list[tuple[Place, str]]:
    elements = _elements(stem.partition(".")[0])
    element = elements.get(f"{stem}.{step.name}")
    chosen = elements.get(f"{stem}.{step.name}[x]")
    if element is not None:
        return [_reached(place, f"{stem}.{step.name}", step.name, kind, element) for kind in _types(element)]
    if chosen is None:
        return []
    wanted = step.value[:1].lower() + step.value[1:] if step.value else ""
    return [
        _reached(place, kind, step.name + capitalised(kind), kind, chosen)
        for kind in _types(chosen)
        if step.kind != "choice" or kind in (step.value, wanted)
    ]


def _reached(place: Place, path: str, key: str, kind: str, element: Definition) -> tuple[Place, str]:
    repeats = element["max"] != "1"
    keys = (*place.keys, key, 0) if repeats else (*place.keys, key)
    value_set = element.get("binding", {})
    required = value_set.get("valueSet", "") if value_set.get("strength") == "required" else ""
    stem = element["contentReference"].lstrip("#") if "contentReference" in element else path
    inside = stem if kind in _UNNAMED or kind == "" else kind
    return Place(kind, keys, place.repeats or repeats, required), inside


def _types(element: Definition) -> tuple[str, ...]:
    return tuple(kind["code"] for kind in element.get("type") or ()) or ("",)


@cache
def _elements(type_name: str) -> Mapping[str, Definition]:
    definition = structure(type_name)
    elements: Iterable[Definition] = definition["snapshot"]["element"] if definition else ()
    return MappingProxyType({element["path"]: element for element in elements})


@cache
def source_places(name: str, source: Source, kind: str) -> tuple[Place, ...]:
    """The places one path of a parameter reads; in several types, when the search is about several."""
    if source.expression:
        return ()
    choices = CHOICES.get(kind, ())
    found = (place for one in types_of(name) for place in places(one, source.path.steps, choices))
    return tuple(dict.fromkeys(found))


@cache
def parameter_places(parameter: Parameter) -> tuple[Place, ...]:
    """The places a parameter reads, in the order of its paths."""
    return tuple(
        place for source in parameter.sources for place in source_places(parameter.type, source, parameter.kind)
    )


@cache
def types(parameter: Parameter) -> frozenset[str]:
    """The data types of a parameter's values; empty when they are not known (extensions)."""
    return frozenset(place.type for place in parameter_places(parameter))
