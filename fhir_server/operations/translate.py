"""ConceptMap/$translate: from a code to those of another system (FHIR R4 conceptmap-operation-translate.html).

The map is the instance, given inline or by URL; without one, every stored map between the named value sets or systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fhir_server.operations.asked_codings import Asked, asked_codings
from fhir_server.operations.parameters import Inputs, answered, group, inputs, parameter
from fhir_server.operations.terminology_sources import Library, chosen
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from profiles.issue import Issue

Map = Mapping[str, Any]
_NO_MATCH = frozenset({"unmatched", "disjoint"})
_MOST_MAPS = 20
"""Maps that one code may be passed on through."""
_REVERSED = MappingProxyType(
    {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}
)


@dataclass(frozen=True, slots=True)
class Match:
    """One target; `code` is '' for a row that says there is none. A product is (element, system, code, display)."""

    equivalence: str
    system: str
    code: str
    display: str
    version: str
    products: tuple[tuple[str, str, str, str], ...]
    source: str


def translate(call: Call, services: Services) -> Answer:
    """200 with `result`, `message` and every `match`."""
    given = inputs(call, services, "ConceptMap-translate")
    if not isinstance(given, Inputs):
        return refusal(*given)
    if given.given("dependency"):
        return refused("operation-parameter-unsupported", "dependency", name="dependency")
    codings = asked_codings(given)
    if isinstance(codings, Issue):
        return refusal(codings)
    about = chosen("ConceptMap", "conceptMap", given, call, services)
    if isinstance(about, Answer):
        return about
    with services.database.read() as connection:
        library = Library(connection, call, services, (about,) if isinstance(about, dict) else ())
        maps = _maps(about, given, library)
        if isinstance(about, str) and not maps:
            return refused("terminology-not-found", "url", type="ConceptMap", url=about)
        found = [match for one in maps for coding in codings for match in _matches(one, coding, given, library, set())]
    return _answer(list(dict.fromkeys(found)))


def _answer(found: list[Match]) -> Answer:
    holds = any(match.equivalence not in _NO_MATCH and match.code for match in found)
    return answered(
        parameter("result", "boolean", holds),
        None if holds else parameter("message", "string", "No translation was found"),
        *(_shown(match) for match in found),
    )


def _maps(about: Any, given: Inputs, library: Library) -> Sequence[Map]:
    if isinstance(about, dict):
        return [about]
    if isinstance(about, str):
        url, _, version = about.partition("|")
        found = library.concept_map(url, given.one("conceptMapVersion") or version)
        return [] if found is None else [found]
    wanted = (("source", given.one("source")), ("target", given.one("target")))
    if given.one("reverse"):
        wanted = (("target", given.one("source")), ("source", given.one("target")))
    return [
        each
        for each in library.search("ConceptMap", ())
        if all(url is None or url in (each.get(f"{side}Uri"), each.get(f"{side}Canonical")) for side, url in wanted)
    ]


def _matches(one: Map, coding: Asked, given: Inputs, library: Library, seen: set[str]) -> Iterator[Match]:
    """The targets of a coding in one map; `seen` are the maps it was passed on to."""
    backwards = bool(given.one("reverse"))
    target = given.one("targetsystem")
    for part in one.get("group", ()):
        here, there = ("target", "source") if backwards else ("source", "target")
        if part.get(here, coding.system) != coding.system or (target and part.get(there, target) != target):
            continue
        if backwards:
            yield from _backwards(one, part, coding)
        else:
            yield from _forwards(one, part, coding, given, library, seen)


def _backwards(one: Map, part: Map, coding: Asked) -> Iterator[Match]:
    for element in part.get("element", ()):
        for row in element.get("target", ()):
            if row.get("code") == coding.code and "code" in element:
                equivalence = _REVERSED.get(row["equivalence"], row["equivalence"])
                yield _match(one, equivalence, part.get("source", ""), element, part.get("sourceVersion", ""), ())


def _forwards(one: Map, part: Map, coding: Asked, given: Inputs, library: Library, seen: set[str]) -> Iterator[Match]:
    rows = [row for element in part.get("element", ()) if element.get("code") == coding.code for row in _rows(element)]
    version = part.get("targetVersion", "")
    for row in rows:
        if not row.get("dependsOn"):  # holds only together with other elements, and none were given
            yield _match(one, row["equivalence"], part.get("target", ""), row, version, tuple(row.get("product", ())))
    if not rows and "unmapped" in part:
        yield from _unmapped(one, part, coding, given, library, seen)


def _rows(element: Map) -> Iterable[Map]:
    """The targets of an element; one without any says that there is none."""
    return element.get("target") or ({"equivalence": "unmatched"},)


def _unmapped(one: Map, part: Map, coding: Asked, given: Inputs, library: Library, seen: set[str]) -> Iterator[Match]:
    """What stands for codes the group does not name (ConceptMap.group.unmapped)."""
    rule, target = part["unmapped"], part.get("target", "")
    match rule.get("mode"):
        case "provided":
            yield _match(one, "equivalent", target, {"code": coding.code, "display": coding.display}, "", ())
        case "fixed":
            yield _match(one, "wider", target, rule, "", ())
        case "other-map":
            url = rule.get("url", "")
            if url in seen or len(seen) >= _MOST_MAPS:
                return
            seen.add(url)
            other = library.concept_map(*url.split("|")[:2])
            if other is not None:
                yield from _matches(other, coding, given, library, seen)


def _match(one: Map, equivalence: str, system: str, row: Map, version: str, products: tuple[Map, ...]) -> Match:
    others = tuple((p["property"], p.get("system", ""), p["value"], p.get("display", "")) for p in products)
    return Match(equivalence, system, row.get("code", ""), row.get("display", ""), version, others, one.get("url", ""))


def _shown(match: Match) -> dict[str, Any]:
    coding = {"system": match.system, "version": match.version, "code": match.code, "display": match.display}
    coding = {name: text for name, text in coding.items() if text}
    return group(
        "match",
        parameter("equivalence", "code", match.equivalence),
        parameter("concept", "Coding", coding) if match.code else None,
        *(_product(each) for each in match.products),
        parameter("source", "uri", match.source) if match.source else None,
    )


def _product(each: tuple[str, str, str, str]) -> dict[str, Any]:
    element, *coding = each
    concept = {name: text for name, text in zip(("system", "code", "display"), coding, strict=True) if text}
    return group("product", parameter("element", "uri", element), parameter("concept", "Coding", concept))
