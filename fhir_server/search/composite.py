"""Composite parameters: `a$b` holds where both parts hold in the same element (FHIR R4 search.html#composite).

An alternative whose element cannot repeat is simply both parts at once. One that repeats (`component`) has rows of its
own, made from the rows of its parts in one instance: a hash of both keys, or a list of ranges beside each key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any

from fhir_server.search.convert import Emit, Rows, by_key
from fhir_server.search.elements import places
from fhir_server.search.keys import PRESENT, composite_param, exact_key, pair_key
from fhir_server.search.parameters import Kind, Parameter, Source, parameters
from fhir_server.search.paths import Path, parse, walker
from fhir_server.store.schema import param_id
from profiles.definitions import Component, SearchParameter, search_parameters

KEYED = frozenset({"token", "uri", "reference", "string"})
RANGED = frozenset({"date", "number", "quantity"})
_OF_THE_RESOURCE = "%resource."


@dataclass(frozen=True, slots=True)
class Alternative:
    """One element a composite looks into. `beside` are parts of the resource itself, true of every instance."""

    parts: tuple[Parameter, ...]
    beside: frozenset[int]
    path: Path | None
    param: int

    @property
    def repeating(self) -> bool:
        return self.path is not None

    @property
    def inner(self) -> tuple[Parameter, ...]:
        """The parts that must hold in one instance."""
        return tuple(part for place, part in enumerate(self.parts) if place not in self.beside)


@dataclass(frozen=True, slots=True)
class Composite:
    """One composite parameter of one resource type."""

    type: str
    code: str
    alternatives: tuple[Alternative, ...]
    url: str

    @property
    def parts(self) -> int:
        return len(self.alternatives[0].parts)


@cache
def composites(resource_type: str) -> Mapping[str, Composite]:
    """The composite parameters of a type by code."""
    return MappingProxyType(
        {
            definition.code: _composite(resource_type, definition)
            for definition in sorted(search_parameters(resource_type).values(), key=lambda each: each.code)
            if definition.type == "composite"
        }
    )


def _composite(resource_type: str, definition: SearchParameter) -> Composite:
    bases = [part.strip() for part in definition.expression.split("|")]
    alternatives = tuple(_alternative(resource_type, base, definition.components) for base in bases)
    return Composite(resource_type, definition.code, alternatives, definition.url)


def _alternative(resource_type: str, base: str, components: tuple[Component, ...]) -> Alternative:
    components = _straightened(resource_type, base, components)
    parts = tuple(_part(resource_type, base, component) for component in components)
    steps = parse(base, resource_type)[0] if base != resource_type else None
    repeating = steps is not None and any(place.repeats for place in places(resource_type, steps.steps))
    beside = {place for place, each in enumerate(components) if each.expression.startswith(_OF_THE_RESOURCE)}
    names = ",".join(each.expression for each in components)
    param = param_id(f"composite:{resource_type}.{steps.text if steps else ''}:{names}")
    return Alternative(parts, frozenset(beside), steps if repeating else None, param)


def _straightened(resource_type: str, base: str, components: tuple[Component, ...]) -> tuple[Component, ...]:
    """R4 exchanged the expressions of `DocumentReference.relationship`: its parts are `relatesto$relation`, as their
    definitions and other servers have it, when each then reads the place its definition reads."""
    if len(components) != 2:
        return components
    first, second = components
    exchanged = (replace(first, expression=second.expression), replace(second, expression=first.expression))
    if any(_reads_its_own(resource_type, base, each) for each in components):
        return components
    return exchanged if all(_reads_its_own(resource_type, base, each) for each in exchanged) else components


def _reads_its_own(resource_type: str, base: str, component: Component) -> bool:
    if component.expression.startswith(_OF_THE_RESOURCE):
        return True
    own = next((each for each in parameters(resource_type).values() if each.url == component.definition), None)
    paths = parse(f"{base}.{component.expression.partition('|')[0].strip()}", resource_type)
    return own is not None and any(path.text == source.path.text for path in paths for source in own.sources)


def _part(resource_type: str, base: str, component: Component) -> Parameter:
    """One part as a parameter of its own; it reads lists that a plain parameter fills."""
    declared = next(each for each in search_parameters(resource_type).values() if each.url == component.definition)
    expression = component.expression.replace("as(DateTime)", "as(dateTime)")
    if expression.startswith(_OF_THE_RESOURCE):
        base, expression = resource_type, expression.removeprefix(_OF_THE_RESOURCE)
    whole = " | ".join(f"{base}.{part.strip()}" for part in expression.split("|"))
    paths = parse(whole, resource_type)
    same = _plain(resource_type, paths[0].text)
    kind: Kind = same.kind if same else declared.type  # type: ignore[assignment]
    sources = tuple(Source(path, param_id(f"{kind}:{resource_type}.{path.text}"), path.target) for path in paths)
    targets = same.targets if same else declared.targets
    return Parameter(resource_type, component.code, kind, sources, targets, component.definition)


def _plain(resource_type: str, path: str) -> Parameter | None:
    """The plain parameter that reads the same place: what an expression reads decides, not what it claims to be."""
    known = parameters(resource_type).values()
    return next((each for each in known if path in {source.path.text for source in each.sources}), None)


# ----------------------------------------------------------------------------------------- rows


def composite_emitters(resource_type: str) -> list[tuple[str, Emit]]:
    """What the repeating composites of a type put into the lists, by top-level key; each place once."""
    repeating = {
        alternative.param: alternative
        for composite in composites(resource_type).values()
        for alternative in composite.alternatives
        if alternative.path is not None
    }
    return [_emitter(alternative, alternative.path) for alternative in repeating.values() if alternative.path]


def _emitter(alternative: Alternative, path: Path) -> tuple[str, Emit]:
    first, *rest = path.steps
    walk = walker(tuple(rest), ())
    read_first, read_second = (_inner(part, len(path.steps)) for part in alternative.inner)
    combine = _COMBINERS[alternative.inner[1].kind in RANGED, alternative.inner[0].kind in RANGED]

    def emit(value: Any, rows: Rows) -> None:
        for instance in value if walk is None and type(value) is list else walk(value) if walk else [value]:
            second = read_second(instance) if type(instance) is dict else None
            if second:  # most instances have the first part and lack this one
                found = read_first(instance)
                if found:
                    combine(alternative.param, found, second, rows)
                    rows.keys.add((alternative.param, PRESENT))

    return first.name, emit


class _Found(Rows):
    """The rows of one part in one instance."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return bool(self.keys or self.ranges or self.references)


