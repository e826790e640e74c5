"""Search parameters beyond those of R4: which a store knows, for the time of one call or one commit.

Two stores in one process may know different ones, so the set is bound to the context (`using`) and not to the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from fhir_server.search.parameter import Parameter


@dataclass(frozen=True, slots=True)
class Overlay:
    """`added` by resource type; `filling` are the lists of keys that do not yet hold every resource.

    `generation` tells two states of one store apart: it grows with every change of what is known.
    """

    generation: int = 0
    added: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    filling: frozenset[int] = frozenset()


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
