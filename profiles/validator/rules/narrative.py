"""Narrative: each fault of the XHTML by name, links inside of the resource, and its language.

Law: the text is read once (`profiles.xml_narrative`); what breaks txt-1 is named here as well, so that it can be found.
Sources: http://hl7.org/fhir/R4/narrative.html#xhtml, #id (links by id), languages.html#resource.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place
from profiles.xml_narrative import Narrative, read

Json = dict[str, Any]


_SOME_CONTENT = "The narrative SHALL have some non-whitespace content"


def readable(narrative: Json, place: Place) -> Iterable[Issue]:
    """What is wrong with the `div`."""
    text = narrative.get("div")
    if text is None:
        return ()
    found = read(text)
    if not found.readable and not found.unfit:  # rule txt-2
        return (place.issue("invariant-failed", ".div", key="txt-2", rule=_SOME_CONTENT),)
    return _faults(found, place) if found.faults or found.fragments or len(found.ids) > 1 else ()


def _faults(found: Narrative, place: Place) -> Iterator[Issue]:
    for fault in found.faults:
        details = {"element": _shown(fault.element), "name": _shown(fault.name)}
        yield place.issue(fault.code, ".div", **details)
    if any(count > 1 for count in Counter(found.ids).values()):
        yield place.issue("narrative-id-repeated", ".div")
    if found.fragments:
        known = {*found.ids, *ids_below(place.container or place.resource)}
        missing = [fragment for fragment in found.fragments if fragment not in known]
        if missing and place.bundle is not None:
            known.update(ids_below(place.bundle.bundle))
        if any(fragment not in known for fragment in missing):
            yield place.issue("narrative-fragment", ".div")


def _shown(name: str) -> str:
    """A name that somebody else wrote, only where it is a name."""
    return name if name.isascii() and len(name) <= 32 and name.replace("#", "").replace(":", "").isalnum() else "?"


def ids_below(value: Any) -> Iterator[str]:
    """Every id below a value, those of narratives included."""
    waiting: list[Any] = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is list:
            waiting.extend(value)
        elif type(value) is dict:
            if type(value.get("id")) is str:
                yield value["id"]
            if type(value.get("div")) is str:
                yield from read(value["div"]).ids
            waiting.extend(child for child in value.values() if type(child) is dict or type(child) is list)


def in_its_language(resource: Json, place: Place) -> Iterable[Issue]:
    """The language of a resource is that of its narrative."""
    if "language" not in resource or "text" not in resource:
        return ()
    text, language = resource["text"].get("div"), resource["language"]
    return _languages(read(text), language, place) if type(text) is str else ()


def _languages(found: Narrative, language: str, place: Place) -> Iterator[Issue]:
    html, xml = found.language
    if html is None and xml is None:
        sections = [section for section in found.sections if section[3]]
        if sections and all(name == "div" and lang for name, _, lang, _ in sections):
            html = xml = sections[0][2]
    if html is None or xml is None:
        yield place.issue("narrative-language-missing", ".text.div")
    if any(said is not None and said != language for said in (html, xml)):
        yield place.issue("narrative-language-differs", ".text.div")
