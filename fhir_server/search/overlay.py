"""Search parameters beyond those of R4: which a store knows, for the time of one call or one commit.

Two stores in one process may know different ones, so the set is bound to the context (`using`) and not to the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fhir_server.search.parameter import Parameter


@dataclass(frozen=True, slots=True)
class Overlay:
    """`added` by resource type; `filling` are the lists of keys that do not yet hold every resource.

    `generation` tells two states of one store, and what two callers see of one, apart. Two institutions may give one
    code to parameters of their own: the store fills the lists of both, and each sees its own.
    """

    generation: int = 0
    added: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    filling: frozenset[int] = frozenset()
    _seen: dict[frozenset[str] | None, Overlay] = field(default_factory=dict, init=False, compare=False, repr=False)

    def seen_by(self, owners: frozenset[str] | None) -> Overlay:
        """What a caller knows who may see the data of these institutions (None: of all); of one code the oldest."""
        if not self.added:
            return self
        seen = self._seen.get(owners)  # another thread may empty it at any moment
        if seen is None:
            if len(self._seen) >= _CALLERS:
                self._seen.clear()
            seen = self._seen[owners] = self._part(owners)
        return seen

    def _part(self, owners: frozenset[str] | None) -> Overlay:
        part = {kind: _oldest(each, owners) for kind, each in self.added.items()}
        part = {kind: each for kind, each in part.items() if each}
        if part == self.added:
            return self
        return Overlay(hash((self.generation, tuple(part.items()))), part, self.filling)


_CALLERS = 256
"""Kinds of callers whose part is kept."""


def _oldest(parameters: Sequence[Parameter], owners: frozenset[str] | None) -> tuple[Parameter, ...]:
    found: dict[str, Parameter] = {}
    for parameter in parameters:
        if owners is None or parameter.owner in owners:
            found.setdefault(parameter.code, parameter)
    return tuple(found.values())


CORE_ONLY = Overlay()
_current: ContextVar[Overlay] = ContextVar("search_parameters", default=CORE_ONLY)


def added(resource_type: str) -> tuple[Parameter, ...]:
    """The parameters this store adds to those of R4 for a type."""
    return _current.get().added.get(resource_type, ())


def current() -> Overlay:
    return _current.get()


@contextmanager
def using(overlay: Overlay) -> Iterator[None]:
    """Inside the block the store knows these."""
    token = _current.set(overlay)
    try:
        yield
    finally:
        _current.reset(token)
