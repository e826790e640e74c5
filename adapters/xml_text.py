"""The text of an XML message: the character set by the rules of `adapters.charset`, the tree by the hardened reader.

What the XML declaration says takes the place of MSH-18; bytes that contradict it win, with an issue. Nothing but the
tree comes out: no DOCTYPE, no entities, bounded size and depth. Sources: XML 1.0 4.3.3, OWASP XXE Prevention.
"""

from __future__ import annotations

import re
from dataclasses import replace

from lxml import etree

from adapters import charset
from adapters.charset import Decoded
from profiles import xml_input
from profiles.issue import Issue

LIMIT = 64 * 1024 * 1024
_HEAD = re.compile(r"\s*<\?xml[^>]{0,200}?\?>")
_NAMED = re.compile(r"""\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def decode(raw: bytes) -> Decoded:
    """The text without byte order mark and XML declaration; without a declaration XML is UTF-8."""
    raw = raw.lstrip(b" \t\r\n\x0b").rstrip(b" \t\r\n\x1c\x1a\x00") if raw[1:2] != b"\x00" else raw
    head = _HEAD.match(raw[:256].replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").decode("ascii", "replace"))
    named = _NAMED.search(head[0]) if head else None
    decoded = charset.decode(raw, written=named[1] if named else "UTF-8")
    text = _HEAD.sub("", decoded.text.lstrip("\ufeff"), count=1)
    return replace(decoded, text=text, issues=tuple(replace(one, location="") for one in decoded.issues))


def tree(text: str) -> etree._Element | Issue:
    """The root of the document; an Issue that refuses when it is not well-formed or not harmless."""
    return xml_input.root(plain(text).encode("utf-8", "replace"), limit=LIMIT)


def plain(text: str) -> str:
    """The text with what XML cannot hold replaced."""
    return _CONTROLS.sub("\ufffd", text)


def local(element: etree._Element) -> str:
    """The name without its namespace; empty for what is no element."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def namespace(element: etree._Element) -> str:
    tag = element.tag
    return tag[1:].partition("}")[0] if isinstance(tag, str) and tag.startswith("{") else ""


def written(root: etree._Element, name: str = "utf-8") -> bytes:
    """The document as bytes in that character set; what it lacks stands as character references."""
    codec = {"gb18030": "GB18030", "big5": "Big5"}.get(name, "UTF-8")
    return etree.tostring(root, encoding=codec, xml_declaration=True)
