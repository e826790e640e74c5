"""What a profile says about the parts of a narrative: where each comes from, and in which languages they are.

Law: the extensions `narrative-source-control` and `narrative-language-control` on the element of a profile that holds a
Narrative; `_no`, `_yes`, `_resource` (the language of the resource) or a language code. A part without source is an
error at every level of the extension, as in the reference implementation.
Source: http://hl7.org/fhir/extensions/StructureDefinition-narrative-language-control.html, -source-control.html.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from profiles.definitions import STRUCTURES
from profiles.validator.finding import Finding, Findings
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.xml_narrative import Narrative, read

Json = dict[str, Any]
_SOURCES = frozenset({"generated", "boilerplate", "original"})


def narrative_question(element: Json) -> Callable[[Item, Place], Findings | None] | None:
    """The question of an element about its Narrative, if it has one."""
    levels = list(_said(element, "narrative-source-control"))
    languages = list(_said(element, "narrative-language-control"))
    if not levels and not languages:
        return None

    def ask(item: Item, place: Place) -> Findings | None:
        text = item.value.get("div") if type(item.value) is dict else None
        if type(text) is not str:
            return None
        found = read(text)
        codes = list(_sources(found)) if levels else []
        codes += [code for wanted in languages for code in _languages(wanted, found, place)]
        return [Finding("", code) for code in codes] or None

    return ask


def _said(element: Json, name: str) -> Iterator[str]:
    for extension in element.get("extension", ()):
        if extension.get("url") == STRUCTURES + name:
            yield from (value for key, value in extension.items() if key.startswith("value"))


def _sources(found: Narrative) -> Iterator[str]:
    for _, classes, _, readable in found.sections:
        if readable and _SOURCES.isdisjoint(classes.split()):
            yield "narrative-source"


def _languages(wanted: str, found: Narrative, place: Place) -> Iterator[str]:
    given = {language for name, _, language, _ in found.sections if name == "div" and language}
    if wanted in ("_no", "_yes"):
        if bool(given) != (wanted == "_yes"):
            yield "narrative-sections"
        return
    language = place.resource.get("language") if wanted == "_resource" else wanted
    if not given or language is None:
        yield "narrative-sections-missing"
    elif language not in given:
        yield "narrative-sections"
