"""A v2 message as the mappers see it: immutable, lazy, already decoded to text.

Built by `adapters.er7` from normalised segments (one string a segment, no terminator). Splits a segment when it is
first read and a field when it is first asked for; never changes a value, never guesses one.
Source: HL7 v2.5.1 chapter 2, 2.5 (construction) and 2.7 (escape sequences).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NULL = '""'
"""The HL7 null: the sender says "delete this", in contrast to an empty field, which says nothing."""

HEADERS = frozenset({"MSH", "FHS", "BHS"})


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"


class Leaf(NamedTuple):
    """Where one leaf value stands; all but `position` count from 1, `position` is the segment's index in the
    message.
    """

    position: int
    field: int
    repetition: int
    component: int
    subcomponent: int


_NEW = tuple.__new__
"""Makes a `Leaf` in half the time its own constructor takes; a message has hundreds."""


class Origin(NamedTuple):
    """The segment a value stands in, without its other values: a value that held its segment would be a cycle, and
    thousands of cycles a message keep the garbage collector busy."""

    name: str
    position: int
    occurrence: int
    delimiters: Delimiters


class Value:
    """One repetition of one field."""

    __slots__ = ("components", "field", "raw", "repetition", "segment")

    def __init__(self, segment: Origin, field: int, repetition: int, raw: str) -> None:
        self.segment = segment
        self.field = field
        self.repetition = repetition
        self.raw = raw
        self.components: list[str] = raw.split(segment.delimiters.component)
        """The raw components; a field without separators has one."""

    def get(self, component: int = 1, subcomponent: int = 1) -> str | None:
        """The unescaped leaf, `None` when absent, empty or blank, `NULL` when the sender wrote `""`."""
        parts = self.components
        if component > len(parts):
            return None
        part = parts[component - 1]
        if not part:
            return None
        if subcomponent == 1 and part.isalnum():
            # No delimiter is a letter or a digit (`adapters.er7`): nothing to split, to unescape or to mend.
            return part
        delimiters = self.segment.delimiters
        if delimiters.subcomponent and delimiters.subcomponent in part:
            subs = part.split(delimiters.subcomponent)
            part = subs[subcomponent - 1] if subcomponent <= len(subs) else ""
        elif subcomponent > 1:
            return None
        if delimiters.escape in part:
            part = unescape(part, delimiters)
        if not part.isprintable():
            part = legible(part)
        return part if part and not part.isspace() else None

    def text(self) -> str | None:
        """The whole repetition unescaped, separators kept: for TX and FT, where senders forget to escape."""
        return legible(unescape(self.raw, self.segment.delimiters)) if self.raw else None

    @property
    def is_null(self) -> bool:
        return self.raw == NULL

    def leaves(self) -> list[Leaf]:
        """Every non-empty leaf of this repetition."""
        position, separator = self.segment.position, self.segment.delimiters.subcomponent
        field, repetition = self.field, self.repetition
        if not separator or separator not in self.raw:
            return [
                _NEW(Leaf, (position, field, repetition, number, 1))
                for number, part in enumerate(self.components, 1)
                if part
            ]
        return [
            _NEW(Leaf, (position, field, repetition, number, sub))
            for number, part in enumerate(self.components, 1)
            for sub, leaf in enumerate(part.split(separator), 1)
            if leaf
        ]

    def leaf_text(self, leaf: Leaf) -> str:
        """The raw text of one of its leaves."""
        part = self.components[leaf.component - 1]
        return _part(part, self.segment.delimiters.subcomponent, leaf.subcomponent)


class Segment:
    """One segment. `position` is its index in the message from 0, `occurrence` counts its name from 1."""

    __slots__ = ("_fields", "_origin", "_values", "delimiters", "name", "occurrence", "position", "text")

    def __init__(self, name: str, text: str, position: int, occurrence: int, delimiters: Delimiters) -> None:
        self.name = name
        self.text = text
        self.position = position
        self.occurrence = occurrence
        self.delimiters = delimiters
        self._fields: list[str] | None = None
        self._origin: Origin | None = None
        self._values: dict[int, tuple[Value, ...]] = {}

    @property
    def fields(self) -> list[str]:
        """Raw fields by their HL7 number: `fields[3]` is field 3; `fields[0]` is the name."""
        if self._fields is None:
            separator = self.delimiters.field
            parts = self.text.split(separator)
            self._fields = [parts[0], separator, *parts[1:]] if self.name in HEADERS else parts
        return self._fields

    def upto(self, last: int) -> list[str]:
        """The raw fields by their number, as many as are asked for at least."""
        fields = self._fields or self.fields
        missing = last + 1 - len(fields)
        return fields if missing <= 0 else fields + [""] * missing

    def raw(self, field: int) -> str:
        """The field as it stands, `""` when absent."""
        fields = self._fields or self.fields
        return fields[field] if field < len(fields) else ""

    def values(self, field: int) -> tuple[Value, ...]:
        """The non-empty repetitions of a field, in order, with their true repetition numbers."""
        found = self._values.get(field)
        if found is None:
            found = self._values[field] = self._split(field)
        return found

    def _split(self, field: int) -> tuple[Value, ...]:
        fields = self._fields or self.fields
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return ()
        origin = self._origin
        if origin is None:
            origin = self._origin = Origin(self.name, self.position, self.occurrence, self.delimiters)
        separator = self.delimiters.repetition
        if separator not in raw or (self.name in HEADERS and field <= 2):
            return (Value(origin, field, 1, raw),)
        return tuple(Value(origin, field, n, part) for n, part in enumerate(raw.split(separator), 1) if part)

    def first(self, field: int) -> Value | None:
        """The first non-empty repetition."""
        values = self.values(field)
        return values[0] if values else None

    def get(self, field: int, component: int = 1, subcomponent: int = 1) -> str | None:
        """A leaf of the first non-empty repetition; see `Value.get`."""
        fields = self._fields or self.fields
        raw = fields[field] if field < len(fields) else ""
        if not raw:
            return None
        if raw.isalnum():
            # No delimiter is a letter or a digit (`adapters.er7`): one repetition, one component.
            return raw if component == 1 and subcomponent == 1 else None
        if component == 1 and subcomponent == 1:
            head = raw.partition(self.delimiters.component)[0]
            if head.isalnum():
                return head
        values = self.values(field)
        return values[0].get(component, subcomponent) if values else None

    def leaves(self) -> list[Leaf]:
        """Every non-empty leaf, as `tell` says."""
        found: list[Leaf] = []
        self.tell(found, [])
        return found

    def tell(self, leaves: list[Leaf], texts: list[str]) -> None:
        """Adds every non-empty leaf and its raw text; of MSH, FHS and BHS without the delimiters themselves (fields 1
        and 2)."""
        position, delimiters = self.position, self.delimiters
        component, repetition, sub = delimiters.component, delimiters.repetition, delimiters.subcomponent
        start = 3 if self.name in HEADERS else 1
        plain = start == 1 and repetition not in self.text and not (sub and sub in self.text)
        for field, raw in enumerate(self.fields):
            if not raw or field < start:
                continue
            if not plain and (repetition in raw or (sub and sub in raw)):
                for value in self.values(field):
                    for leaf in value.leaves():
                        leaves.append(leaf)
                        texts.append(value.leaf_text(leaf))
            elif component not in raw:
                leaves.append(_NEW(Leaf, (position, field, 1, 1, 1)))
                texts.append(raw)
            else:
                for number, part in enumerate(raw.split(component), 1):
                    if part:
                        leaves.append(_NEW(Leaf, (position, field, 1, number, 1)))
                        texts.append(part)


class Message:
    """An ordered tuple of segments. Segments in equal segments out, unknown and Z segments included."""

    __slots__ = (
        "_header",
        "_left",
        "_made",
        "_positions",
        "_texts",
        "_trigger",
        "_whole",
        "delimiters",
    )

    def __init__(self, texts: list[str] | tuple[str, ...], delimiters: Delimiters) -> None:
        separator = delimiters.field
        positions: dict[str, list[int]] = {}
        for position, text in enumerate(texts):
            name = text[:3] if text[3:4] == separator else text.split(separator, 1)[0]
            if name in positions:
                positions[name].append(position)
            else:
                positions[name] = [position]
        self._texts = texts
        self._positions = positions
        self._made: dict[str, tuple[Segment, ...]] = {}
        self._whole: tuple[Segment, ...] | None = None
        self._header: Segment | None = None
        self._left: tuple[frozenset[int], list[Leaf], list[str]] | None = None
        self._trigger: tuple[str, str] | None = None
        self.delimiters = delimiters

    def read_as(self, code: str, event: str) -> Message:
        """The same message under a trigger of the standard; what MSH-9 says stays as it was sent."""
        same = Message(self._texts, self.delimiters)
        same._trigger = (code, event)
        return same

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments in order."""
        if self._whole is None:
            every = [segment for name in self._positions for segment in self.all(name)]
            if len(self._positions) < len(every):
                every.sort(key=_position)
            self._whole = tuple(every)
        return self._whole

    def all(self, name: str) -> tuple[Segment, ...]:
        """The segments of that name, in order."""
        made = self._made.get(name)
        if made is None:
            found = enumerate(self._positions.get(name, ()), 1)
            made = self._made[name] = tuple(
                Segment(name, self._texts[position], position, occurrence, self.delimiters)
                for occurrence, position in found
            )
        return made

    def first(self, name: str) -> Segment | None:
        found = self._made.get(name) or self.all(name)
        return found[0] if found else None

    def get(self, name: str, field: int, component: int = 1, subcomponent: int = 1) -> str | None:
        """A leaf of the first segment of that name; see `Value.get`."""
        segment = self.first(name)
        return segment.get(field, component, subcomponent) if segment else None

    @property
    def msh(self) -> Segment:
        """The first segment; an MSH in every message that was parsed without a fatal issue."""
        if self._header is None:
            self._header = self.all(next(iter(self._positions)))[0]
        return self._header

    @property
    def code(self) -> str:
        """MSH-9.1, for example `ORU`; empty when absent."""
        return (self._trigger or self._read_trigger())[0]

    @property
    def event(self) -> str:
        """MSH-9.2, else EVN-1, for example `R01`."""
        return (self._trigger or self._read_trigger())[1]

    def _read_trigger(self) -> tuple[str, str]:
        header = self.msh
        found = self._trigger = header.get(9, 1) or "", header.get(9, 2) or self.get("EVN", 1) or ""
        return found

    @property
    def control_id(self) -> str:
        return self.msh.get(10) or ""

    def leaves(self) -> Sequence[Leaf]:
        """Every non-empty leaf of the message, in order."""
        return self._tell(frozenset())[1]

    def texts(self) -> Sequence[str]:
        """The raw texts of the leaves, in the same order."""
        return self._tell(frozenset())[2]

    def leaves_without(self, positions: Collection[int]) -> Sequence[Leaf]:
        """Every non-empty leaf but those of these segments, in order."""
        return self._tell(frozenset(positions))[1]

    def texts_without(self, positions: Collection[int]) -> Sequence[str]:
        """The raw texts of the same leaves."""
        return self._tell(frozenset(positions))[2]

    def _tell(self, positions: frozenset[int]) -> tuple[frozenset[int], list[Leaf], list[str]]:
        left = self._left
        if left is None or left[0] != positions:
            leaves: list[Leaf] = []
            texts: list[str] = []
            for segment in self.segments:
                if segment.position not in positions:
                    segment.tell(leaves, texts)
            left = self._left = positions, leaves, texts
        return left

    def value(self, leaf: Leaf) -> str:
        """The raw text of a leaf."""
        segment = (self._whole or self.segments)[leaf[0]]
        raw = segment.raw(leaf[1])
        if raw.isalnum():
            return raw if leaf[2:] == (1, 1, 1) else ""
        if segment.name not in HEADERS or leaf.field > 2:
            raw = _part(raw, self.delimiters.repetition, leaf.repetition)
        raw = _part(raw, self.delimiters.component, leaf.component)
        return _part(raw, self.delimiters.subcomponent, leaf.subcomponent)

    def locate(self, leaf: Leaf) -> str:
        """The leaf as people write it: `PID-3[2].1`, `OBX[4]-5`, `OBR-32.1.2`."""
        segment = self.segments[leaf.position]
        name = segment.name if segment.occurrence == 1 else f"{segment.name}[{segment.occurrence}]"
        field = f"{name}-{leaf.field}" + (f"[{leaf.repetition}]" if leaf.repetition > 1 else "")
        value = next((one for one in segment.values(leaf.field) if one.repetition == leaf.repetition), None)
        separator = self.delimiters.subcomponent
        if value is None or (len(value.components) == 1 and (not separator or separator not in value.raw)):
            return field
        field += f".{leaf.component}"
        part = value.components[leaf.component - 1] if leaf.component <= len(value.components) else ""
        return f"{field}.{leaf.subcomponent}" if separator and separator in part else field


