"""A code system and its concepts, as terminology operations see them (FHIR R4 codesystem.html).

Made from a CodeSystem resource of any origin: concepts by code, parents and children from nesting and from the `parent`
and `child` properties. Pure; what is handed out must not be changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
_HIDDEN = ("notSelectable", "abstract")
_ENDED = frozenset({"retired", "inactive"})


GROWING = frozenset({"http://terminology.hl7.org/CodeSystem/hl7-work-group"})
"""Systems that R4 calls complete and that nobody holds to it: each year has its work groups."""


@dataclass(frozen=True, slots=True)
class System:
    """`folded` finds a code where case need not count; `complete` is false for a fragment or an example."""

    url: str
    definition: Json
    concepts: Mapping[str, Json]
    children: Mapping[str, tuple[str, ...]]
    parents: Mapping[str, tuple[str, ...]]
    folded: Mapping[str, str]
    complete: bool

    @property
    def version(self) -> str:
        return str(self.definition.get("version", ""))

    def find(self, code: str) -> Json | None:
        """The concept; by any case unless the system says that case counts (CodeSystem.caseSensitive, comments)."""
        found = self.concepts.get(code)
        if found is None and self.folded:
            found = self.concepts.get(self.folded.get(code.casefold(), ""))
        return found

    def below(self, code: str) -> frozenset[str]:
        """Every descendant of `code`, without itself."""
        return _closure(code, self.children)

    def above(self, code: str) -> frozenset[str]:
        """Every ancestor of `code`, without itself."""
        return _closure(code, self.parents)


def _closure(code: str, steps: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(steps.get(code, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(steps.get(one, ()))
    return frozenset(found)


def loaded(definition: Json) -> System:
    """A CodeSystem resource as a System."""
    concepts: dict[str, Json] = {}
    edges: dict[tuple[str, str], None] = {}
    for parent, concept in _walk(definition.get("concept", ())):
        code = concept["code"]
        concepts[code] = concept
        if parent is not None:
            edges[parent, code] = None
        for entry in concept.get("property", ()):
            if entry.get("code") == "child" and "valueCode" in entry:
                edges[code, entry["valueCode"]] = None
            elif entry.get("code") == "parent" and "valueCode" in entry:
                edges[entry["valueCode"], code] = None
    children: dict[str, list[str]] = {}
    parents: dict[str, list[str]] = {}
    for parent, child in edges:
        children.setdefault(parent, []).append(child)
        parents.setdefault(child, []).append(parent)
    return System(
        definition["url"],
        definition,
        concepts,
        {code: tuple(codes) for code, codes in children.items()},
        {code: tuple(codes) for code, codes in parents.items()},
        {} if definition.get("caseSensitive") is True else {code.casefold(): code for code in concepts},
        definition.get("content") == "complete" and bool(concepts) and definition["url"] not in GROWING,
    )


def _walk(listed: Any) -> Iterator[tuple[str | None, Json]]:
    waiting: list[tuple[str | None, Json]] = [(None, concept) for concept in reversed(listed)]
    while waiting:
        parent, concept = waiting.pop()
        yield parent, concept
        waiting += [(concept["code"], child) for child in reversed(concept.get("concept", ()))]


def concepts(definition: Json) -> Iterator[Json]:
    """Every concept of a CodeSystem resource, however deep."""
    return (concept for _, concept in _walk(definition.get("concept", ())))


def property_values(concept: Json, name: str) -> list[str]:
    """The values of a property as texts: `true`, `12`, a code; those of a Coding by its code."""
    return [_text(entry) for entry in concept.get("property", ()) if entry.get("code") == name]


def _text(entry: Json) -> str:
    value = next((entry[key] for key in entry if key.startswith("value")), "")
    if isinstance(value, Mapping):
        value = value.get("code", "")
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_abstract(concept: Json) -> bool:
    """Whether the concept only groups others and is not meant to be used."""
    return any("true" in property_values(concept, name) for name in _HIDDEN)


def is_inactive(concept: Json) -> bool:
    """Whether the concept is no longer in use (concept-properties `inactive`, `status`)."""
    return "true" in property_values(concept, "inactive") or not _ENDED.isdisjoint(property_values(concept, "status"))


def display_of(concept: Json, language: str = "") -> str:
    """The display in a language when there is a designation in it, else the display, else ''."""
    if language:
        wanted = language.casefold()
        for designation in concept.get("designation", ()):
            found = designation.get("language", "").casefold()
            if found == wanted or found.startswith(wanted + "-"):
                return str(designation["value"])
    return str(concept.get("display", ""))


def names_of(concept: Json) -> list[str]:
    """Every text that names the concept."""
    listed = [concept.get("display", ""), *(each.get("value", "") for each in concept.get("designation", ()))]
    return [text for text in listed if text]
