"""Statements of one answer, and the state of the store they saw: the number of the last change, the first column."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select

from fhir_server.search.compile import Wanted
from fhir_server.search.templates import fetch
from fhir_server.store.reading import Reader, Row


class Shifted(Exception):
    """Something was committed between two statements of one answer: read again inside a snapshot."""


class Seen:
    """`seq` is the state that was seen, None before the first row."""

    def __init__(self, source: Reader) -> None:
        self.source = source
        self.seq: int | None = None

    def rows(self, make: Callable[[Wanted], Select[Any]], wanted: Wanted) -> list[Row]:
        """The rows of a statement. Raises Shifted when it saw another state than those before it."""
        rows = fetch(self.source, make, wanted)
        if rows:
            if self.seq is None:
                self.seq = rows[0][0]
            elif rows[0][0] != self.seq:
                raise Shifted
        return rows
