"""What is known to a validation: the definitions of R4, our implementation guide, and the packages that were loaded.

Law: immutable after it was made (but for `put`, at the start of a process); what is derived from it (snapshots,
expansions, compiled profiles) is cached with it, so a registry is made once and shared between threads. A package comes
before the guide, and both before the core, where they define the same URL. Of the guide and of installed packages
nothing is read before one of their addresses is asked for.
Source: http://hl7.org/fhir/R4/references.html#canonical, https://confluence.hl7.org/display/FHIR/NPM+Package+Specification.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from profiles.code_system import System
from profiles.definitions import Definition
from profiles.definitions import structure as r4_structure
from profiles.shelf import GUIDE, Shelf, Shelves
from profiles.snapshot import SnapshotError, coded, misshapen, referring_to_types, snapshot
from profiles.terminology import Members, terminology_of

Json = dict[str, Any]
_Made = TypeVar("_Made")
_MOST_ADDRESSES = 4096
"""Ways to write the address of a structure that are remembered; a sender makes up versions at will."""


class Registry:
    """Definitions by canonical URL, with or without `|version`; `resources` are conformance resources of any kind."""

    def __init__(self, resources: Iterable[Json] = (), shelf: Shelf | Shelves | None = None) -> None:
        self.shelf = shelf
        """A package that is read as it is needed."""
        self._structures: dict[str, Definition | None] = {}
        self._by_url: dict[str, list[Json]] = {}
        self._by_type: dict[str, list[Json]] = {}
        self._by_literal: dict[str, Json] = {}
        self.cache: dict[Any, Any] = {}
        for resource in resources:
            kind = str(resource.get("resourceType"))
            self._by_type.setdefault(kind, []).append(resource)
            if type(resource.get("url")) is str:
                self._by_url.setdefault(resource["url"], []).append(resource)
            if type(resource.get("id")) is str:
                self._by_literal[f"{kind}/{resource['id']}"] = resource
        self.terminology = terminology_of(self)
        """Its code systems and value sets, with what was worked out of them."""

    def put(self, shelves: Sequence[Shelf]) -> None:
        """Puts installed packages before our guide, in place of those that were there, and forgets what was worked out:
        for the start of a process, before anything is asked for."""
        if not shelves and self.shelf is GUIDE:
            return
        self.shelf = Shelves((*shelves, GUIDE)) if shelves else GUIDE
        self.cache.clear()
        self._structures.clear()
        self.terminology = terminology_of(self)

    @property
    def lazy(self) -> bool:
        """Whether there is more than what was read so far."""
        return self.shelf is not None

    def once(self, key: Any, make: Callable[[], _Made]) -> _Made:
        """What was made for this key, or makes it; equal work done twice by two threads is thrown away."""
        found = self.cache.get(key, self)
        if found is self:
            found = self.cache.setdefault(key, make())
        return found

    def of_type(self, resource_type: str) -> tuple[Json, ...]:
        """Every loaded resource of a type; those of the core are not listed, and of the guide only its terminology."""
        given = tuple(self._by_type.get(resource_type, ()))
        if self.shelf is None:
            return given
        return (*given, *(one for one in self.shelf.terminology(resource_type) if one["url"] not in self._by_url))

    def canonical(self, url: str, resource_type: str = "") -> Json | None:
        """A loaded resource by canonical URL; of several versions the wanted one, else the latest."""
        plain, _, version = url.partition("#")[0].partition("|")
        listed: Sequence[Json] = self._by_url.get(plain) or (self.shelf.canonical(plain) if self.shelf else ())
        found = [one for one in listed if not resource_type or one["resourceType"] == resource_type]
        if version:
            exact = [one for one in found if one.get("version") == version]
            found = exact or found
        return max(found, key=lambda one: _order(one.get("version", ""))) if found else None

    def global_profiles(self, resource_type: str) -> tuple[str, ...]:
        """The profiles that loaded implementation guides ask of every resource of a type."""
        asked: dict[str, tuple[str, ...]] | None = self.cache.get("globals")  # much asked, and mostly there are none
        if asked is None:
            asked = self.once("globals", lambda: _global_profiles(self._by_type))
        return asked.get(resource_type, ()) if asked else ()

    def literal(self, reference: str) -> Json | None:
        """A loaded resource by `Type/id`."""
        return self._by_literal.get(reference)

    # ------------------------------------------------------------------------------------------------- structures

    def structure(self, url: str) -> Definition | None:
        """The StructureDefinition with this canonical URL (or the type of this name), with its snapshot; None when it
        is unknown or cannot be worked out (see `broken`)."""
        if url in self._structures:
            return self._structures[url]
        found = self._structure(url)
        if len(self._structures) < _MOST_ADDRESSES:
            self._structures[url] = found
        return found

    def _structure(self, url: str) -> Definition | None:
        found = self.canonical(url, "StructureDefinition")
        if found is None:
            return r4_structure(url)
        key = ("structure", found["url"], found.get("version"))
        return self.once(key, lambda: self._complete(found))

    def broken(self, url: str) -> str:
        """Why a known StructureDefinition cannot be used; empty when it can, or is not known."""
        self.structure(url)
        return str(self.cache.get(("broken", url.partition("|")[0]), ""))

    def _complete(self, definition: Json) -> Json | None:
        url = definition["url"]
        why = misshapen(definition)
        if why:
            self.cache["broken", url] = why
            return None
        given = definition.get("snapshot", {}).get("element")
        if given:
            elements = coded(given)
            return definition if elements is given else {**definition, "snapshot": {"element": elements}}
        if self.cache.get(("snapshot", url)) is Ellipsis:
            self.cache["broken", url] = "it is based on itself"
            return None
        self.cache["snapshot", url] = Ellipsis
        try:
            elements = referring_to_types(coded(snapshot(definition, self.structure)))
        except SnapshotError as error:
            self.cache["broken", url] = str(error)
            return None
        except RecursionError:
            self.cache["broken", url] = "too many definitions are based on each other"
            return None
        finally:
            del self.cache["snapshot", url]
        return {**definition, "snapshot": {"element": elements}}

    # ------------------------------------------------------------------------------------------------ terminology

    def value_set(self, url: str) -> Json | None:
        """The ValueSet with this canonical URL."""
        found = self.terminology.value_set(url)
        return None if found is None else dict(found)

    def code_system(self, url: str) -> Json | None:
        """The CodeSystem with this URL, whatever it holds."""
        plain, _, version = url.partition("|")
        found = self.terminology.code_system(plain, version)
        return None if found is None else dict(found)

    def system(self, url: str) -> System | None:
        """The concepts of a code system, or None when they are not loaded."""
        plain, _, version = url.partition("|")
        return self.terminology.system(plain, version)

    def members(self, url: str) -> Members | None:
        """The members of a value set, None when it is not known."""
        return self.terminology.expand(url) or self.terminology.expand(url.partition("|")[0])


def _global_profiles(by_type: dict[str, list[Json]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for guide in by_type.get("ImplementationGuide", ()):
        rows = guide.get("global")
        for row in rows if type(rows) is list else ():
            kind, url = (row.get("type"), row.get("profile")) if type(row) is dict else (None, None)
            if type(kind) is str and type(url) is str:
                found[kind] = (*found.get(kind, ()), url)
    return found


def _order(version: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in version.replace("-", ".").split("."))


CORE = Registry()
"""The definitions of R4 alone."""

OWN = Registry(shelf=GUIDE)
"""The definitions of R4 and our implementation guide: what is known where nobody says otherwise."""
