"""The ledger: what became of every leaf value of one message.

Four outcomes, and no fifth: `stored` (it stands at a FHIR path), `coded` (a table turned it into a code that stands
there), `carried` (no home in FHIR: kept with its location in the Provenance), `dropped` (left out, with a reason).
A leaf without an outcome is unaccounted, and a defect.

What is told leaf by leaf is in `told`; of a segment that fared as one before (`messages.result_memory`), `again` says
it of all leaves at once. `lines` is both, leaf by leaf.
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


class SameLine(NamedTuple):
    """A line of any segment that fares alike. `path` begins with `#` when it is one of the segment's own resource."""

    field: int
    repetition: int
    component: int
    subcomponent: int
    outcome: Outcome
    path: str
    rule: str


class Again(NamedTuple):
    """What became of all leaves of one segment."""

    ref: str
    """`Type/id` of its own resource."""
    lines: tuple[SameLine, ...]
    otherwise: tuple[str, ...]
    """`-8 N`: what stands in the resources otherwise than it was sent (`mappers.original`)."""


class Ledger:
    """Lines by leaf. Filled while mapping, read-only afterwards."""

    __slots__ = ("again", "told")

    def __init__(self) -> None:
        self.told: dict[Leaf, list[Line]] = {}
        self.again: dict[int, Again] = {}
        """By position of the segment."""

    @property
    def lines(self) -> dict[Leaf, list[Line]]:
        """All lines by leaf; what was told at once is from now on told leaf by leaf."""
        if self.again:
            self.spell_out(tuple(self.again))
        return self.told

    def spell_out(self, positions: Iterable[int]) -> None:
        """Tells leaf by leaf of these segments; what was told of them since stands behind."""
        for position in positions:
            ref, lines, _ = self.again.pop(position)
            found: dict[Leaf, list[Line]] = {}
            for *place, outcome, path, rule in lines:
                where = ref + path if path.startswith("#") else path
                found.setdefault(_NEW(Leaf, (position, *place)), []).append(Line(outcome, where, rule))
            for leaf, said in found.items():
                self.told[leaf] = said + self.told.get(leaf, [])

    def note(self, leaf: Leaf, outcome: Outcome, path: str, rule: str) -> None:
        self.told.setdefault(leaf, []).append(_NEW(Line, (outcome, path, rule)))

    def say(self, position: int, field: int, outcome: Outcome, path: str, rule: str) -> None:
        """As `note`, of the first component of the first repetition of a field."""
        leaf = _NEW(Leaf, (position, field, 1, 1, 1))
        self.told.setdefault(leaf, []).append(_NEW(Line, (outcome, path, rule)))

    def whole(self, value: Value, outcome: Outcome, path: str, rule: str) -> None:
        """As `note`, of every leaf of a value."""
        line: Line = _NEW(Line, (outcome, path, rule))
        for leaf in value.leaves():
            self.told.setdefault(leaf, []).append(line)

    def unaccounted(self, message: Message) -> list[Leaf]:
        """The leaves of the message that no line speaks of."""
        told, again = self.told, self.again
        return [leaf for leaf in message.leaves_without(again) if leaf not in told]

    def rows(self, message: Message) -> Iterable[tuple[str, Line]]:
        """(v2 location, line), in message order."""
        lines = self.lines
        for leaf in sorted(lines):
            for line in lines[leaf]:
                yield message.locate(leaf), line
