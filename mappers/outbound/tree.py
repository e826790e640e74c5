"""A v2 message in the making: segments of fields of repetitions of components, and the text it becomes.

Values are put in unescaped; the text escapes them. A slot that holds a value is never overwritten by another one: the
first to speak is the most specific. Fields that the receiver's version does not have are left out of the text.
Source: HL7 v2.5.1 chapter 2, 2.5 (construction) and 2.7 (escape sequences).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

Component = str | dict[int, str]
"""A text, or its sub-components by number."""
Repetition = dict[int, Component]
"""Components by number, from 1."""

TABLES = Path(__file__).parent.parent / "tables" / "outbound"
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\n": "\\.br\\", "\r": "\\.br\\"}
_SPECIAL = re.compile(r"[\\|^&~\r\n]")


class Built:
    """One segment. `fields` by number; each a list of repetitions."""

    __slots__ = ("fields", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.fields: dict[int, list[Repetition]] = {}

    def put(self, field: int, repetition: Repetition | str | None) -> None:
        """Sets a field that is still empty."""
        if repetition and not self.fields.get(field):
            self.fields[field] = [_repetition(repetition)]

    def add(self, field: int, repetition: Repetition | str | None) -> None:
        """One more repetition, unless the field has it already."""
        if not repetition:
            return
        whole = _repetition(repetition)
        there = self.fields.setdefault(field, [])
        if whole not in there:
            there.append(whole)

    def inside(self, field: int, component: int, repetition: Repetition) -> None:
        """Sets one component of the first repetition; the components of `repetition` become its sub-components."""
        there = self.fields.setdefault(field, [{}])[0]
        if component in there:
            return
        flat = {number: part for number, part in repetition.items() if isinstance(part, str)}
        there[component] = flat[1] if set(flat) == {1} else flat

    def beside(self, field: int, component: int, text: str) -> None:
        """Sets one component of the first repetition, when it is still empty."""
        if text:
            self.fields.setdefault(field, [{}])[0].setdefault(component, text)

    def get(self, field: int, component: int = 1) -> str:
        """The text of a component of the first repetition, `''` when there is none."""
        found = self.fields.get(field)
        part = found[0].get(component, "") if found else ""
        return part if isinstance(part, str) else part.get(1, "")

    @property
    def empty(self) -> bool:
        return not any(any(one.values()) for found in self.fields.values() for one in found)

    def text(self, version: str) -> str:
        """The segment as it goes out, without a terminator."""
        last = lengths(version).get(self.name)
        header = self.name == "MSH"
        numbers = [n for n, found in self.fields.items() if found and (last is None or n <= last)]
        written = [
            "~".join(map(_text, self.fields.get(number, ())))
            for number in range(3 if header else 1, max(numbers, default=0) + 1)
        ]
        while written and not written[-1]:
            written.pop()
        return "|".join([self.name, "^~\\&", *written] if header else [self.name, *written])


def _repetition(one: Repetition | str) -> Repetition:
    return {1: one} if isinstance(one, str) else {number: part for number, part in one.items() if part}


def _text(repetition: Repetition) -> str:
    return _joined("^", {number: _part(part) for number, part in repetition.items()})


def _part(part: Component) -> str:
    if isinstance(part, str):
        return escaped(part)
    return _joined("&", {number: escaped(text) for number, text in part.items()})


def _joined(separator: str, parts: Mapping[int, str]) -> str:
    written = [parts.get(number, "") for number in range(1, max(parts, default=0) + 1)]
    return separator.join(written).rstrip(separator)


def escaped(text: str) -> str:
    """The text with what separates, or ends a segment, written as an escape sequence."""
    if not _SPECIAL.search(text):
        return text
    return "".join(_ESCAPES.get(sign, sign) for sign in text.replace("\r\n", "\n"))


@cache
def lengths(version: str) -> Mapping[str, int]:
    """The number of the last field of each segment in that version; 0: the version has no such segment."""
    with (TABLES / "versions.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["segment"]: int(row[version]) for row in csv.DictReader(file, strict=True)})


@cache
def versions() -> tuple[str, ...]:
    """The versions that can be written."""
    with (TABLES / "versions.csv").open(encoding="utf-8", newline="") as file:
        return tuple(next(csv.reader(file))[1:])


@cache
def _structures() -> Mapping[str, Mapping[str, str]]:
    with (TABLES / "structures.csv").open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["type"]: row for row in csv.DictReader(file, strict=True)})


def structure(kind: str) -> str:
    """MSH-9.3 of a message type (`ADT^A04`: `ADT_A01`), `''` for a type that is not in the table."""
    found = _structures().get(kind)
    return found["structure"] if found is not None else ""


@cache
def order(kind: str, version: str) -> tuple[str, ...]:
    """The segments that messages of the type have in that version, in the order of their first place; `()` when the
    version does not know the type."""
    found = _structures().get(kind)
    return tuple(found[version].split()) if found is not None else ()


@cache
def repeating() -> frozenset[tuple[str, int]]:
    """The fields that may repeat (v2.5.1)."""
    with (TABLES / "repeating.csv").open(encoding="utf-8", newline="") as file:
        return frozenset((row["segment"], int(row["field"])) for row in csv.DictReader(file, strict=True))


def fitting(segments: Iterable[Built], version: str, kind: str) -> list[Built]:
    """The segments that say something, and that the version has, and its structure of the type."""
    known, allowed = lengths(version), order(kind, version)
    return [
        one for one in segments if known.get(one.name, 1) and not one.empty and (not allowed or one.name in allowed)
    ]


def written(segments: Iterable[Built], version: str) -> str:
    """The text of a message: each segment ends with a carriage return."""
    return "".join(f"{one.text(version)}\r" for one in segments)
