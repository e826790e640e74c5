"""What each institution did in the period, as tallies by name. Those of the whole consortium stand under `ALL`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from conformance.count import Tally

ALL = "*"
Source = str | int
"""An id (`journal/12`), or the number of a resource row that becomes `Type/id` later."""


@dataclass(slots=True)
class Watch:
    """Keeps every source behind one number, not only the first ones."""

    institution: str
    name: str
    path: tuple[str, ...] = ()
    found: list[Source] = field(default_factory=list)

    def see(self, institution: str, name: str, path: tuple[str, ...], source: Source) -> None:
        if (institution, name) == (self.institution, self.name) and path[: len(self.path)] == self.path:
            self.found.append(source)


@dataclass(slots=True)
class Book:
    """Tallies by institution and name."""

    watch: Watch | None = None
    facts: defaultdict[str, defaultdict[str, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )

    def count(self, institution: str, name: str, path: tuple[str, ...], source: Source, amount: int = 1) -> None:
        """Counts for that institution only."""
        self.facts[institution][name].add(path, source, amount)
        if self.watch is not None:
            self.watch.see(institution, name, path, source)

    def add(self, institution: str, name: str, path: tuple[str, ...], source: Source, amount: int = 1) -> None:
        """Counts for the institution and for the consortium."""
        self.count(institution, name, path, source, amount)
        self.count(ALL, name, path, source, amount)

    def institutions(self) -> tuple[str, ...]:
        return tuple(sorted(code for code in self.facts if code != ALL))

    def rows(self) -> set[int]:
        """The row numbers whose ids a report shows."""
        return {number for facts in self.facts.values() for tally in facts.values() for number in tally.numbers()}
