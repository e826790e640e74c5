"""A store of another release (apart, so that a command can know of it without loading the store)."""

from __future__ import annotations


class OutdatedStore(Exception):
    """The tables, or the search keys, are of another release; the message says what to do."""

    def __init__(self, what: str, found: str) -> None:
        super().__init__(f"the store {what}: run `qiao db upgrade`")
        self.found = found
