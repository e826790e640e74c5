"""A FHIR package as a folder whose resources are read one by one, when each is first asked for.

Law: nothing is read before an address that begins as the package's own do is asked for; then the index, then the files
that are wanted. Immutable to whoever asks; what two threads read at once is equal, and one of the two is kept.
Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification (`.index.json`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from profiles.systems import CANONICAL_BASE, HEALTH_ROOT

Json = dict[str, Any]
_TERMINOLOGY = frozenset({"CodeSystem", "ValueSet"})


@dataclass(frozen=True)
class Shelf:
    """`roots` is how every address begins that the package defines."""

    folder: Path
    roots: tuple[str, ...]
    _read: dict[str, Json] = field(default_factory=dict, compare=False)

    @cached_property
    def _files(self) -> Mapping[str, tuple[str, ...]]:
        """The names of the files by canonical URL."""
        from profiles.json_input import parse

        path = self.folder / ".index.json"
        index, issues = parse(path.read_bytes(), limit=path.stat().st_size)
        assert index is not None, issues
        found: dict[str, tuple[str, ...]] = {}
        for row in index["files"]:
            if "url" in row:
                found[row["url"]] = (*found.get(row["url"], ()), row["filename"])
        return found

    def canonical(self, url: str) -> tuple[Json, ...]:
        """The resources with this URL, without a version."""
        return tuple(map(self._resource, self._files.get(url, ()))) if url.startswith(self.roots) else ()

    def terminology(self, resource_type: str) -> tuple[Json, ...]:
        """Every CodeSystem, or every ValueSet; nothing of another type is listed, for that would read it all."""
        if resource_type not in _TERMINOLOGY:
            return ()
        names = (name for files in self._files.values() for name in files)
        return tuple(self._resource(name) for name in names if name.startswith(resource_type + "-"))

    def _resource(self, name: str) -> Json:
        found = self._read.get(name)
        if found is None:
            from profiles.json_input import parse

            path = self.folder / name
            resource, issues = parse(path.read_bytes(), limit=path.stat().st_size)
            assert resource is not None, (name, issues)
            found = self._read.setdefault(name, resource)
        return found


@dataclass(frozen=True)
class Shelves:
    """Several packages, the first of which come first where versions do not decide."""

    shelves: tuple[Shelf, ...]

    def canonical(self, url: str) -> tuple[Json, ...]:
        """The resources with this URL in all of them."""
        return tuple(one for shelf in self.shelves for one in shelf.canonical(url))

    def terminology(self, resource_type: str) -> tuple[Json, ...]:
        """Every CodeSystem, or every ValueSet, of all of them."""
        return tuple(one for shelf in self.shelves for one in shelf.terminology(resource_type))


GUIDE = Shelf(Path(__file__).parent / "package", (CANONICAL_BASE + "/", HEALTH_ROOT + "."))
"""The implementation guide of the consortium, which comes with the product."""
