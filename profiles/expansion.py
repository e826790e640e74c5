"""A value set as the list of its codes (FHIR R4 valueset.html#compositions, #expansion).

Pure: code systems and value sets arrive as `Sources`. What is not loaded, unknown, circular or cannot be carried out is
an Issue that names it; nothing is ever left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from profiles.code_system import System, is_abstract, is_inactive
from profiles.filters import passed
from profiles.issue import Issue
from profiles.terminology import SYNTAXES

Json = Mapping[str, Any]
Code = tuple[str, str]
_NOTHING: Json = MappingProxyType({})
DEEPEST = 16
MOST_STEPS = 500
"""Imports and filters that one value set may be made of, through all value sets it imports."""

_LOOKED_AT, _LISTED = 5000, 1000
"""Codes that cost as much as one import: to look at by a filter, and to take into the list."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where definitions are found: both take a canonical URL and a version ('' for any), and give None for unknown."""

    code_system: Callable[[str, str], System | None]
    value_set: Callable[[str, str], Json | None]


@dataclass(frozen=True, slots=True)
class Member:
    """One code of an expansion. `concept` is what its code system says, `listed` what the value set itself says."""

    system: str
    code: str
    concept: Json = field(default_factory=lambda: _NOTHING)
    listed: Json = field(default_factory=lambda: _NOTHING)

    @property
    def abstract(self) -> bool:
        return bool(self.listed.get("abstract")) or is_abstract(self.concept)

    @property
    def inactive(self) -> bool:
        return bool(self.listed.get("inactive")) or is_inactive(self.concept)


Members: TypeAlias = "dict[Code, Member]"


@dataclass(slots=True)
class Used:
    """The code systems an expansion was made of, by URL; what it cost so far, and the imports that are worked out."""

    systems: dict[str, System | None] = field(default_factory=dict)
    steps: int = 0
    expanded: dict[str, Members] = field(default_factory=dict)

    def too_much(self, steps: int) -> Issue | None:
        """Counts imports and filters: value sets that import each other many times would never come to an end."""
        self.steps += steps
        if self.steps <= MOST_STEPS:
            return None
        return Issue("operation-too-costly", "ValueSet.compose", details={"limit": str(MOST_STEPS)})


def expansion(value_set: Json, sources: Sources, used: Used | None = None) -> Members | Issue:
    """Every code of the value set, each once, in the order of the definition."""
    return _expanded(value_set, sources, used or Used(), ())


def _expanded(value_set: Json, sources: Sources, used: Used, path: tuple[str, ...]) -> Members | Issue:
    url = value_set.get("url", "")
    if url and (url in path or len(path) >= DEEPEST):
        return Issue("value-set-cycle", "ValueSet.compose", details={"url": url})
    compose = value_set.get("compose")
    if compose is None:
        return {(m.system, m.code): m for m in enumerated(value_set.get("expansion", {}).get("contains", ()))}
    path = (*path, url)
    found = _parts(compose.get("include", ()), sources, used, path)
    gone = _parts(compose.get("exclude", ()), sources, used, path)
    if isinstance(found, Issue) or isinstance(gone, Issue):
        return found if isinstance(found, Issue) else gone
    only_active = compose.get("inactive") is False
    return {code: m for code, m in found.items() if code not in gone and not (only_active and m.inactive)}


def enumerated(contains: Iterable[Json]) -> Iterator[Member]:
    """The codes of an expansion that came with the value set."""
    waiting = list(reversed(list(contains)))
    while waiting:
        each = waiting.pop()
        waiting.extend(reversed(each.get("contains", ())))
        if "system" in each and "code" in each:
            yield Member(each["system"], each["code"], listed=each)


def _parts(parts: Iterable[Json], sources: Sources, used: Used, path: tuple[str, ...]) -> Members | Issue:
    whole: Members = {}
    for part in parts:
        found = _part(part, sources, used, path)
        if isinstance(found, Issue):
            return found
        for code, member in found.items():
            whole.setdefault(code, member)
    return whole


def _part(part: Json, sources: Sources, used: Used, path: tuple[str, ...]) -> Members | Issue:
    """One include or exclude: its system part and all its value sets, intersected."""
    result: Members | None = None
    if "system" in part:
        of_system = _of_system(part, sources, used)
        if isinstance(of_system, Issue):
            return of_system
        result = of_system
    for reference in part.get("valueSet", ()):
        found = _import(reference, sources, used, path)
        if isinstance(found, Issue):
            return found
        result = found if result is None else {code: member for code, member in result.items() if code in found}
    return result or {}


def _import(reference: str, sources: Sources, used: Used, path: tuple[str, ...]) -> Members | Issue:
    """The codes of an imported value set, worked out once."""
    known = used.expanded.get(reference)
    if known is not None:
        return known
    imported = used.too_much(1) or imported_value_set(reference, sources)
    found = imported if isinstance(imported, Issue) else _expanded(imported, sources, used, path)
    if not isinstance(found, Issue):
        used.expanded[reference] = found
    return found


def imported_value_set(reference: str, sources: Sources) -> Json | Issue:
    """The value set a definition refers to, with or without a version."""
    url, _, version = reference.partition("|")
    found = sources.value_set(url, version)
    if found is None:
        return Issue("terminology-not-found", "ValueSet.compose", details={"type": "ValueSet", "url": reference})
    return found


def _of_system(part: Json, sources: Sources, used: Used) -> Members | Issue:
    url = part["system"]
    system = sources.code_system(url, part.get("version", ""))
    used.systems[url] = system
    if "concept" in part:
        return {(url, row["code"]): _member(url, row["code"], system, row) for row in part["concept"]}
    if system is None:
        endless = url in SYNTAXES and "filter" not in part
        return Issue("expansion-infinite" if endless else _unloaded(part, sources), _WHERE, details={"system": url})
    passes = len(part.get("filter", ()))
    codes = used.too_much(passes + passes * (len(system.concepts) // _LOOKED_AT)) or filtered(part, system)
    if not isinstance(codes, Issue):
        codes = used.too_much(len(codes) // _LISTED) or codes
    if isinstance(codes, Issue):
        return codes
    return {(url, code): Member(url, code, concept) for code, concept in system.concepts.items() if code in codes}


_WHERE = "ValueSet.compose.include"


def _unloaded(part: Json, sources: Sources) -> str:
    """Whether it is the code system that is not here, or only the version that is asked for."""
    other = part.get("version") and sources.code_system(part["system"], "") is not None
    return "version-unloaded" if other else "code-system-unloaded"


def _member(url: str, code: str, system: System | None, listed: Json = _NOTHING) -> Member:
    concept = system.find(code) if system is not None else None
    return Member(url, code, concept or _NOTHING, listed)


def filtered(part: Json, system: System) -> frozenset[str] | Issue:
    """The codes of the system that pass every filter of an include."""
    codes = frozenset(system.concepts)
    for row in part.get("filter", ()):
        passing = passed(system, row)
        if passing is None:
            details = {"op": str(row.get("op", ""))[:20], "property": str(row.get("property", ""))[:40]}
            return Issue("filter-unsupported", f"{_WHERE}.filter", details=details)
        codes &= passing
    return codes
