"""The access scope: which institutions' data a caller may see.

A parameter of every store call and a predicate in every sub-select. An empty scope sees nothing: there is no default,
and "everything" must be said by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, true

from fhir_server.store.schema import resource


@dataclass(frozen=True, slots=True)
class Scope:
    """`owners` are institution codes; `None` means every institution and is only given by `EVERYTHING`."""

    owners: frozenset[str] | None

    def allows(self, owner: str) -> bool:
        return self.owners is None or owner in self.owners

    def predicate(self, table: object = resource) -> ColumnElement[bool]:
        """The condition on the `owner` column of `resource` or of an alias of it."""
        if self.owners is None:
            return true()
        return table.c.owner.in_(sorted(self.owners))  # type: ignore[attr-defined]


EVERYTHING = Scope(None)
NOTHING = Scope(frozenset())
