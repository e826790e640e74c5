"""ValueSet: what it includes are code systems, by their address, and codes and properties that these have.

Law: codes are looked for only in systems that are loaded completely; others are not judged.
Sources: http://hl7.org/fhir/R4/valueset.html#compositions, valueset-definitions.html#ValueSet.compose.include.system.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.check_digits import FORMS
from profiles.code_system import System
from profiles.issue import Issue
from profiles.syntaxes import SYNTAXES
from profiles.validator.place import Place
from profiles.validator.rules.value_set_filter import filtered

Json = dict[str, Any]


def composed(value_set: Json, place: Place) -> Iterator[Issue]:
    """The parts of a definition."""
    compose = value_set.get("compose") or {}
    for name in ("include", "exclude"):
        for index, part in enumerate(compose.get(name, ())):
            system = part.get("system")
            if type(system) is str:
                yield from _of_system(part, system, f".compose.{name}[{index}]", place)


def _of_system(part: Json, system: str, path: str, place: Place) -> Iterator[Issue]:
    if system.startswith("#") or ":" not in system:
        yield place.issue("value-set-system-relative", path + ".system")
        return
    url, _, version = system.partition("|")
    if version:
        yield place.issue("value-set-system-version", path + ".system")
    registry = place.registry
    definition = registry.code_system(url)
    if definition is None:
        yield from _formed(part, url, path, place)
        if registry.value_set(url) is not None:
            yield place.issue("coding-system-value-set", path + ".system")
        return
    if definition.get("content") == "supplement":
        yield place.issue("coding-system-supplement", path + ".system")
        return
    found = registry.system(url)
    if found is None:
        yield from _formed(part, url, path, place)
        return
    if part.get("version", found.version) != found.version:
        return
    yield from _concepts(part, found, path, place)
    for index, row in enumerate(part.get("filter", ())):
        yield from filtered(row, url, found, f"{path}.filter[{index}]", place)


def _formed(part: Json, url: str, path: str, place: Place) -> Iterator[Issue]:
    """Of a system that is not loaded: whether its codes have the form of one."""
    is_code = FORMS.get(url) or SYNTAXES.get(url)
    if is_code is None:
        return
    for index, concept in enumerate(part.get("concept", ())):
        if not is_code(concept.get("code", "")):
            yield place.issue("coding-code-unknown", f"{path}.concept[{index}].code", system=url)
    for index, row in enumerate(part.get("filter", ())):
        yield from filtered(row, url, None, f"{path}.filter[{index}]", place)


def _concepts(part: Json, system: System, path: str, place: Place) -> Iterator[Issue]:
    if system.complete:
        for index, concept in enumerate(part.get("concept", ())):
            if system.find(concept.get("code", "")) is None:
                yield place.issue("coding-code-unknown", f"{path}.concept[{index}].code", system=system.url)
