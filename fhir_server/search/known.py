"""What search parameters a store knows beyond R4: read from its active SearchParameters, kept until they change.

The state is told by two numbers, the last change of a SearchParameter and the moment a list of keys was last filled.
Reading them is one look into two indexes. Every commit compares them under the commit lock, so that no process writes
with parameters of yesterday; a search compares them when it names a parameter that R4 does not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fhir_server.search.definition import define
from fhir_server.search.overlay import CORE_ONLY, Overlay
from fhir_server.search.parameters import Parameter
from fhir_server.store.body import parse

Ask = Callable[[str], Sequence[Any]]
"""Runs a statement without parameters and gives its rows."""
State = tuple[int, int]
_STATE = (
    "SELECT (SELECT coalesce(max(seq), 0) FROM change WHERE type = 'SearchParameter'),"
    " (SELECT coalesce(max(at), 0) FROM search_list)"
)
_DEFINITIONS = (
    "SELECT id, version, body, owner FROM resource"
    " WHERE type = 'SearchParameter' AND version > 0 AND NOT deleted ORDER BY rid"
)
_FILLED = "SELECT param FROM search_list"


def state(ask: Ask) -> State:
    """Two numbers that change whenever the parameters of the store do."""
    return asked_state(lambda sql: lambda: ask(sql))()


def asked_state(asking: Callable[[str], Callable[[], Sequence[Any]]]) -> Callable[[], State]:
    """The same, to be read when it is wanted."""
    rows = asking(_STATE)

    def read() -> State:
        seq, at = rows()[0]
        return int(seq), int(at)

    return read


class Known:
    """The parameters of one store, as this process last read them."""

    def __init__(self) -> None:
        self._read: tuple[State | None, Overlay] = (None, CORE_ONLY)

    @property
    def overlay(self) -> Overlay:
        return self._read[1]

    @property
    def state(self) -> State | None:
        return self._read[0]

    def fresh(self, ask: Ask) -> Overlay:
        """The parameters as the store has them now."""
        now = state(ask)
        if now != self._read[0]:
            self._read = (now, _read(now, ask))
        return self._read[1]


def _read(now: State, ask: Ask) -> Overlay:
    if now[0] == 0:
        return CORE_ONLY
    added: dict[str, dict[tuple[str, str], Parameter]] = {}
    for name, version, body, owner in ask(_DEFINITIONS):
        for parameter in define(parse(bytes(body)), mark(name, version)).parameters:
            own = replace(parameter, owner=owner)
            added.setdefault(own.type, {}).setdefault((owner, own.code), own)  # the older one stays
    lists = {param for of_type in added.values() for parameter in of_type.values() for param in parameter.params}
    filled = {row[0] for row in ask(_FILLED)}
    return Overlay(
        generation=now[0] * 1_000_003 + now[1],
        added={kind: tuple(of_type.values()) for kind, of_type in added.items()},
        filling=frozenset(lists - filled),
    )


def mark(name: str, version: int) -> str:
    """Tells the lists of one version of a definition from all others: an old list is never taken up again."""
    return f"SearchParameter/{name}/{version}"
