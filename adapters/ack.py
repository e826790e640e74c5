"""The one module that turns a verdict and its issues into an ACK message.

Sender and receiver change places, the sender's delimiters, version, processing id and character set stay; every issue
becomes an ERR (from 2.5) or an ERR-1 repetition (before). An acknowledgement is not acknowledged. Works from a
`Message`, or from the head of bytes that never became one. Carries locations, codes and our own sentences, never a
value of the message besides its control id.
Sources: HL7 v2.5.1 2.9.2 and 2.9.3 (original and enhanced mode), 2.15.1 (MSA), 2.15.4 (ERR), tables 0008, 0357, 0516.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adapters import charset, er7
from mappers.message import Delimiters, Message
from profiles.issue import Issue

Verdict = Literal["AA", "AE", "AR"]
Language = Literal["en", "zh"]
Unasked = Literal["silent", "answered"]

_ACCEPT = {"AA": "CA", "AE": "CE", "AR": "CR"}
_SEVERITY = {"fatal": "E", "error": "E", "warning": "W", "information": "I"}
_CODES = {
    "0": "Message accepted",
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""Table 0357."""
_LOCATION = re.compile(
    r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+)(?:\.(\d+))?)?)?\Z",
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_VERSION = re.compile(r"2\.\d(?:\.\d)?\Z")
_COUNTRY = re.compile(r"[A-Z]{2,3}\Z")
_CONDITIONS = frozenset({"AL", "NE", "ER", "SU"})
_GENERAL = frozenset({"ACK", "MCF"})
"""MSH-9.1 of general acknowledgements. Answers that carry data (ORR, RRI, RSP) are messages to us, and are answered."""
_SAMPLE_CLASSES = frozenset({"0", "1", "2"})
"""MSH-16 of analysers (sample, calibration, quality control): they expect it back."""
_HEAD = 4096
_LONGEST = 1000
_MOST = 100
"""ERR segments of one answer; a message of 5,000 faulty OBX is not answered with 5,000 ERR."""


@dataclass(frozen=True, slots=True)
class Header:
    """What an answer needs of the MSH it answers: delimiters and raw fields, by number."""

    delimiters: Delimiters
    fields: tuple[str, ...]

    def raw(self, number: int) -> str:
        """The field on one line, `""` when absent."""
        return _CONTROLS.sub(" ", self.fields[number])[:_LONGEST] if number < len(self.fields) else ""

    def first(self, number: int, component: int = 1) -> str:
        parts = self.raw(number).split(self.delimiters.component)
        return parts[component - 1].strip() if component <= len(parts) else ""


def render(
    message: Message | None,
    verdict: Verdict,
    issues: Sequence[Issue],
    *,
    raw_head: bytes,
    now: str,
    control_id: str,
    application: str,
    facility: str,
    enhanced: bool = False,
    unasked: Unasked = "silent",
    language: Language = "zh",
) -> str:
    """The text of the ACK, segments ended by CR; `""` where none is due. `now` is an HL7 DTM; `application` and
    `facility` stand in for an empty MSH-5 and MSH-6; `enhanced` gives an accept acknowledgement where MSH-15 or MSH-16
    asks for one; `unasked` says what becomes of an acknowledgement that comes by itself."""
    header = _header(message, raw_head)
    code = _ACCEPT[verdict] if enhanced and asks_for_accept(message) else verdict
    if header.first(9) in _GENERAL and unasked == "silent":
        if header.first(15) not in ("AL", "SU" if verdict == "AA" else "ER"):
            return ""
        code = _ACCEPT[verdict]
    version = header.first(12) if _VERSION.match(header.first(12)) else "2.5.1"
    segments = [
        _msh(header, version, now, control_id, (application, facility)),
        _msa(header, version, code, issues, language),
        *_errors(header.delimiters, version, issues, language),
    ]
    return "\r".join(segments) + "\r"


def asks_for_accept(message: Message | None) -> bool:
    """Whether the message asks for enhanced mode at all: a condition of table 0155 in MSH-15 or MSH-16."""
    return message is not None and any(message.msh.get(number) in _CONDITIONS for number in (15, 16))


def is_acknowledgement(raw: bytes) -> bool:
    """Whether the bytes are a general acknowledgement, to which no answer is to be expected."""
    head = raw[:_HEAD].replace(b"\0", b"")
    return (b"ACK" in head or b"MCF" in head) and _header(None, raw).first(9) in _GENERAL


def escape(text: str, delimiters: Delimiters) -> str:
    """Text as it may stand in a field: delimiters escaped, control characters turned into a space."""
    text = _CONTROLS.sub(" ", text)
    if not delimiters.escape:
        return text
    for char, letter in (
        (delimiters.escape, "E"),
        (delimiters.field, "F"),
        (delimiters.component, "S"),
        (delimiters.subcomponent, "T"),
        (delimiters.repetition, "R"),
    ):
        text = text.replace(char, f"{delimiters.escape}{letter}{delimiters.escape}")
    return text


