"""The one place where XML is parsed: no DOCTYPE, no entities, no network, bounded in size and depth.

Law: only UTF-8 (or ASCII) is read; a refusal is an Issue with line and column, never an exception, without content.
Sources: http://hl7.org/fhir/R4/xml.html ("security" of entities), OWASP XML External Entity Prevention.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from types import MappingProxyType
from xml.parsers import expat

from lxml import etree

from profiles.issue import Issue

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

_DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_READ = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def root(data: bytes, *, limit: int) -> etree._Element | Issue:
    """The root element of the document in `data`, or why it is not read."""
    if len(data) > limit:
        return Issue("body-too-large", details=MappingProxyType({"limit": str(limit)}))
    data = data.removeprefix(_BYTE_ORDER_MARK)
    # Upper case is the only spelling XML knows; inside of a comment nobody needs it.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        return Issue("xml-doctype")
    declared = _DECLARED.match(data)
    if declared and declared[1].lower() not in _READ:
        return Issue("xml-encoding")
    try:
        return etree.fromstring(data, parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        return _malformed(error)


def parser() -> etree.XMLParser:
    """A new hardened parser (one must not be shared by threads)."""
    return etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _malformed(error: Exception) -> Issue:
    line, column = getattr(error, "position", None) or (0, 0)
    # The message of libxml2 quotes the document; the name of its kind does not.
    last = getattr(error, "error_log", None) and error.error_log.last_error  # type: ignore[attr-defined]
    why = last.type_name.removeprefix("ERR_").replace("_", " ").lower() if last else "not XML"
    place = f"line {line}, column {column}" if line else ""
    return Issue("xml-malformed", location=place, details=MappingProxyType({"why": why}))


def divisions(data: bytes) -> list[bytes]:
    """The source of every outermost XHTML element, in document order; empty where it cannot be cut out."""
    data = data.removeprefix(_BYTE_ORDER_MARK)
    found: list[bytes] = []
    open_at: list[int] = []
    reader = expat.ParserCreate("utf-8", " ")

    def start(name: str, _attributes: dict[str, str]) -> None:
        if open_at or name.startswith(XHTML + " "):
            open_at.append(reader.CurrentByteIndex)

    def end(_name: str) -> None:
        if not open_at:
            return
        begun, at = open_at.pop(), reader.CurrentByteIndex
        if not open_at:
            found.append(data[begun : data.index(b">", at) + 1] if at > begun else b"")

    reader.StartElementHandler, reader.EndElementHandler = start, end
    _run(reader, data)
    return found


def positions(data: bytes) -> Sequence[tuple[int, int]]:
    """Line and column (both from 1) of every start tag, in document order; of a document `root` has read."""
    found: list[tuple[int, int]] = []
    reader = expat.ParserCreate("utf-8")

    def start(_name: str, _attributes: dict[str, str]) -> None:
        found.append((reader.CurrentLineNumber, reader.CurrentColumnNumber + 1))

    reader.StartElementHandler = start
    _run(reader, data.removeprefix(_BYTE_ORDER_MARK))
    return found


def _run(reader: expat.XMLParserType, data: bytes) -> None:
    """Where the two parsers differ about some oddity, what was found so far holds."""
    with suppress(expat.ExpatError):
        reader.Parse(data, True)
