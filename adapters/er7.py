"""ER7 text to a `Message` and back. Segments in equal segments out: nothing is dropped, unknown and Z segments
included.

Segments end with CR; LF, CRLF and mixtures are read too, and a line that begins no segment belongs to the one before
it. What cannot be a v2 message comes back as `message=None` with the issue that says why.
Sources: HL7 v2.5.1 2.5.4 and 2.5.5 (delimiters), 2.6 (construction), 2.14.9.2 (MSH-2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from adapters.grammar import is_segment
from mappers.message import Delimiters, Message
from profiles.issue import Issue

_AROUND = "\x00\x0b\x1a\x1c\r\n\ufeff"
_NONE: Mapping[str, str] = MappingProxyType({})
STANDARD = "^~\\&"
_NAME = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_SEGMENT_LIKE = re.compile(r"[A-Z][A-Z0-9]{2}[^A-Za-z0-9\s]")
_HIDDEN = re.compile(r"(?<![A-Z0-9])(?:.{0,4}[^A-Z0-9]|[0-9])?(?:EVN|PID|PV1|ORC|OBR|OBX|MSA)\Z")
_V3 = re.compile(r"urn:hl7-org:v3|<(?:\w+:)?[A-Z]{4}_[A-Z]{2}\d{6}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """`message` is `None` exactly when an issue refuses it."""

    message: Message | None
    issues: tuple[Issue, ...] = ()
    identifier_types: Mapping[str, str] = field(default_factory=lambda: _NONE)
    """Kinds of identifiers by CX.5 that the syntax itself fixes: the OIDs of V3."""


def parse(text: str) -> Parsed:
    """One message from decoded text; block characters, byte order mark and blank lines around it do not matter."""
    text = text.strip(_AROUND) if text.startswith("MSH") else text.lstrip(_AROUND + " \t").rstrip(_AROUND)
    if not text.startswith("MSH"):
        return Parsed(None, (refusal(text),))
    delimiters, issues = _delimiters(text)
    if delimiters is None:
        return Parsed(None, issues)
    lines, terminator = _lines(text, delimiters.field)
    if terminator:
        issues = (*issues, Issue("segment-terminator"))
    segments, glued = _glue(lines, delimiters.field)
    issues = (*issues, *(Issue("segment-glued", location=name) for name in glued))
    if len(segments) == 1 and _is_flat(segments[0], delimiters.field):
        return Parsed(None, (*issues, Issue("message-flat")))
    return Parsed(Message(segments, delimiters), issues)


def render(message: Message) -> str:
    """The message as ER7, every segment ended by CR."""
    return "\r".join(segment.text for segment in message.segments) + "\r"


def delimiters_of(header: str) -> Delimiters | None:
    """MSH-1 and MSH-2 of a line that begins with MSH, with what is missing filled in; `None` when there are none."""
    return _delimiters(header)[0]


def refusal(text: str) -> Issue:
    """Why a text that does not begin with MSH is no v2 message."""
    if not text or text.isspace():
        return Issue("message-empty")
    if text.startswith("<"):
        return Issue("message-is-v3" if _V3.search(text, 0, 8192) else "message-unreadable")
    return Issue("segment-first" if _SEGMENT_LIKE.match(text) else "message-unreadable")


def _delimiters(text: str) -> tuple[Delimiters | None, tuple[Issue, ...]]:
    field = text[3:4]
    if not field or field.isalnum() or field.isspace() or ord(field) < 32:
        return None, (Issue("message-unreadable"),)
    end = text.find(field, 4, 20)
    written = text[4:end] if end >= 0 else text[4:20].split("\r", 1)[0].split("\n", 1)[0]
    if written == STANDARD:
        return Delimiters(field), ()
    if len(written) > 12 or any(char.isalnum() or char.isspace() for char in written[:4]):
        return None, (Issue("message-unreadable", location="MSH-2"),)
    used = written.replace("\\\\", "\\", 1)[:4]
    for char in STANDARD[len(used) :]:
        used += char if char not in used and char != field else ""
    if len(set(used + field)) != 5:
        used = STANDARD if field not in STANDARD else ""
    if not used:
        return None, (Issue("message-unreadable", location="MSH-2"),)
    truncation = len(written) == 5 and "\\\\" not in written
    odd = not truncation and (len(written) != 4 or used != written)
    details = {"found": str(len(written))}
    issues = (Issue("encoding-characters", location="MSH-2", details=details),) if odd else ()
    return Delimiters(field, *used), issues


def _lines(text: str, field: str) -> tuple[list[str], bool]:
    """The candidate segments, and whether anything but CR ended them."""
    if "\n" not in text:
        return text.split("\r"), False
    if "\r\n" in text:
        odd, text = True, text.replace("\r\n", "\r")
    else:
        odd = False
    if "\r" not in text:
        return text.split("\n"), True
    lines: list[str] = []
    for line in text.split("\r"):
        if "\n" not in line:
            lines.append(line)
            continue
        first, *rest = line.split("\n")
        lines.append(first)
        for part in rest:
            if part[3:4] == field and _NAME.match(part[:3]):
                odd = True
                lines.append(part)
            elif part.strip() or lines[-1]:
                lines[-1] += "\n" + part
    return [line.rstrip("\n") for line in lines], odd


def _glue(lines: list[str], field: str) -> tuple[list[str], list[str]]:
    """The segments, and the names of those that a line was joined to."""
    segments: list[str] = []
    glued: list[str] = []
    for line in lines:
        if line[3:4] == field:
            segments.append(line)
            continue
        bare = line.strip(" \t" + _AROUND)
        if not bare:
            continue
        if (bare[3:4] == field and _NAME.match(bare[:3])) or (len(bare) == 3 and is_segment(bare)):
            segments.append(bare)
        else:
            segments[-1] += "\n" + line
            glued.append(segments[-1][:3])
    return segments, glued


def _is_flat(header: str, field: str) -> bool:
    """Whether a lone MSH holds the names of other segments at the ends of fields, as when the line ends got lost."""
    fields = header.split(field)
    return len(fields) > 18 and any(_HIDDEN.search(part) for part in fields[8:])
