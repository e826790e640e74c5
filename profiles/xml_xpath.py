"""XPath 1.0 on an XML document, for tests that look into a resource: what is found, as texts.

Law: an element counts as its `value` attribute, as its source when it has none; a document or an expression that cannot
be read is `NotAnXPath`. The prefixes `fhir`, `f`, `xhtml` and `h` are known.
Sources: https://www.w3.org/TR/1999/REC-xpath-19991116/, http://hl7.org/fhir/R4/xml.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from profiles.issue import Issue
from profiles.xml_document import FHIR, XHTML, root

_PREFIXES = {"fhir": FHIR, "f": FHIR, "xhtml": XHTML, "h": XHTML}
_ABSOLUTE = re.compile(r"(?:^|[\s(,|=+<>\[])/")
_LIMIT = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class NotAnXPath:
    why: str


def select(data: bytes, path: str) -> tuple[str, ...] | NotAnXPath:
    """The values in document order; a number or a boolean of the expression is one value.

    A path that does not begin with `/` begins at the document: `fhir:Patient/fhir:id/@value`.
    """
    top = root(data, limit=_LIMIT)
    if isinstance(top, Issue):
        return NotAnXPath(top.text())
    try:
        found = _context(top, path).xpath(path, namespaces=_PREFIXES, smart_strings=False)
    except etree.XPathError as error:
        return NotAnXPath(f"the XPath {path!r} cannot be evaluated: {error}")
    if isinstance(found, list):
        return tuple(_text(one) for one in found)
    if isinstance(found, bool):
        return ("true" if found else "false",)
    if isinstance(found, float):
        return (f"{found:g}" if found != int(found) else str(int(found)),) if found == found else ("NaN",)
    return (str(found),)


def _context(top: etree._Element, path: str) -> etree._ElementTree | etree._Element:
    """The document; for a relative path an element around it, because the document node is no context in libxml2."""
    if _ABSOLUTE.search(path):
        return top.getroottree()
    around = etree.Element("document")
    around.append(top)
    return around


def _text(found: object) -> str:
    if isinstance(found, etree._Element):
        value = found.get("value")
        return str(value) if value is not None else etree.tostring(found, encoding="unicode", with_tail=False)
    return str(found)
