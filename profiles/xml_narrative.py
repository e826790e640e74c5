"""What a narrative may hold: the rules txt-1 and txt-2, which `htmlChecks()` stands for, and what HTML itself asks.

Law: well-formed XML whose root is a `div` of XHTML, with the elements and attributes of basic formatting only, and
something to read in it: text or an image. It is read once; nothing is resolved or fetched.
Sources: http://hl7.org/fhir/R4/narrative.html#xhtml; HTML 4.01 chapters 7 to 11 and 15 (what may stand in what).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html.entities import html5
from typing import Any
from xml.parsers import expat

XHTML = "http://www.w3.org/1999/xhtml"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _words(
    "p br div h1 h2 h3 h4 h5 h6 a span ul ol li dl dt dd img table caption colgroup col thead tr "
    "th td tfoot tbody map area hr b i em strong dfn code samp kbd var cite abbr acronym "
    "blockquote q sub sup small big tt pre address bdo del ins label legend u s strike center "
    "font section article"
)
_EVERYWHERE = frozenset({"title", "style", "class", "id", "lang", "xml:lang", "dir", "accesskey", "tabindex", "xmlns"})
_ATTRIBUTES: dict[str, frozenset[str]] = {
    "a": _words("charset type name href hreflang rel rev shape coords target"),
    "img": _words("src alt longdesc height width usemap ismap align border"),
    "table": _words("summary width border frame rules cellspacing cellpadding align bgcolor"),
    **dict.fromkeys(
        ("tr", "th", "td", "thead", "tbody", "tfoot", "col", "colgroup"),
        _words("align valign char charoff colspan rowspan span abbr axis headers scope width bgcolor nowrap"),
    ),
    **dict.fromkeys(("q", "blockquote", "ins", "del"), frozenset({"cite", "datetime"})),
    "ol": frozenset({"type", "start"}),
    "ul": frozenset({"type"}),
    "li": frozenset({"value"}),
    "area": _words("shape coords href nohref alt"),
    "map": frozenset({"name"}),
    "font": frozenset({"color", "face", "size"}),
}
_ENTITIES = frozenset(name.removesuffix(";") for name in html5 if name.endswith(";"))
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)\s*:")
_ACTIVE = frozenset({"javascript", "vbscript"})
# They name a thing and lead nowhere: a browser can do nothing with them.
_NOT_LINKS = frozenset({"urn", "cid"})
# The characters of a URL (RFC 3986), and letters of other scripts as in an IRI.
_URL = re.compile(r"[\w;?:@&=+$.,/%~#\[\]!'()*|-]+")
_DATA = re.compile(r"data:[^,]*,[^,]*", re.DOTALL)

# ------------------------------------------------------------------------------------------- what stands in what

_BLOCKS = _words("div pre table ul ol")
_TEXT_ONLY = _words("p h1 h2 h3 h4 h5 h6 pre address span caption dd dt")
_NOT_IN_ITSELF = _words("a b em i strong small big sub sup code tt dfn q var abbr acronym cite bdo kbd samp")
_NO_BLOCKS = _TEXT_ONLY | _NOT_IN_ITSELF
_BLOCKS_IN_P = _words("div blockquote table ol ul p")
_EMPTY = _words("br img hr area")
_PARENTS: dict[str, frozenset[str]] = {
    "tr": _words("table thead tfoot tbody"),
    **dict.fromkeys(("tbody", "thead", "tfoot", "caption", "colgroup"), _words("table")),
    "col": _words("colgroup table"),
    **dict.fromkeys(("td", "th"), _words("tr thead tfoot")),
    "li": _words("ul ol"),
    **dict.fromkeys(("dd", "dt"), _words("dl")),
}
_CHILDREN: dict[str, frozenset[str]] = {
    "table": _words("tbody tr caption thead tfoot col colgroup"),
    "tr": _words("td th"),
    **dict.fromkeys(("tbody", "thead", "tfoot"), _words("tr")),
    **dict.fromkeys(("ul", "ol"), _words("li")),
    "dl": _words("dd dt"),
    "map": _words("area"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Something a narrative may not hold: an issue code, and the names of the element and the attribute."""

    code: str
    element: str = ""
    name: str = ""


@dataclass(slots=True)
class Narrative:
    """What was read of the text of a `div`. `sections`: (name, class, xml:lang, has text) of what is right below it."""

    readable: bool = False
    unfit: bool = False
    """It breaks txt-1: not well-formed, or with something in it that is not basic formatting."""
    faults: list[Fault] = field(default_factory=list)
    language: tuple[str | None, str | None] = (None, None)
    fragments: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    sections: list[tuple[str, str, str | None, bool]] = field(default_factory=list)


