"""What a sender uses, learned from its messages: counts, shapes and codes, one sender after the other, memory flat.

Values are never kept: of a field there are fill rates and shapes (`adapters.shapes`), and the values themselves only
where a field holds codes by the rows of the maps, and do not look like a number of a person. Every list has a limit;
what is beyond it is counted under `…`.
Source: docs/how-to/learn-a-dialect.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from adapters.pipeline import Prepared
from adapters.shapes import shape
from mappers.message import HEADERS, Message, Segment, unescape
from mappers.rows import maps

_PERSONAL = re.compile(r"\d{8}|[\u4e00-\u9fff]{9}")
"""Too long for a code, long enough for a number of somebody: a date, a telephone, a sentence."""
_FIELDS, _SHAPES, _CODES, _LONGEST = 2000, 6, 300, 40
_CODED: Mapping[tuple[str, int, int], str] = {
    ("PID", 3, 5): "identifier-type",
    ("OBX", 6, 1): "unit",
    ("OBX", 8, 1): "abnormal-flag",
    ("OBX", 2, 1): "value-type",
    ("OBX", 11, 1): "observation-status",
    ("OBR", 25, 1): "report-status",
    ("OBR", 24, 1): "service-category",
    ("ORC", 1, 1): "order-control",
    ("ORC", 5, 1): "order-status",
    ("MSH", 9, 3): "structure",
}
"""Places of codes that no row with a vocabulary reads."""


class Limited(Counter[str]):
    """Counts a limited number of different keys."""

    def add(self, key: str, most: int = _CODES) -> None:
        self["…" if key not in self and len(self) >= most else key] += 1


@cache
def coded() -> Mapping[tuple[str, int, int], str]:
    """The table that reads a code, by segment, field and component (1: the first)."""
    found: dict[tuple[str, int, int], str] = {}
    for rows in maps().values():
        for row in rows:
            if row.vocabulary and row.source:
                number, component = row.field
                found.setdefault((row.source[:3], number, component or 1), row.vocabulary)
    return {**found, **_CODED}


@dataclass(slots=True)
class Field:
    """One component of a field: in how many segments it stands, and how it looks."""

    filled: int = 0
    shapes: Limited = field(default_factory=Limited)


@dataclass(slots=True)
class Dialect:
    """One sender (MSH-3.1, MSH-4.1); `site` is the code it was read as."""

    application: str
    facility: str
    site: str
    messages: int = 0
    types: Limited = field(default_factory=Limited)
    versions: Limited = field(default_factory=Limited)
    charsets: Limited = field(default_factory=Limited)
    line_ends: Limited = field(default_factory=Limited)
    verdicts: Limited = field(default_factory=Limited)
    findings: Limited = field(default_factory=Limited)
    segments: Limited = field(default_factory=Limited)
    fields: dict[str, Field] = field(default_factory=dict)
    codes: dict[str, Limited] = field(default_factory=dict)
    """By `PV1-2 PatientClass[EncounterClass]`."""
    authorities: Limited = field(default_factory=Limited)
    tables: dict[str, list[int]] = field(default_factory=dict)
    """By table: codes met that were known, and that were not (once a message each)."""
    unmapped: Limited = field(default_factory=Limited)
    """By table, code and text, separated by U+001F."""

    def add(self, found: Prepared) -> None:
        """Counts one message."""
        arrival, message = found.arrival, found.message
        self.messages += 1
        self.types.add(arrival.type)
        self.versions.add(arrival.message_version)
        self.charsets.add(f"{arrival.charset_declared or 'none'} → {arrival.charset}")
        self.line_ends.add(_line_end(arrival.raw))
        self.verdicts.add(arrival.verdict)
        for code in {issue.code for issue in arrival.issues}:
            self.findings.add(code)
        if message is not None:
            for segment in message.segments:
                self._segment(segment, message)
        self._tables(found)

    def _segment(self, segment: Segment, message: Message) -> None:
        self.segments.add(segment.name)
        known = coded()
        first = 3 if segment.name in HEADERS else 1
        for number in range(first, len(segment.fields)):
            for value in segment.values(number):
                parts = value.components
                for component, part in enumerate(parts, 1):
                    if not part:
                        continue
                    text = unescape(part, message.delimiters).strip()
                    place = f"{segment.name}-{number}" + (f".{component}" if len(parts) > 1 else "")
                    self._field(place, text)
                    table = known.get((segment.name, number, component))
                    if table:
                        self._code(f"{segment.name}-{number}.{component} {table}", text)
                    if (segment.name, number, component) == ("PID", 3, 4) and is_code(text):
                        self.authorities.add(text)

    def _field(self, place: str, text: str) -> None:
        one = self.fields.get(place)
        if one is None:
            if len(self.fields) >= _FIELDS:
                return
            one = self.fields[place] = Field()
        one.filled += 1
        one.shapes.add(shape(text), _SHAPES)

    def _code(self, place: str, text: str) -> None:
        self.codes.setdefault(place, Limited()).add(text if is_code(text) else shape(text))

    def _tables(self, found: Prepared) -> None:
        if found.mapped is None:
            return
        met = {
            tuple(line.rule.split(" ", 2)[1:])
            for lines in found.mapped.ledger.lines.values()
            for line in lines
            if line.outcome == "coded" and line.rule.count(" ") > 1
        }
        for table, _ in met:
            self.tables.setdefault(table, [0, 0])[0] += 1
        for entry in found.mapped.unmapped:
            self.tables.setdefault(entry["table"], [0, 0])[1] += 1
            if is_code(entry["code"]):
                text = entry["text"] if is_code(entry["text"]) else ""
                self.unmapped.add("\x1f".join((entry["table"], entry["code"], text)))

    def json(self) -> dict[str, Any]:
        """The profile of the sender."""
        return {
            "sender": [self.application, self.facility],
            "site": self.site,
            "messages": self.messages,
            "types": dict(self.types.most_common()),
            "versions": dict(self.versions.most_common()),
            "charsets": dict(self.charsets.most_common()),
            "line_ends": dict(self.line_ends.most_common()),
            "verdicts": dict(self.verdicts.most_common()),
            "findings": dict(self.findings.most_common()),
            "segments": dict(self.segments.most_common()),
            "z_segments": {name: count for name, count in self.segments.most_common() if name.startswith("Z")},
            "fields": {place: self._filled(place, one) for place, one in sorted(self.fields.items(), key=_order)},
            "codes": {place: dict(found.most_common()) for place, found in sorted(self.codes.items())},
            "authorities": dict(self.authorities.most_common()),
            "tables": {
                table: {"mapped": known, "unmapped": unknown, "unmapped_share": round(unknown / (known + unknown), 4)}
                for table, (known, unknown) in sorted(self.tables.items())
            },
            "unmapped": [
                dict(zip(("table", "code", "text"), key.split("\x1f"), strict=True)) | {"messages": count}
                for key, count in self.unmapped.most_common()
                if key != "…"
            ],
        }

    def _filled(self, place: str, one: Field) -> dict[str, Any]:
        of = self.segments[place[:3]] or 1
        return {"filled": one.filled, "rate": round(one.filled / of, 4), "shapes": dict(one.shapes.most_common())}


def is_code(text: str) -> bool:
    """Whether a text may be shown as a code: short, printable, and no number or sentence of a person."""
    return 0 < len(text) <= _LONGEST and text.isprintable() and not _PERSONAL.search(text)


def _line_end(raw: bytes) -> str:
    if b"\r\n" in raw:
        return "CRLF"
    return "CR" if b"\r" in raw.strip(b"\r\n\x1c") else "LF"


def _order(one: tuple[str, Field]) -> tuple[str, int, int]:
    segment, _, rest = one[0].partition("-")
    number, _, component = rest.partition(".")
    return segment, int(number), int(component or 0)
