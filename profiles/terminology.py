"""Which codes a value set holds, worked out from the loaded code systems.

Law: a verdict is IN, OUT or UNKNOWN; UNKNOWN only where a code system is not (wholly) loaded, and then it is named.
What is worked out is kept: a `Terminology` only grows by equal entries, so threads share it.
Source: http://hl7.org/fhir/R4/valueset.html#compositions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from itertools import chain
from typing import Any, Protocol

from profiles.code_system import System, concepts, is_inactive, loaded, names_of
from profiles.definitions import code_system as r4_code_system
from profiles.definitions import value_set as r4_value_set
from profiles.filters import passed
from profiles.iso_codes import iso_code_system
from profiles.syntaxes import SYNTAXES as SYNTAXES
from profiles.systems import LOINC, SNOMED_CT

Json = Mapping[str, Any]
Codes = frozenset[str]
Coding = tuple[str, str]
_NO_CODES: Codes = frozenset()
_NOT_HERE = frozenset({"not-present", "supplement"})


class Membership(Enum):
    IN = "in"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Members:
    """A value set, expanded: `codings` as (system, code), `codes` without system, `missing` what is not loaded: code
    systems, and value sets that it imports; these stand in `unread` too, for they may hold codes of any system."""

    codings: frozenset[Coding] = frozenset()
    codes: Codes = _NO_CODES
    missing: frozenset[str] = frozenset()
    syntaxes: frozenset[str] = frozenset()
    unread: frozenset[str] = frozenset()

    def code(self, code: str) -> Membership:
        """Where only a code is given and the system follows from the element (FHIR `code`)."""
        if code in self.codes or any(SYNTAXES[system](code) for system in self.syntaxes):
            return Membership.IN
        return Membership.UNKNOWN if self.missing else Membership.OUT

    def coding(self, system: str | None, code: str | None) -> Membership:
        if type(system) is not str or type(code) is not str:  # nothing, or something that is no code at all
            return Membership.OUT
        if (system, code) in self.codings or (system in self.syntaxes and SYNTAXES[system](code)):
            return Membership.IN
        return Membership.UNKNOWN if system in self.missing or self.unread else Membership.OUT

    @property
    def systems(self) -> frozenset[str]:
        """The systems that some code may be of, as far as is known."""
        return frozenset(system for system, _ in self.codings) | self.syntaxes | (self.missing - self.unread)


# --------------------------------------------------------------------------------------------------- definitions


_CORE_SYSTEMS: dict[str, Json] = {}


def core_code_system(url: str) -> Json | None:
    """The CodeSystem of R4 with this URL, or that of an ISO list; whatever its content. One and the same each time;
    of what there is not nothing is remembered: senders make up systems at will."""
    plain = url.partition("|")[0]
    found = _CORE_SYSTEMS.get(plain)
    if found is None:
        made = r4_code_system(plain) or iso_code_system(plain)
        found = None if made is None else _CORE_SYSTEMS.setdefault(plain, made)
    return found


@cache
def _core_system(url: str) -> System:
    definition = core_code_system(url)
    assert definition is not None
    return loaded(definition)


def _nothing(kind: str, url: str, version: str) -> Json | None:
    return None


def _none(url: str) -> Iterable[Json]:
    return ()


def _no_value_sets() -> Iterable[Json]:
    return ()


Find = Callable[[str, str, str], "Json | None"]
"""(CodeSystem or ValueSet, canonical URL, version or '') -> the resource, of that very version if one is given."""


class Terminology:
    """Code systems and value sets: those that `find` gives, then those of R4.

    `supplements` gives the CodeSystem resources that supplement a code system, by its URL; `value_sets` every loaded
    ValueSet: both may call a code otherwise than its code system does.
    """

    __slots__ = ("_find", "_members", "_names", "_supplements", "_systems", "_value_sets", "judged")

    def __init__(
        self,
        find: Find = _nothing,
        supplements: Callable[[str], Iterable[Json]] = _none,
        value_sets: Callable[[], Iterable[Json]] = _no_value_sets,
    ) -> None:
        self._find = find
        self._supplements = supplements
        self._value_sets = value_sets
        self._names: Mapping[Coding, list[str]] | None = None
        self._systems: dict[tuple[str, str], System | None] = {}
        self._members: dict[str, Members] = {}
        self.judged: dict[tuple[Any, ...], Any] = {}
        """What `profiles.coding` found out about single Codings."""

    def code_system(self, url: str, version: str = "") -> Json | None:
        """The CodeSystem resource, whatever its content; of another version when there is none of this one."""
        found = self._find("CodeSystem", url, version) if version else None
        return found or self._find("CodeSystem", url, "") or core_code_system(url)

    def value_set(self, canonical: str) -> Json | None:
        """The ValueSet resource: `url|version`, or of another version when there is none of this one."""
        url, _, version = canonical.partition("|")
        found = self._find("ValueSet", url, version) if version else None
        return found or self._find("ValueSet", url, "") or r4_value_set(url) or self._implicit(url)

    def _implicit(self, url: str) -> Json | None:
        """The codes of SNOMED CT or LOINC: these URLs name value sets that nobody writes down."""
        if url.startswith(SNOMED_CT) and "?fhir_vs" in url:
            system = SNOMED_CT
        elif url.startswith(LOINC + "/vs"):
            system = LOINC
        else:
            return None
        return {"url": url, "compose": {"include": [{"system": system, "filter": [{"op": ""}]}]}}

    def system(self, url: str, version: str = "") -> System | None:
        """The code system, or None where its content is not loaded."""
        key = (url, version)
        if key in self._systems:
            return self._systems[key]
        definition = self.code_system(url, version)
        if definition is None or "supplements" in definition or definition.get("content") in _NOT_HERE:
            found = None
        elif definition is core_code_system(url):
            found = _core_system(url)
        else:
            found = loaded({"content": "complete", **definition}) if definition.get("concept") else None
        if len(self._systems) < _MOST_SYSTEMS:
            self._systems[key] = found
        return found

    def is_core(self, system: System) -> bool:
        """Whether a code system is the one that R4 brought, and no package."""
        return system.definition is core_code_system(system.url)

    def names(self, url: str, code: str) -> list[str]:
        """What supplements and value sets call a code."""
        if self._names is None:
            self._names = _names(self._value_sets())
        listed = self._names.get((url, code), [])
        supplied = (concept for each in self._supplements(url) for concept in concepts(each))
        return [*listed, *(name for concept in supplied if concept.get("code") == code for name in names_of(concept))]

    def expand(self, canonical: str) -> Members | None:
        """The members of a value set; None when the value set itself is not known."""
        known = self._members.get(canonical)
        return known if known is not None else self._expanded(canonical, ())

    def _expanded(self, canonical: str, path: tuple[str, ...]) -> Members | None:
        definition = self.value_set(canonical)
        if definition is None:
            return None
        if canonical in path:  # what imports itself gains nothing by that
            return Members()
        if len(path) >= _DEEPEST:
            return _unread(canonical)
        members = self.members(definition, (*path, canonical))
        if not path and len(self._members) < _MOST_SYSTEMS:
            self._members[canonical] = members
        return members

    def members(self, value_set: Json, path: tuple[str, ...] = ()) -> Members:
        """The members of a ValueSet resource; `path` are those that are being worked out."""
        compose, expansion = value_set.get("compose"), value_set.get("expansion", {})
        found = self._composed(compose, path) if compose and compose.get("include") else None
        if found is None and "contains" not in expansion:
            return _unread(str(value_set.get("url", "")))  # its definition is not given
        if found is None or (found.missing and "contains" in expansion):
            listed = _enumerated(expansion["contains"])
            return _in_part(listed, str(value_set.get("url", ""))) if _is_part(expansion) else listed
        return found

    def _composed(self, compose: Json, path: tuple[str, ...]) -> Members:
        only_active = compose.get("inactive") is False
        included = [self._included(part, path, only_active) for part in compose.get("include", ())]
        excluded = [self._included(part, path, False) for part in compose.get("exclude", ())]
        codings: frozenset[Coding] = frozenset().union(*(part.codings for part in included))
        missing: frozenset[str] = frozenset().union(*(part.missing for part in included))
        if excluded:
            doubtful: frozenset[str] = frozenset().union(*(part.missing for part in excluded))
            any_system = any(part.unread for part in excluded)
            missing |= {system for system, _ in codings if any_system or system in doubtful}
            codings -= frozenset().union(*(part.codings for part in excluded))
            codings = frozenset(coding for coding in codings if coding[0] not in missing)
        syntaxes: frozenset[str] = frozenset().union(*(part.syntaxes for part in included))
        unread: frozenset[str] = frozenset().union(*(part.unread for part in included))
        return Members(codings, _codes(codings), missing, syntaxes, unread)

    def _included(self, part: Json, path: tuple[str, ...], only_active: bool) -> Members:
        """What one include or exclude names: its system part and all its value sets, intersected."""
        groups = [self._of_system(part, only_active)] if "system" in part else []
        groups += [self._imported(canonical, path) for canonical in part.get("valueSet", ())]
        result = groups[0] if groups else Members()
        for other in groups[1:]:
            result = _both(result, other)
        return result

    def _imported(self, canonical: str, path: tuple[str, ...]) -> Members:
        known = self._members.get(canonical) or self._expanded(canonical, path)
        return known or _unread(canonical.partition("|")[0])

    def _of_system(self, part: Json, only_active: bool) -> Members:
        url = part["system"]
        found = self.system(url, part.get("version", ""))
        if "concept" in part:
            return _members(url, frozenset(concept["code"] for concept in part["concept"]))
        filters = part.get("filter", ())
        if found is None:
            syntax = url in SYNTAXES and not filters
            return Members(syntaxes=frozenset({url})) if syntax else Members(missing=frozenset({url}))
        codes = frozenset(found.concepts)
        for row in filters:
            passing = passed(found, row)
            if passing is None:
                return Members(missing=frozenset({url}))
            codes &= passing
        if only_active:
            codes = frozenset(code for code in codes if not is_inactive(found.concepts[code]))
        return _members(url, codes, frozenset() if found.complete else frozenset({url}))


_DEEPEST = 32
_MOST_SYSTEMS = 4096


def _codes(codings: frozenset[Coding]) -> Codes:
    return frozenset(code for _, code in codings)


def _members(url: str, codes: Codes, missing: frozenset[str] = frozenset()) -> Members:
    return Members(frozenset((url, code) for code in codes), codes, missing)


def _unread(url: str) -> Members:
    """What is known of a value set that is not."""
    return Members(missing=frozenset({url}), unread=frozenset({url}))


def _both(one: Members, other: Members) -> Members:
    """What is in both; a system of which one of them cannot tell is missing where the other may have codes of it."""
    inside = Membership.IN
    sure = {coding for coding in one.codings if other.coding(*coding) is inside}
    sure |= {coding for coding in other.codings if one.coding(*coding) is inside}
    missing: frozenset[str] = frozenset()
    if one.missing:
        missing |= other.systems & (one.missing if not one.unread else other.systems)
    if other.missing:
        missing |= one.systems & (other.missing if not other.unread else one.systems)
    unread = one.unread | other.unread if one.unread and other.unread else frozenset()
    codings = frozenset(sure)
    return Members(codings, _codes(codings), missing | unread, one.syntaxes & other.syntaxes, unread)


_PARTIAL = frozenset(
    {
        "http://hl7.org/fhir/StructureDefinition/valueset-unclosed",
        "http://hl7.org/fhir/StructureDefinition/valueset-toocostly",
    }
)


def _is_part(expansion: Json) -> bool:
    """Whether an expansion lists some of its codes only."""
    if any(one.get("url") in _PARTIAL and one.get("valueBoolean") is True for one in expansion.get("extension", ())):
        return True
    total = expansion.get("total")
    return type(total) is int and total > sum(1 for one in _contents(expansion["contains"]) if "code" in one)


def _in_part(members: Members, url: str) -> Members:
    """The same, with codes of which nothing is known."""
    return replace(members, missing=frozenset({url}), unread=frozenset({url}))


def _enumerated(contains: Iterable[Json]) -> Members:
    """The codes of an expansion that came with the value set."""
    rows = (each for each in _contents(contains) if "system" in each and "code" in each and not each.get("abstract"))
    codings = frozenset((each["system"], each["code"]) for each in rows)
    return Members(codings, _codes(codings))


def _contents(contains: Iterable[Json]) -> Iterator[Json]:
    """Every row of an expansion, however deep."""
    waiting = list(contains)
    while waiting:
        each = waiting.pop()
        waiting.extend(each.get("contains", ()))
        yield each


# ------------------------------------------------------------------------------------------------- those of R4

CORE = Terminology()


class Packages(Protocol):
    """What a registry of packages offers: see `profiles.registry`."""

    @property
    def lazy(self) -> bool: ...
    def once(self, key: Any, make: Callable[[], Any]) -> Any: ...
    def of_type(self, resource_type: str) -> tuple[dict[str, Any], ...]: ...
    def canonical(self, url: str, resource_type: str = "") -> dict[str, Any] | None: ...


def terminology_of(packages: Packages) -> Terminology:
    """The code systems and value sets of the packages, then those of R4; made once for each registry."""
    found: Terminology = packages.once("terminology", lambda: _terminology_of(packages))
    return found


def _terminology_of(packages: Packages) -> Terminology:
    if not packages.lazy and not any(
        packages.of_type(kind) for kind in ("CodeSystem", "ValueSet", "StructureDefinition")
    ):
        return CORE

    def find(kind: str, url: str, version: str) -> Json | None:
        return packages.canonical(f"{url}|{version}" if version else url, kind)

    def supplements(url: str) -> list[Json]:
        systems = packages.of_type("CodeSystem")
        return [each for each in systems if str(each.get("supplements", "")).partition("|")[0] == url]

    def value_sets() -> Iterable[Json]:
        inside = (inner for each in packages.of_type("StructureDefinition") for inner in each.get("contained", ()))
        return chain(packages.of_type("ValueSet"), (each for each in inside if each.get("resourceType") == "ValueSet"))

    return Terminology(find, supplements, value_sets)


def _names(value_sets: Iterable[Json]) -> Mapping[Coding, list[str]]:
    """The names that value sets give to the codes they list."""
    found: dict[Coding, list[str]] = {}
    for value_set in value_sets:
        for part in value_set.get("compose", {}).get("include", ()):
            for row in part.get("concept", ()):
                found.setdefault((part.get("system", ""), row.get("code", "")), []).extend(names_of(row))
        for row in _contents(value_set.get("expansion", {}).get("contains", ())):
            found.setdefault((row.get("system", ""), row.get("code", "")), []).extend(names_of(row))
    return found


def system(url: str) -> System | None:
    """The code system of R4 (or an ISO list), or None where its content is not loaded."""
    return CORE.system(url)


def display(url: str, code: str) -> str | None:
    """The display of a code in a loaded system."""
    found = system(url)
    concept = found.concepts.get(code) if found else None
    return concept.get("display") if concept else None


def expand(url: str) -> Members | None:
    """The members of a value set of R4 by canonical URL (version ignored); None when it is not known."""
    return CORE.expand(url.partition("|")[0])
