"""What a search needs to know from outside its text: the moment, the base URL, and terminology on demand.

Value sets and code systems of the store are read only when a modifier asks for them (`:in`, `:below`), with the scope
of the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from fhir_server.rest.exchange import Call, Services
from fhir_server.search.values import Surroundings
from profiles.expansion import Sources

if TYPE_CHECKING:
    from fhir_server.operations.terminology_sources import Library

T = TypeVar("T")


def surroundings(call: Call, services: Services) -> Surroundings:
    """The Surroundings of one call."""

    @contextmanager
    def library() -> Iterator[Library]:
        from fhir_server.operations.terminology_sources import Library

        with services.database.read() as connection:
            yield Library(connection, call, services)

    def ask(question: Callable[[Library], T]) -> T:
        with library() as opened:
            return question(opened)

    def by_id(name: str) -> dict[str, Any] | None:
        return next(iter(ask(lambda opened: opened.search("ValueSet", (("_id", name),)))), None)

    sources = Sources(
        lambda url, version: ask(lambda opened: opened.code_system(url, version)),
        lambda url, version: ask(lambda opened: opened.value_set(url, version)),
    )
    return Surroundings(services.clock(), call.base, sources, by_id)
