"""Stand-ins for the values of a query, from which its statement is made once for all queries of the same shape.

A slot holds the place of a value in the statement (a bound parameter with a name) instead of the value. What makes SQL
never sees a value of the request this way, so none can become a part of a statement that is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.search.values import Span

SLOTS_MOST = 8
"""Values of one criterion up to which its statement is kept; longer lists are made each time."""


@dataclass(frozen=True, slots=True)
class SlotKey:
    """In the place of a Token, Words or OfType: the hash it is found by; of some codes also their `timed.Lists`."""

    key: Any
    lists: Any = None


@dataclass(frozen=True, slots=True)
class SlotId:
    """In the place of a Token of `_id`."""

    id: Any


@dataclass(frozen=True, slots=True)
class SlotText:
    """In the place of the Words of a string search: see `text_lists.text_bounds`."""

    low: Any
    high: Any


@dataclass(frozen=True, slots=True)
class SlotSpan(Span):
    """In the place of a Span: its bounds, and the lists of numbers of its unit."""

    params: tuple[Any, ...] = ()