def _header(message: Message | None, raw_head: bytes) -> Header:
    if message is not None:
        return Header(message.delimiters, tuple(message.msh.fields))
    text = charset.decode(raw_head[:_HEAD]).text
    for start in (found.start() for found in re.finditer("MSH", text)):
        delimiters = er7.delimiters_of(text[start : start + 64])
        if delimiters is not None:
            line = re.split(r"[\r\n]", text[start:], maxsplit=1)[0]
            separator = delimiters.field
            parts = line.split(separator)
            return Header(delimiters, (parts[0], separator, *parts[1:]))
    return Header(Delimiters(), ())


def _msh(header: Header, version: str, now: str, control_id: str, own: tuple[str, str]) -> str:
    d = header.delimiters
    event = header.first(9, 2)
    kind = d.component.join(("ACK", event) if event.isalnum() and len(event) <= 6 else ("ACK",))
    if d.component in kind and version not in ("2.1", "2.2", "2.3"):
        kind += d.component + "ACK"
    fields = [
        "MSH",
        d.component + d.repetition + d.escape + d.subcomponent,
        header.raw(5) or escape(own[0], d),
        header.raw(6) or escape(own[1], d),
        header.raw(3),
        header.raw(4),
        now,
        "",
        kind,
        escape(control_id, d),
        header.raw(11) if header.first(11) in ("P", "T", "D") else "P",
        header.raw(12) if _VERSION.match(header.first(12)) else version,
        "",
        "",
        "",
        *(_kept(header, number) for number in (16, 17, 18)),
    ]
    return d.field.join(fields).rstrip(d.field)


def _kept(header: Header, number: int) -> str:
    """Fields 16 to 18 as the sender has them, when they are what senders put there: codes, not text that slipped in."""
    value = header.raw(number)
    names = value.split(header.delimiters.repetition)
    if value and all(charset.codec(name) for name in names):
        return value
    if number == 16:
        return (
            value if value in ("0", "1", "2") or (value and _COUNTRY.match(value) and value not in _CONDITIONS) else ""
        )
    return value if number == 17 and _COUNTRY.match(value) else ""


def _msa(header: Header, version: str, code: str, issues: Sequence[Issue], language: Language) -> str:
    d = header.delimiters
    fields = ["MSA", code, header.raw(10)]
    worst = next((issue for issue in issues if issue.refuses), None)
    if worst is not None and code[1] != "A":
        fields.append(escape(worst.text(language), d)[:200])
        if version < "2.5":
            fields += ["", "", d.component.join((_code(worst), _CODES[_code(worst)], "HL70357"))]
    return d.field.join(fields)


def _errors(d: Delimiters, version: str, issues: Sequence[Issue], language: Language) -> list[str]:
    ranked = sorted(issues, key=lambda issue: "EWI".index(_SEVERITY[issue.severity]))[:_MOST]
    if not ranked:
        return []
    if version >= "2.5":
        return [_error(d, issue, language) for issue in ranked]
    return ["ERR" + d.field + d.repetition.join(_old_error(d, issue) for issue in ranked)]


def _error(d: Delimiters, issue: Issue, language: Language) -> str:
    code = _code(issue)
    fields = (
        "ERR",
        "",
        d.component.join(_place(issue.location)),
        d.component.join((code, _CODES[code], "HL70357")),
        _SEVERITY[issue.severity],
        escape(issue.code, d),
        "",
        escape(issue.text("en"), d),
        escape(issue.text(language), d),
    )
    return d.field.join(fields)


def _old_error(d: Delimiters, issue: Issue) -> str:
    """ERR-1 before 2.5: segment, its sequence, field, and the code with its text."""
    code = _code(issue)
    place = [*_place(issue.location)[:3], "", "", ""][:3]
    return d.component.join((*place, d.subcomponent.join((code, _CODES[code], "HL70357"))))


def _place(location: str) -> tuple[str, ...]:
    """ERL: segment, sequence, field, repetition, component, sub-component, as far as the location goes."""
    found = _LOCATION.match(location)
    if not found:
        return ()
    segment, sequence, field, repetition, component, subcomponent = found.groups()
    parts = [segment, sequence or "1"]
    if field:
        parts += [field, repetition or "1"]
    return (*parts, *(part for part in (component, subcomponent) if part))


def _code(issue: Issue) -> str:
    """The code of table 0357; our table leaves it out where the standard has none."""
    code = issue.kind.hl7
    return code if code in _CODES else ("207" if issue.refuses else "0")
