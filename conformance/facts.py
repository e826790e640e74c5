"""What one institution did in the period, as tallies by name. `FACTS` of the whole consortium stand under `ALL`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from conformance.count import Tally

ALL = ""


@dataclass(slots=True)
class Facts:
    """`tallies` feed the sections, `numerators` and `denominators` the indicators, by id."""

    tallies: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    numerators: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    denominators: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))

    def every(self) -> list[Tally]:
        return [*self.tallies.values(), *self.numerators.values(), *self.denominators.values()]


class Book:
    """The facts by institution code. An unknown institution has facts of its own."""

    def __init__(self) -> None:
        self.facts: dict[str, Facts] = {ALL: Facts()}

    def of(self, institution: str) -> Facts:
        found = self.facts.get(institution)
        if found is None:
            found = self.facts[institution] = Facts()
        return found

    def add(self, institution: str, name: str, path: tuple[str, ...], source: str | int, amount: int = 1) -> None:
        """Counts for the institution and for the consortium."""
        self.of(institution).tallies[name].add(path, source, amount)
        self.facts[ALL].tallies[name].add(path, source, amount)
