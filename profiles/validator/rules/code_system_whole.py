"""CodeSystem as a whole: supplements, the value set of all its codes, its hierarchy, its names in other languages.

Law: what is compared with another definition is compared only where that one is loaded.
Sources: http://hl7.org/fhir/R4/codesystem.html#supplements, codesystem-definitions.html (content, supplements,
valueSet, hierarchyMeaning, concept.designation.use).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]


def supplementing(system: Json, place: Place) -> Iterator[Issue]:
    """A supplement says so, names what it supplements, and adds to codes that are there."""
    supplemented, content = system.get("supplements"), system.get("content")
    if (content == "supplement") != (supplemented is not None):
        yield place.issue("code-system-supplement", ".content" if supplemented else "")
        return
    if supplemented is None:
        return
    if "caseSensitive" in system:
        yield place.issue("code-system-supplement-element", ".caseSensitive", name="caseSensitive")
    url, _, version = supplemented.partition("|")
    found = place.registry.terminology.system(url, version)
    if found is None:
        if system.get("concept"):
            yield place.issue("terminology-unknown", ".supplements", system=url[:256])
        return
    if not found.complete or (version and found.version and version != found.version):
        return
    for path, concept in concepts(system):
        if type(concept.get("code")) is str and found.find(concept["code"]) is None:
            yield place.issue("coding-code-unknown", path + ".code", system=found.url)


def concepts(system: Json) -> Iterator[tuple[str, Json]]:
    """Every concept with its path, however deep."""
    waiting = [(f".concept[{index}]", concept) for index, concept in enumerate(system.get("concept", ()))]
    while waiting:
        path, concept = waiting.pop()
        yield path, concept
        waiting += [(f"{path}.concept[{index}]", child) for index, child in enumerate(concept.get("concept", ()))]


def listed(system: Json, place: Place) -> Iterator[Issue]:
    """`CodeSystem.valueSet` is the value set of all codes: one include of this system, and nothing more."""
    url, value_set = system.get("url"), system.get("valueSet")
    if system.get("content") == "complete" and not system.get("concept"):
        yield place.issue("code-system-empty")
    if value_set is None or system.get("content") == "supplement":
        return
    definition = place.registry.terminology.value_set(value_set)
    if definition is None:
        return
    included = definition.get("compose", {}).get("include", ())
    if len(included) != 1 or included[0].get("system") != url or included[0].keys() & {"valueSet", "concept", "filter"}:
        yield place.issue("code-system-value-set", ".valueSet")


def named(system: Json, place: Place) -> Iterator[Issue]:
    """What a hierarchy means is said; a designation that has no use and no language of its own is a second display."""
    nested = False
    language = system.get("language")
    for path, concept in concepts(system):
        nested = nested or bool(concept.get("concept"))
        display = concept.get("display")
        for index, each in enumerate(concept.get("designation", ())):
            same = each.get("language") in (None, language)
            if display is not None and "use" not in each and same and each.get("value") != display:
                yield place.issue("code-system-designation", f"{path}.designation[{index}]")
    if nested and "hierarchyMeaning" not in system and system.get("content") != "supplement":
        yield place.issue("code-system-hierarchy")
