"""The syntaxes of a message, told from its bytes: ER7, HL7 v2 XML, HL7 V3 XML. One `Message` comes out of each, and
the acknowledgement goes back in the syntax of the message.

Law: whatever the syntax, the way of a message is one (`adapters.pipeline`); nothing after this module asks for it.
V3 is read only at doors that serve it (WS/T 846-2024); elsewhere it is refused by its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from adapters import charset, er7
from adapters.answered import Answered
from adapters.charset import Decoded
from adapters.er7 import Parsed
from adapters.xml_names import NAMESPACE_V2, NAMESPACE_V3, is_interaction
from profiles.issue import Issue

V3_DOORS = frozenset({"http", "folder", "replay", "explain"})
"""Channels at which V3 is served; on an MLLP port it is refused (china 7d 39)."""


_V3_ROOT = re.compile(rb"<[A-Z]{4}_IN\d{6}")


@dataclass(frozen=True, slots=True)
class Heard:
    """The text and the message in it."""

    decoded: Decoded
    parsed: Parsed


def hear(raw: bytes, pinned: str | None, channel: str) -> Heard:
    """What the bytes say; never raises."""
    if not is_xml(raw):
        decoded = charset.decode(raw, pinned)
        return Heard(decoded, er7.parse(decoded.text))
    from adapters import xml_text

    decoded = xml_text.decode(raw)
    if any(issue.refuses for issue in decoded.issues):
        return Heard(decoded, Parsed(None))
    root = xml_text.tree(decoded.text)
    if isinstance(root, Issue):
        return Heard(decoded, Parsed(None, (er7.refusal(decoded.text) if _is_text(decoded.text) else root,)))
    return Heard(decoded, _message(root, channel))


def is_xml(raw: bytes) -> bool:
    """Whether the first character that is no blank is `<`; a look at a few bytes."""
    if raw[:1] == b"M":
        return False
    return raw[:64].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\x0b").startswith(b"<")


def _is_text(text: str) -> bool:
    """A `<` with no element after it: no XML that went wrong, but something else."""
    start = text.lstrip()[1:2]
    return not (start.isalpha() or start in ("!", "?", "_"))


def _message(root: Any, channel: str) -> Parsed:
    from adapters import v2_xml, xml_text

    if xml_text.namespace(root) == NAMESPACE_V3 or is_interaction(xml_text.local(root)):
        if channel not in V3_DOORS:
            return Parsed(None, (Issue("message-is-v3"),))
        from adapters.v3 import read

        return read(root)
    return v2_xml.read(root)


def acknowledge(said: Answered, er7_text: str, name: str) -> bytes | None:
    """The answer to an XML message in its own syntax; `None` where it is ER7, as to what was never understood."""
    if not is_xml(said.raw):
        return None
    if said.channel in V3_DOORS and _says_v3(said.raw[:4096]):
        from adapters import v3_answer

        return v3_answer.render(said, name)
    if not said.read and NAMESPACE_V2.encode() not in said.raw[:4096]:
        return None
    from adapters import v2_xml, xml_text

    message = er7.parse(er7_text).message
    assert message is not None
    return xml_text.written(v2_xml.render(message, "ACK"), name)


def _says_v3(head: bytes) -> bool:
    text = head.replace(b"\x00", b"")
    return NAMESPACE_V3.encode() in text or _V3_ROOT.search(text) is not None
