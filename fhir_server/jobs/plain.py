"""A job of the writer that touches no resources: it decides by rows of its own tables, read under the commit lock."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.store.unit import Key, Unit


class Plain:
    """`apply` is what is left to write."""

    def touches(self) -> Iterable[Key]:
        return ()

    def prepare(self, unit: Unit) -> None:
        """Nothing to read."""
