"""ConceptMap: the codes it maps are codes of the systems it names, and no pair is mapped in two ways.

Law: a code is missed only in a system (or a value set) that is loaded completely.
Sources: http://hl7.org/fhir/R4/conceptmap.html, conceptmap-definitions.html (group.source, group.target, source[x]).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.code_system import System
from profiles.coding import problems
from profiles.issue import Issue
from profiles.terminology import Members, Membership, Terminology
from profiles.validator.place import Place

Json = dict[str, Any]
_UNKNOWN = ("coding-code-unknown", "coding-code-malformed", "coding-code-unlisted")
_SYSTEMS = ("coding-system-relative", "coding-system-value-set", "coding-system-supplement", "coding-system-misnamed")


def mapping(concept_map: Json, place: Place) -> Iterator[Issue]:
    """The groups of a map, against both their systems and the value sets the whole map is between."""
    terminology = place.registry.terminology
    scopes = {side: _scope(concept_map, side, terminology) for side in ("source", "target")}
    for index, group in enumerate(concept_map.get("group", ())):
        path = f".group[{index}]"
        for side in ("source", "target"):
            yield from _system(group, side, path, terminology, place)
        yield from _elements(group, path, scopes, terminology, place)


def _scope(concept_map: Json, side: str, terminology: Terminology) -> Members | None:
    url = concept_map.get(side + "Canonical") or concept_map.get(side + "Uri")
    return terminology.expand(url) if type(url) is str else None


def _system(group: Json, side: str, path: str, terminology: Terminology, place: Place) -> Iterator[Issue]:
    url = group.get(side)
    if type(url) is str:
        for code, _, details in problems({"system": url, "version": group.get(side + "Version")}, terminology):
            if code in _SYSTEMS:
                yield place.issue(code, f"{path}.{side}", **details)


def _elements(
    group: Json, path: str, scopes: dict[str, Members | None], terminology: Terminology, place: Place
) -> Iterator[Issue]:
    seen: set[tuple[str, str]] = set()
    for index, element in enumerate(group.get("element", ())):
        here = f"{path}.element[{index}]"
        yield from _code(element, "source", group, here, scopes, terminology, place)
        for at, target in enumerate(element.get("target", ())):
            there = f"{here}.target[{at}]"
            yield from _code(target, "target", group, there, scopes, terminology, place)
            pair = (str(element.get("code")), str(target.get("code")))
            if "code" in target and "dependsOn" not in target and pair in seen:
                yield place.issue("concept-map-repeated", there)
            seen.add(pair)


def _code(
    row: Json,
    side: str,
    group: Json,
    path: str,
    scopes: dict[str, Members | None],
    terminology: Terminology,
    place: Place,
) -> Iterator[Issue]:
    url, code = group.get(side), row.get("code")
    if type(url) is not str or type(code) is not str:
        return
    asked = {"system": url, "version": group.get(side + "Version"), "code": code, "display": row.get("display")}
    for name, where, details in problems(asked, terminology):
        if name in _UNKNOWN:
            yield place.issue(name, path + where, **details)
            return
        if name == "coding-display":
            yield place.issue("concept-map-display", path + where, **details)
    scope = scopes[side]
    system: System | None = terminology.system(url)
    if scope is not None and system is not None and system.complete and scope.coding(url, code) is Membership.OUT:
        yield place.issue("concept-map-scope", path + ".code", side=side)
