"""The definitions that rules compare with: found in the resource itself, or among what was loaded.

Law: nothing is fetched; unknown is None, never an error here. A definition whose structure is broken counts as unknown:
rules read definitions without looking at every type again.
Source: http://hl7.org/fhir/R4/references.html#canonical.
"""

from __future__ import annotations

from typing import Any

from profiles.code_system import System
from profiles.expansion import Sources, expansion
from profiles.issue import Issue
from profiles.registry import Registry
from profiles.terminology import Membership
from profiles.validator.place import Place, top

Json = dict[str, Any]


def known(place: Place, kind: str, canonical: str) -> Json | None:
    """The definition of this resource type that a canonical (`url`, `url|version`, `#contained`) names."""
    if not canonical.startswith("#"):
        found = place.registry.canonical(canonical, kind)
        return found if found is not None and _is_sound(found, place.registry) else None
    outer = place.container or place.resource
    return next((each for each in outer.get("contained", ()) if _is(each, kind, canonical[1:])), None)


def misled(place: Place, kind: str, canonical: str) -> str:
    """The type of the definition that a canonical names, where it is another type than it should be; else empty."""
    url = canonical.partition("#")[0]
    found = place.registry.canonical(url) if url else None
    if found is not None:
        other = str(found["resourceType"])
    elif url and place.registry.structure(url) is not None:
        other = "StructureDefinition"
    elif url and place.registry.value_set(url) is not None:
        other = "ValueSet"
    else:
        other = "CodeSystem" if url and place.registry.code_system(url) is not None else kind
    return "" if other == kind else other


_BROKEN = frozenset({"element-type", "element-not-list", "element-is-list", "element-empty"})
WHOLE = _BROKEN | {"element-required"}


def _is_sound(definition: Json, registry: Registry) -> bool:
    """Whether everything in it has the JSON type it should have; asked once (while it is asked, it is)."""
    key = ("sound", id(definition))
    known_as: bool | None = registry.cache.get(key)
    if known_as is None:
        registry.cache[key] = True
        known_as = registry.cache[key] = is_free_of(definition, registry, _BROKEN)
    return known_as


def is_free_of(definition: Json, registry: Registry, faults: frozenset[str] = WHOLE) -> bool:
    """Whether nothing of this kind is wrong with a definition: by default, that every element that is needed is there
    and all have the JSON type they should have."""
    from profiles.validator.compile import outermost_check

    problems = outermost_check(definition, top(definition, registry)) or ()
    return all(problem.code not in faults for problem in problems)


def _is(resource: Json, kind: str, wanted: str) -> bool:
    return resource.get("resourceType") == kind and resource.get("id") == wanted


def membership(place: Place, value_set: str, code_system: str | None, code: str | None) -> Membership:
    """Whether a coding is in a value set; UNKNOWN where the value set, or a code system it needs, is not loaded. A
    `code_system` of None asks for the code in any system."""
    if value_set.startswith("#"):
        return _in_contained(place, value_set, code_system, code)
    members = place.registry.members(value_set)
    if members is None:
        return Membership.UNKNOWN
    return members.code(str(code)) if code_system is None else members.coding(code_system, code)


def _in_contained(place: Place, value_set: str, code_system: str | None, code: str | None) -> Membership:
    definition = known(place, "ValueSet", value_set)
    if definition is None or not _is_listed(definition):
        return Membership.UNKNOWN
    found = expansion(definition, _sources(place))
    if isinstance(found, Issue):
        return Membership.UNKNOWN
    inside = any(each == code for _, each in found) if code_system is None else (code_system, str(code)) in found
    return Membership.IN if inside else Membership.OUT


def _is_listed(value_set: Json) -> bool:
    """Whether every code that it lists is one."""
    compose = value_set.get("compose") or {}
    parts = (*compose.get("include", ()), *compose.get("exclude", ()))
    return all(type(row.get("code")) is str for part in parts for row in part.get("concept", ()))


def _sources(place: Place) -> Sources:
    def of_system(url: str, _: str) -> System | None:
        return place.registry.system(url)

    def of_value_set(url: str, _: str) -> Json | None:
        return place.registry.value_set(url)

    return Sources(of_system, of_value_set)
