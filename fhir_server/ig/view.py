"""How a page looks at the guide: in which language, and by which way its links lead up and on.

Law: links are relative, so that the pages work below any address; a language that was asked for goes along.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.ig import links
from fhir_server.ig.guide import Artefact, Guide, Language, text_of
from fhir_server.ig.texts import texts


@dataclass(frozen=True, slots=True)
class View:
    """`chosen` is the language of the address (`?lang=`), empty where the browser's preference decides."""

    guide: Guide
    place: str
    language: Language
    chosen: str = ""

    @property
    def up(self) -> str:
        """The way from this page to `/ig/`."""
        return "../" * self.place.count("/") or "./"

    def link(self, place: str = "", anchor: str = "") -> str:
        """The address of a page of ours."""
        asked = f"?lang={self.chosen}" if self.chosen else ""
        return f"{self.up}{place}{asked}{'#' + anchor if anchor else ''}"

    def file(self, name: str) -> str:
        """The address of a file, which has no language."""
        return self.up + name

    def switch(self, language: Language) -> str:
        return f"{self.up}{self.place}?lang={language}"

    def canonical(self, url: str) -> str:
        """The page of a definition; empty where there is none."""
        own = self.guide.by_url.get(url.partition("|")[0])
        return self.link(own.place) if own is not None else links.of_canonical(url, self.guide, self.up)

    def any_address(self, value: str) -> str:
        """The page of a text of a resource that is the address of something, or a reference to an example."""
        own = self.guide.by_url.get(value.partition("|")[0]) or self.guide.by_place.get(value)
        return self.link(own.place) if own is not None else ""

    def label(self, url: str) -> str:
        own = self.guide.by_url.get(url.partition("|")[0])
        return own.id if own is not None else links.short(url)

    def title_of(self, url: str) -> str:
        own = self.guide.by_url.get(url.partition("|")[0])
        return own.title(self.language) if own is not None else ""

    def type(self, name: str) -> str:
        return links.of_type(name)

    def text(self, element: Any, name: str) -> str:
        return text_of(element, name, self.language)

    def word(self, key: str) -> str:
        return texts(self.language)[key]

    def example_title(self, artefact: Artefact) -> str:
        return self.guide.texts.get(artefact.place, ("", ""))[0] or artefact.id

    def example_text(self, artefact: Artefact) -> str:
        return self.guide.texts.get(artefact.place, ("", ""))[1]
