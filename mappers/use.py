"""One use of one datatype by one row: which leaf went where.

A datatype function reads through its `Use`, and so cannot read a leaf without saying what became of it. Nothing is
written into the ledger before the value found its place: a value that is not placed is not "stored".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappers.codes import Coded, Unmapped, lookup
from mappers.ledger import Line
from mappers.message import NULL, Leaf, Origin, Value, legible, unescape

if TYPE_CHECKING:
    from mappers.draft import Draft
    from mappers.ledger import Outcome
    from mappers.site import Site


_NEW = tuple.__new__
"""Makes a `Leaf` or a `Line` in half the time their own constructors take."""


class Part:
    """One component seen as a value of its own: its sub-components are its components (`PV1-3.4`, an HD inside a
    CX).
    """

    __slots__ = ("component", "components", "field", "raw", "repetition", "segment", "value")

    def __init__(self, value: Value, component: int) -> None:
        self.value = value
        self.component = component
        self.segment: Origin = value.segment
        self.field = value.field
        self.repetition = value.repetition
        parts = value.components
        self.raw = parts[component - 1] if component <= len(parts) else ""
        separator = self.segment.delimiters.subcomponent
        self.components: list[str] = self.raw.split(separator) if separator else [self.raw]

    def get(self, component: int = 1, subcomponent: int = 1) -> str | None:
        return self.value.get(self.component, component) if subcomponent == 1 else None

    def text(self) -> str | None:
        return legible(unescape(self.raw, self.segment.delimiters)) if self.raw else None

    @property
    def is_null(self) -> bool:
        return self.raw == NULL

    def leaves(self) -> list[Leaf]:
        return [leaf for leaf in self.value.leaves() if leaf.component == self.component]


Repetition = Value | Part
"""What a datatype function is given."""


class Use:
    """`value` in the hands of the row `rule`; `table` is the row's vocabulary or `''`."""

    __slots__ = ("draft", "notes", "prefix", "rule", "site", "table", "value")

    def __init__(self, draft: Draft, value: Repetition, rule: str, table: str = "") -> None:
        self.draft = draft
        self.site: Site = draft.site
        self.value = value
        self.rule = rule
        self.table = table
        self.prefix = ""
        self.notes: list[tuple[Leaf, Outcome, str, str]] = []

    def at(self, component: int = 1, subcomponent: int = 1) -> Leaf:
        """The leaf of a component of the value."""
        value = self.value
        if isinstance(value, Part):
            component, subcomponent = value.component, component
        return _NEW(Leaf, (value.segment.position, value.field, value.repetition, component, subcomponent))

    def take(self, component: int = 1, subpath: str = "", subcomponent: int = 1) -> str | None:
        """The leaf, noted as stored under `subpath` of the target (or at an absolute `Type/id#path`).

        `None` when absent or blank; a component that is `""` has nothing to store and is noted as dropped.
        """
        value = self.value
        parts = value.components
        if component > len(parts) or not parts[component - 1]:
            return None
        text = value.get(component, subcomponent)
        if text is None:
            return None
        if text == NULL:
            self.drop(component, "null-component", subcomponent)
            return None
        self.leaf(component, subpath, subcomponent)
        return text

    def said(self, component: int = 1, subcomponent: int = 1) -> str | None:
        """The leaf when it says something (not absent, not `""`); nothing is noted yet."""
        text = self.value.get(component, subcomponent)
        return None if text == NULL else text

    def leaf(self, component: int = 1, subpath: str = "", subcomponent: int = 1) -> None:
        """Notes that the leaf is stored under `subpath`."""
        value = self.value
        if type(value) is Part:
            component, subcomponent = value.component, component
        if self.prefix:
            subpath = self._under(subpath)
        leaf = _NEW(Leaf, (value.segment.position, value.field, value.repetition, component, subcomponent))
        self.notes.append((leaf, "stored", subpath, self.rule))

    def _under(self, subpath: str) -> str:
        prefix = self.prefix
        if not prefix or "#" in subpath:
            return subpath
        return f"{prefix}.{subpath}" if subpath else prefix

    def all(self, subpath: str = "") -> None:
        """Notes every leaf of the value as stored under one path."""
        for leaf in self.value.leaves():
            self.notes.append((leaf, "stored", self._under(subpath), self.rule))

    def coded(self, component: int, subpath: str, table: str, origin: str, target: str) -> None:
        """Notes that a table turned the leaf into a code."""
        self.notes.append((self.at(component), "coded", self._under(subpath), f"{self.rule} {table} {origin}→{target}"))

    def drop(self, component: int, reason: str, subcomponent: int = 1) -> None:
        """Notes that the leaf is left out, and why. Stands even when the value as a whole finds no place."""
        self.draft.effects += 1
        self.draft.ledger.note(self.at(component, subcomponent), "dropped", reason, self.rule)

    def issue(self, code: str, component: int = 1, **details: str) -> None:
        self.draft.issue(code, self.at(component), **details)

    def code(self, text: str, component: int = 1) -> Coded | Unmapped:
        """The target of a code by the row's vocabulary; what has none is put on the work list."""
        found = lookup(self.site, self.table, text)
        if isinstance(found, Unmapped):
            self.draft.unmapped(self.table, text, self.value.get(component + 1) or "", self.at(component))
        return found

    def settle(self, path: str) -> None:
        """The value stands at `path` (`Type/id#element`): the notes go into the ledger."""
        of = self.draft.ledger.told.setdefault
        for leaf, outcome, subpath, rule in self.notes:
            where = path if not subpath else subpath if "#" in subpath else f"{path}.{subpath}"
            of(leaf, []).append(_NEW(Line, (outcome, where, rule)))
        self.notes = []

    def inside(self, component: int, prefix: str = "") -> Use:
        """A use of one component as a value of its own; it shares the notes and writes under `prefix`."""
        if isinstance(self.value, Part):
            raise TypeError("a sub-component has no components")
        inner = Use(self.draft, Part(self.value, component), self.rule)
        inner.notes = self.notes
        inner.prefix = prefix
        return inner
