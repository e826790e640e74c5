"""Search criteria that say which resource a write is about (FHIR R4 http.html#ccreate, #cond-update, #cdelete).

Here they are only read; the writer evaluates them, under the commit lock. Whatever the caller prefers, an unknown
parameter refuses the write, and so does one without a value, which a search passes over: criteria that mean less than
they say would hit the wrong resource.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from fhir_server.rest.address import criteria_pairs
from fhir_server.rest.exchange import Services
from fhir_server.search.query import CONTROLS, GENERAL, Handling, Query, parse
from fhir_server.search.values import Surroundings
from fhir_server.store.write import Lookup
from profiles.definitions import resource_types
from profiles.issue import Issue

Resource = dict[str, Any]
Pairs = Sequence[tuple[str, str]]
_CONDITIONAL = re.compile(r"([A-Z][A-Za-z]{2,63})\?(.+)", re.ASCII | re.DOTALL)
_LITERAL = re.compile(r"([A-Z][A-Za-z]{2,63})/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
_HINT = re.compile(rb"""["'/]\s*[A-Z][A-Za-z]{2,63}\?""", re.ASCII)


def criteria(
    resource_type: str, given: Pairs, base: str, services: Services, interaction: str, where: str
) -> Query | tuple[Issue, ...]:
    """The criteria, or why they cannot be used: none at all, or one that cannot be searched by."""
    selecting = [pair for pair in given if pair[0].partition(":")[0] not in CONTROLS]
    if selecting and not all(text for name, text in selecting if name not in GENERAL):
        return (Issue("condition-valueless", where, details={"interaction": interaction}),)
    query = parse(resource_type, selecting, Surroundings(services.clock(), base), Handling.STRICT, services.limits)
    if not isinstance(query, Query):
        return tuple(Issue(issue.code, where, details=issue.details) for issue in query)
    if not query.conditions:
        return (Issue("condition-empty", where, details={"interaction": interaction}),)
    return query


def if_none_exist(
    header: str, resource_type: str, base: str, services: Services, where: str
) -> Query | tuple[Issue, ...]:
    """The criteria of a conditional create; `Patient?identifier=…` and `?identifier=…` are understood too."""
    text = header.strip().removeprefix(f"{resource_type}?").removeprefix("?")
    given = criteria_pairs(text)
    if isinstance(given, Issue):
        return (Issue(given.code, where),)
    return criteria(resource_type, given, base, services, "create", where)


# ---------------------------------------------------------------------------------------- references


def may_refer(body: bytes, base: str) -> bool:
    """Whether the bytes of a request may hold a conditional reference, or one that names this server, at all; most do
    not, and need no walk.
    """
    if b"?" in body and _HINT.search(body) is not None:
        return True
    return (base.encode() in body or b"\\/" in body) and _own(base).search(body) is not None


@lru_cache(maxsize=64)
def _own(base: str) -> re.Pattern[bytes]:
    """A reference to `[base]/…` in JSON, where a slash may be escaped, or in XML."""
    address = re.escape(base.encode()).replace(b"/", rb"\\?/")
    return re.compile(rb"""reference(?:"\s*:\s*"|\s+value\s*=\s*["'])""" + address + rb"\\?/")


class Referring(NamedTuple):
    """A resource with an address drawn for each conditional reference, and what each address stands for.

    A reference to a resource of this server is relative, however it was written: a search, a chain and an include
    follow it, and it holds its target (references.html#literal).
    """

    resource: Resource
    lookups: tuple[Lookup, ...]


def referring(resource: Resource, base: str, services: Services, where: str) -> Referring | tuple[Issue, ...]:
    """The resource ready to be written, or the references whose criteria cannot be used."""
    finder = _Finder(base, services, whole=resource.get("resourceType") == "Bundle")
    changed = finder.walk(resource, where)
    return tuple(finder.issues) or Referring(changed, tuple(finder.lookups.values()))


class _Finder:
    """`whole`: a Bundle that is stored, whose references are among its own entries and stay as they are."""

    def __init__(self, base: str, services: Services, *, whole: bool) -> None:
        self.base, self.services, self.whole = base, services, whole
        self.lookups: dict[str, Lookup] = {}
        self.issues: list[Issue] = []

    def walk(self, value: Any, where: str) -> Any:
        if isinstance(value, dict):
            return {name: self._member(name, child, f"{where}.{name}") for name, child in value.items()}
        if isinstance(value, list):
            return [self.walk(child, f"{where}[{position}]") for position, child in enumerate(value)]
        return value

    def _member(self, name: str, value: Any, where: str) -> Any:
        if name != "reference" or not isinstance(value, str):
            return self.walk(value, where)
        here = value.removeprefix(self.base + "/")
        if (
            here is not value
            and not self.whole
            and (named := _LITERAL.fullmatch(here))
            and named[1] in resource_types()
        ):
            return here
        found = _CONDITIONAL.fullmatch(here)
        if found is None or found[1] not in resource_types():
            return value
        return self._address(found[1], found[2], where)

    def _address(self, resource_type: str, text: str, where: str) -> str:
        known = self.lookups.get(f"{resource_type}?{text}")
        if known is not None:
            return known.address
        given = criteria_pairs(text)
        query: Query | tuple[Issue, ...] = (
            (Issue(given.code, where),)
            if isinstance(given, Issue)
            else criteria(resource_type, given, self.base, self.services, "reference", where)
        )
        address = f"{resource_type}/{self.services.new_id()}"
        if isinstance(query, Query):
            self.lookups[f"{resource_type}?{text}"] = Lookup(query, address, where)
        else:
            self.issues += query
        return address


def header_text(latin: str) -> str:
    """A header as the text it was meant to be: UTF-8 that was sent unescaped."""
    try:
        return latin.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return unquote_plus(latin)
