"""The ledger: what became of every leaf value of one message.

Four outcomes, and no fifth: `stored` (it stands at a FHIR path), `coded` (a table turned it into a code that stands
there), `carried` (no home in FHIR: kept with its location in the Provenance), `dropped` (left out, with a reason).
A leaf without an outcome is unaccounted, and a defect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from mappers.message import Leaf, Message, Value

Outcome = Literal["stored", "coded", "carried", "dropped"]


class Line(NamedTuple):
    """`path` is `Type/id#element.path[0].child`, or the reason code when dropped; `rule` is a row or function id."""

    outcome: Outcome
    path: str
    rule: str


_NEW = tuple.__new__
"""Makes a `Line` in half the time its own constructor takes."""


class Ledger:
    """Lines by leaf. Filled while mapping, read-only afterwards."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: dict[Leaf, list[Line]] = {}

    def note(self, leaf: Leaf, outcome: Outcome, path: str, rule: str) -> None:
        self.lines.setdefault(leaf, []).append(_NEW(Line, (outcome, path, rule)))

    def say(self, position: int, field: int, outcome: Outcome, path: str, rule: str) -> None:
        """As `note`, of the first component of the first repetition of a field."""
        leaf = _NEW(Leaf, (position, field, 1, 1, 1))
        self.lines.setdefault(leaf, []).append(_NEW(Line, (outcome, path, rule)))

    def whole(self, value: Value, outcome: Outcome, path: str, rule: str) -> None:
        """As `note`, of every leaf of a value."""
        line: Line = _NEW(Line, (outcome, path, rule))
        for leaf in value.leaves():
            self.lines.setdefault(leaf, []).append(line)

    def unaccounted(self, message: Message) -> list[Leaf]:
        """The leaves of the message that no line speaks of."""
        return [leaf for leaf in message.leaves() if leaf not in self.lines]

    def rows(self, message: Message) -> Iterable[tuple[str, Line]]:
        """(v2 location, line), in message order."""
        for leaf in sorted(self.lines):
            for line in self.lines[leaf]:
                yield message.locate(leaf), line
