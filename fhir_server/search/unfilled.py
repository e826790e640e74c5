"""Parameters whose lists do not yet hold every resource: a search by one would be silent about what it missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from fhir_server.search.overlay import current
from fhir_server.search.parameters import Parameter
from profiles.issue import Issue


def unfilled(query: object) -> tuple[Issue, ...]:
    """An issue for each parameter of a query that `$reindex` has not filled yet."""
    filling = current().filling
    if not filling:
        return ()
    codes = dict.fromkeys(each.code for each in _named(query) if not filling.isdisjoint(each.params))
    return tuple(Issue("search-parameter-filling", f"http.{code}", details={"name": code}) for code in codes)


def _named(value: Any) -> Iterator[Parameter]:
    """Every parameter that stands anywhere in a query."""
    if isinstance(value, Parameter):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _named(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _named(getattr(value, field.name))