def _position(segment: Segment) -> int:
    return segment.position


def _part(raw: str, separator: str, number: int) -> str:
    if not separator or separator not in raw:
        return raw if number == 1 else ""
    parts = raw.split(separator)
    return parts[number - 1] if number <= len(parts) else ""


def legible(text: str) -> str:
    """The text without characters that FHIR strings cannot hold (controls other than tab and line ends)."""
    if text.isprintable():
        return text
    return "".join(c if c in "\t\n\r" or (ord(c) >= 0x20 and not 0x7F <= ord(c) <= 0x9F) else "\ufffd" for c in text)


_FORMATTING = {"br": "\n", "sp": "\n", "fi": "", "nf": "", "in": "", "ti": "", "sk": " ", "ce": "\n"}
_HEX = re.compile(r"\A(?:[0-9A-Fa-f]{2})+\Z")


def unescape(text: str, delimiters: Delimiters) -> str:
    """The text with its escape sequences resolved (2.7). An unknown sequence or a lone escape stays as it came."""
    escape = delimiters.escape
    if not escape or escape not in text:
        return text
    plain = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": escape,
    }
    out: list[str] = []
    position = 0
    while (start := text.find(escape, position)) >= 0:
        end = text.find(escape, start + 1)
        resolved = None if end < 0 else _sequence(text[start + 1 : end], plain)
        if resolved is None:
            out.append(text[position : start + 1])
            position = start + 1
            continue
        out.append(text[position:start] + resolved)
        position = end + 1
    return "".join(out) + text[position:]


def _sequence(body: str, plain: dict[str, str]) -> str | None:
    if body in plain:
        return plain[body]
    if body in ("H", "N"):
        return ""
    if body[:1] == "." and body[1:3] in _FORMATTING:
        return _FORMATTING[body[1:3]]
    if body[:1] == "X" and _HEX.match(body[1:]):
        return _hex(bytes.fromhex(body[1:]))
    return None


def _hex(raw: bytes) -> str:
    """The bytes of `\\X..\\`: senders mean their own character set, and UTF-8 is told from GB 18030 by its form."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")