def _inner(part: Parameter, depth: int) -> Callable[[dict[str, Any]], _Found]:
    emitters: dict[str, list[Emit]] = {}
    for source in part.sources:
        within = replace(source, path=Path(source.path.steps[depth:], source.path.text))
        for key, emit in by_key(part.kind, within):
            emitters.setdefault(key, []).append(emit)

    def read(instance: dict[str, Any]) -> _Found:
        found = _Found(set(), set(), set(), set())
        for key, several in emitters.items():
            value = instance.get(key)
            if value is not None:
                for emit in several:
                    emit(value, found)
        return found

    return read


def _hashes(found: Rows) -> list[int]:
    return [key for _, key in found.keys] + [exact_key(f"{kind}/{name}") for _, kind, name in found.references]


def _keys_with_keys(param: int, first: Rows, second: Rows, rows: Rows) -> None:
    for one, other in product(_hashes(first), _hashes(second)):
        rows.keys.add((param, pair_key(one, other)))


def _keys_with_ranges(param: int, first: Rows, second: Rows, rows: Rows) -> None:
    for key, (number, low, high) in product(_hashes(first), second.ranges):
        rows.ranges.add((composite_param(param, number, key), low, high))


def _numbers_with_numbers(param: int, first: Rows, second: Rows, rows: Rows) -> None:
    """Two numbers in one row: the first as `low`, the second as `high`."""
    for (_, one, _), (_, other, _) in product(first.ranges, second.ranges):
        rows.ranges.add((param, one, other))


_COMBINERS: Mapping[tuple[bool, bool], Callable[[int, Rows, Rows, Rows], None]] = MappingProxyType(
    {(False, False): _keys_with_keys, (True, False): _keys_with_ranges, (True, True): _numbers_with_numbers}
)
