"""Where terminology operations find definitions: given inline, in our own store, in our guide, in what R4 brings along.

The caller sees the stored ones his scope allows. A stored definition with the URL of one of R4 takes its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

import profiles
from fhir_server.operations.parameters import Inputs
from fhir_server.operations.stored import stored
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.search.query import Query, parse
from fhir_server.search.run import Found, Page, run
from fhir_server.search.values import Surroundings
from fhir_server.store.body import parse as parse_body
from profiles.code_system import System, loaded
from profiles.definitions import value_set
from profiles.expansion import Sources
from profiles.issue import Issue
from profiles.registry import OWN

Json = dict[str, Any]
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Library:
    """Definitions by canonical URL within one read of the store; `inline` ones come first, `found` are asked once."""

    connection: Connection
    call: Call
    services: Services
    inline: tuple[Json, ...] = ()
    found: dict[tuple[str, str], list[Json]] = field(default_factory=dict)

    @property
    def sources(self) -> Sources:
        return Sources(self.code_system, self.value_set)

    def code_system(self, url: str, version: str = "") -> System | None:
        """The code system when its content is here."""
        given = [each for each in self.inline if each["resourceType"] == "CodeSystem" and each.get("url") == url]
        for definition in (*given, *self._stored("CodeSystem", url)):
            if _fits(definition, version) and definition.get("content") not in ("not-present", "supplement"):
                return loaded(definition) if definition in given else _loaded(_named(definition), definition)
        own = OWN.terminology.system(url)
        return own if own is not None and _fits(own.definition, version) else None

    def value_set(self, url: str, version: str = "") -> Json | None:
        """The value set; a code system says which URL stands for all its codes (CodeSystem.valueSet)."""
        given = [each for each in self.inline if each["resourceType"] == "ValueSet" and each.get("url") == url]
        for definition in (*given, *self._stored("ValueSet", url)):
            if _fits(definition, version):
                return definition
        own = OWN.canonical(url, "ValueSet") or value_set(url)
        return own if own is not None and _fits(own, version) else self._implicit(url)

    def _implicit(self, url: str) -> Json | None:
        systems = self.search("CodeSystem", ())
        whole = next((each for each in systems if each.get("valueSet", "").partition("|")[0] == url), None)
        if whole is None:
            return None
        return {"resourceType": "ValueSet", "url": url, "compose": {"include": [{"system": whole["url"]}]}}

    def concept_map(self, url: str, version: str = "") -> Json | None:
        """The concept map."""
        given = [each for each in self.inline if each["resourceType"] == "ConceptMap" and each.get("url") == url]
        own = OWN.canonical(url, "ConceptMap")
        found = (*given, *self._stored("ConceptMap", url), *(() if own is None else (own,)))
        return next((each for each in found if _fits(each, version)), None)

    def _stored(self, kind: str, url: str) -> list[Json]:
        """Those of the store with this URL, the newest version first."""
        if not url or re.search(r"[\s|]", url):
            return []
        known = self.found.get((kind, url))
        if known is None:
            escaped = re.sub(r"([\\,$])", r"\\\1", url)
            rows = self.search(kind, (("url", escaped),))
            known = self.found[kind, url] = sorted(rows, key=_newest, reverse=True)
        return known

    def search(self, kind: str, pairs: Sequence[tuple[str, str]]) -> list[Json]:
        around = Surroundings(self.services.clock(), self.call.base)
        limits = replace(self.services.limits, page=_MOST, page_most=_MOST)
        query = parse(kind, [*pairs, ("_total", "none")], around, limits=limits)
        assert isinstance(query, Query), query
        page = run(query, self.call.caller.scope, self.connection, self.services.cursor_key)
        assert isinstance(page, Page), page
        return [_definition(each) for each in page.matches]


@lru_cache(maxsize=256)
def _definition(found: Found) -> Json:
    return parse_body(found.body)


_SYSTEMS: dict[tuple[str, str, str], System] = {}


def _named(definition: Json) -> tuple[str, str, str]:
    meta = definition["meta"]
    return definition["id"], meta["versionId"], meta["lastUpdated"]


def _loaded(name: tuple[str, str, str], definition: Json) -> System:
    """The System of a stored version, which never changes: the last few are kept."""
    found = _SYSTEMS.get(name)
    if found is None:
        if len(_SYSTEMS) >= 32:
            _SYSTEMS.clear()
        found = _SYSTEMS[name] = loaded(definition)
    return found


def _fits(definition: Any, version: str) -> bool:
    return not version or not definition.get("version") or definition["version"] == version


def _newest(definition: Json) -> tuple[list[tuple[int, str]], str]:
    parts = re.findall(r"\d+|\D+", str(definition.get("version", "")))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts], definition["meta"]["lastUpdated"]


def inline_issues(resources: Iterable[Json]) -> tuple[Issue, ...]:
    """What stands against resources that came with the call."""
    return tuple(issue for resource in resources for issue in profiles.validate(resource) if issue.refuses)


def chosen(
    kind: str, name: str, given: Inputs, call: Call, services: Services, *, urls: str = "url"
) -> Json | str | Answer | None:
    """What an operation is about: the instance of the address, a resource given inline, or a canonical URL.

    `name` is the parameter for the inline resource, `urls` the one for the URL. None when nothing was given.
    """
    named = given.given(name, urls)
    if call.id and named:
        return refused("operation-parameter-unsupported", named[0], name=named[0])
    if len(named) > 1:
        return refused("operation-parameter-conflict", name, names=f"{urls}, {name}")
    if call.id:
        row = stored(call, services)
        return row if isinstance(row, Answer) else parse_body(row.body)
    inline = given.one(name)
    if inline is not None:
        issues = inline_issues((inline,))
        return refusal(*issues) if issues else inline
    url: str | None = given.one(urls)
    return url