@lru_cache(maxsize=4)  # several rules of R4 ask about one text
def read(text: str) -> Narrative:
    """What the text of a `div` holds, and every fault in it."""
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.characters
    parser.StartDoctypeDeclHandler = parser.ProcessingInstructionHandler = reading.refuse
    parser.EntityDeclHandler = reading.refuse
    try:
        parser.Parse(_ENTITY.sub(reading.entity, text) if "&" in text else text, True)
    except expat.ExpatError:
        reading.unfit("narrative-malformed")
    return reading.narrative


def is_narrative(text: str) -> bool:
    """Whether the text of a `div` keeps the rules txt-1 and txt-2."""
    narrative = read(text)
    return narrative.readable and not narrative.unfit


class _Reading:
    """One pass over a narrative."""

    def __init__(self) -> None:
        self.narrative = Narrative()
        self._path: list[str] = []

    def unfit(self, code: str, element: str = "", name: str = "") -> None:
        self.narrative.unfit = True
        self._fault(code, element, name)

    def _fault(self, code: str, element: str = "", name: str = "") -> None:
        fault = Fault(code, element, name)
        if fault not in self.narrative.faults and len(self.narrative.faults) < 100:
            self.narrative.faults.append(fault)

    def start(self, raw: str, attributes: dict[str, str]) -> None:
        prefix, _, name = raw.rpartition(":")
        namespace = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns")
        if self._path:
            if namespace not in (None, XHTML):
                self.unfit("narrative-namespace")
            self._placed(name)
            if len(self._path) == 1:
                section = (name, attributes.get("class", ""), attributes.get("xml:lang"), False)
                self.narrative.sections.append(section)
        elif name != "div" or namespace != XHTML:
            self.unfit("narrative-namespace" if name == "div" else "narrative-root")
        else:
            self.narrative.language = (attributes.get("lang"), attributes.get("xml:lang"))
        if name not in ELEMENTS:
            self.unfit("narrative-element", name)
        if attributes:
            self._described(name, attributes)
        self._path.append(name)
        if name == "img":
            self._seen()

    def end(self, _: str) -> None:
        self._path.pop()

    def characters(self, text: str) -> None:
        if text.isspace():
            return
        self._seen()
        if self._path[-1] in _CHILDREN:
            self._fault("narrative-nesting", "#text", self._path[-1])

    def entity(self, match: re.Match[str]) -> str:
        """XML knows five names only: "there is no support for HTML entities"."""
        name = match.group(1)
        if name in _XML_ENTITIES or name not in _ENTITIES:
            return match.group()
        self.unfit("narrative-entity", name=name)
        return html5[name + ";"]

    def refuse(self, *_: Any) -> None:
        self.unfit("narrative-markup")

    def _seen(self) -> None:
        """Something to read."""
        self.narrative.readable = True
        sections = self.narrative.sections
        if len(self._path) == 1:
            sections.append(("#text", "", None, True))
        elif sections and not sections[-1][3]:
            sections[-1] = (*sections[-1][:3], True)

    def _placed(self, name: str) -> None:
        """Whether an element may stand where it does."""
        parent = self._path[-1]
        allowed, parents = _CHILDREN.get(parent), _PARENTS.get(name)
        if parent in _EMPTY or (allowed and name not in allowed) or (parents and parent not in parents):
            self._fault("narrative-nesting", name, parent)
        if name in _NOT_IN_ITSELF and name in self._path:
            self._fault("narrative-nesting", name, name)
        if name in _BLOCKS and not _NO_BLOCKS.isdisjoint(self._path):
            self._fault("narrative-nesting", name, next(each for each in self._path if each in _NO_BLOCKS))
        elif name in _BLOCKS_IN_P and "p" in self._path:
            self._fault("narrative-nesting", name, "p")

    def _described(self, name: str, attributes: dict[str, str]) -> None:
        allowed = _ATTRIBUTES.get(name, frozenset())
        for key, value in attributes.items():
            if key not in _EVERYWHERE and key not in allowed and key != "xml:space" and not key.startswith("xmlns:"):
                self.unfit("narrative-attribute", name, key)
            elif key in ("href", "src"):
                self._linked(name, key, value)
            elif key == "id" or (name == "a" and key == "name" and value != attributes.get("id")):
                self.narrative.ids.append(value)

    def _linked(self, name: str, key: str, value: str) -> None:
        """An address: nothing active, nothing that leads nowhere, no characters that no address has."""
        match = _SCHEME.match(value)
        scheme = match.group(1).lower() if match else ""
        if scheme in _ACTIVE:
            self.unfit("narrative-link-active", name, key)
        elif scheme == "data":
            if not _DATA.fullmatch(value):
                self._fault("narrative-link-invalid", name, key)
        elif scheme in _NOT_LINKS and key == "href":
            self._fault("narrative-link-scheme", name, key)
        elif not _URL.fullmatch(value):
            self._fault("narrative-link-invalid", name, key)
        elif value[0] == "#" and len(value) > 1:
            self.narrative.fragments.append(value[1:])
