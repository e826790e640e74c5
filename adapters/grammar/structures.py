"""The message structures, compiled from `grammar.zip` the first time each is asked for.

A structure is its segments in order (slots), each within its groups; `move` says where the next segment stands, and
every answer is remembered, so a message costs one look-up a segment. What the standard allows is tried first, then
what skips required segments, then any place that has the name.
Source: HL7 v2.5.1 2.12 and table 0354 (event to structure: `events.csv`).
"""

from __future__ import annotations

import csv
import json
import re
import zipfile
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from mappers.message import Message

VERSIONS = ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8", "2.8.1", "2.8.2")
_READ_AS = {"2.7.1": "2.7", "2.9": "2.8.2", "2.9.1": "2.8.2"}
_DEFAULT = "2.4"
_NUMBER = re.compile(r"2\.\d(?:\.\d)?")
_HERE = Path(__file__).parent
_OPENERS = frozenset({"OBR", "RXO", "RXE", "RXD", "RXG", "RXA", "SPM", "SAC", "PID"})
"""Segments that begin a new repetition of their group even when a required one before them is missing."""
_PRIOR = "PRIOR_RESULT"
"""In an OML this group may begin with ORC as the next order does: only a PID, PV1 or AL1 leads into it."""


class Slot(NamedTuple):
    """One place for a segment; `high` 0 means no limit; `groups` are numbers of groups, outermost first, root left
    out."""

    place: int
    name: str
    low: int
    high: int
    groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """One group: its slots are `first` to `last`; `required` are bits of slots, `required_groups` numbers of groups."""

    name: str
    low: int
    high: int
    first: int
    last: int
    required: int
    required_groups: tuple[int, ...]


class Move(NamedTuple):
    """Where a segment goes: its slot, how many open groups stay open, and whether that is in order and not too
    often."""

    slot: Slot
    keep: int
    in_order: bool = True
    too_often: bool = False
    repeats: bool = False


class Structure:
    """One message structure of one version."""

    __slots__ = ("_moves", "groups", "name", "names", "slots", "version")

    def __init__(self, name: str, version: str, nodes: list[Any]) -> None:
        self.name = name
        self.version = version
        self.slots: list[Slot] = []
        self.groups: list[Bounds] = []
        self._add(name, 1, 1, nodes, ())
        self.names = frozenset(slot.name for slot in self.slots)
        self._moves: dict[tuple[int, str], Move] = {}

    def _add(self, name: str, low: int, high: int, nodes: list[Any], path: tuple[int, ...]) -> None:
        number, first = len(self.groups), len(self.slots)
        self.groups.append(Bounds(name, low, high, first, first, 0, ()))
        required, required_groups = 0, []
        inner = (*path, number) if number else ()
        for node in nodes:
            if len(node) == 4:
                if node[1]:
                    required_groups.append(len(self.groups))
                self._add(node[0], node[1], node[2], node[3], inner)
                continue
            if node[1]:
                required |= 1 << len(self.slots)
            self.slots.append(Slot(len(self.slots), node[0], node[1], node[2], inner))
        self.groups[number] = Bounds(name, low, high, first, len(self.slots) - 1, required, tuple(required_groups))

    def move(self, position: int, name: str) -> Move | None:
        """Where a segment goes that follows the slot `position`; `None` when the structure does not know its name."""
        found = self._moves.get((position, name))
        if found is None and name in self.names:
            found = self._moves[position, name] = self._find(position, name)
        return found

    def _find(self, position: int, name: str) -> Move:
        slot = self.slots[position]
        if slot.name == name and slot.high != 1:
            return Move(slot, len(slot.groups))
        levels = range(len(slot.groups), -1, -1)
        for skip in (False, True):
            for level in levels:
                found = self._forward(slot, level, name, skip) or self._again(slot, level, name, skip)
                if found:
                    return found
        if slot.name == name:
            return Move(slot, len(slot.groups), too_often=True)
        return self.behind(position, name)

    def behind(self, position: int, name: str) -> Move:
        """A segment out of its order joins the groups that are open now."""
        here = self.slots[position].groups
        best = max(
            (slot for slot in self.slots if slot.name == name),
            key=lambda slot: (_common(slot.groups, here), -abs(slot.place - position)),
        )
        return Move(best, _common(best.groups, here), in_order=False)

    def _forward(self, slot: Slot, level: int, name: str, skip: bool) -> Move | None:
        last = self.groups[slot.groups[level - 1] if level else 0].last
        for target in self.slots[slot.place + 1 : last + 1]:
            if target.name != name or not (skip or self._reachable(slot.place + 1, target, slot.groups)):
                continue
            keep = _common(slot.groups, target.groups)
            if name in ("ORC", "OBR") and any(self.groups[number].name == _PRIOR for number in target.groups[keep:]):
                continue
            return Move(target, keep)
        return None

    def _again(self, slot: Slot, level: int, name: str, skip: bool) -> Move | None:
        if not level or (skip and name not in _OPENERS):
            return None
        number = slot.groups[level - 1]
        bounds = self.groups[number]
        if bounds.high == 1:
            return None
        for target in self.slots[bounds.first : bounds.last + 1]:
            if target.name == name and (skip or self._reachable(bounds.first, target, slot.groups[:level])):
                return Move(target, level - 1, repeats=True)
        return None

    def _reachable(self, start: int, target: Slot, opened: tuple[int, ...]) -> bool:
        """Whether every slot from `start` up to the target may be left out."""
        for slot in self.slots[start : target.place]:
            if not slot.low:
                continue
            entered = slot.groups[_common(slot.groups, opened) :]
            if all(number in target.groups or self.groups[number].low for number in entered):
                return False
        return True


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """How many leading groups two paths share."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def version_of(message: Message) -> tuple[str, bool]:
    """The version to read a message by, and whether it is the one MSH-12 names."""
    written = (message.msh.get(12) or "").strip()
    if written in VERSIONS:
        return written, True
    if written in _READ_AS:
        return _READ_AS[written], written == "2.7.1"
    found = _NUMBER.search(written)
    if not found:
        return _DEFAULT, False
    return max((version for version in VERSIONS if version <= found[0]), default=VERSIONS[0]), False


def structure_of(message: Message) -> Structure | None:
    """The structure of MSH-9, of its version or the nearest that has it; `None` for those no version has."""
    return _structure(message.code, message.event, message.msh.get(9, 3) or "", version_of(message)[0])


@cache
def required_fields(version: str) -> dict[str, tuple[int, ...]]:
    """The numbers of the required fields, by segment."""
    return {name: tuple(numbers) for name, numbers in _facts(version)["required"].items()}


def is_segment(name: str) -> bool:
    """Whether any version knows a segment of that name, or it is one of the local Z segments."""
    return name in _segments() or name.startswith("Z")


@cache
def _segments() -> frozenset[str]:
    return frozenset(_member("segments.json"))


@lru_cache(maxsize=4096)  # bounded: MSH-9 is whatever senders write
def _structure(code: str, event: str, written: str, version: str) -> Structure | None:
    named = (written,) if written.startswith(code) and written else ()
    listed = _events().get((code, event))
    wanted = [*named, f"{code}_{event}", *((listed,) if listed else ()), code]
    for candidate in _nearest(version):
        for name in wanted:
            if name in _names(candidate):
                return _compiled(name, candidate)
    return None


@cache
def _compiled(name: str, version: str) -> Structure:
    return Structure(name, version, _facts(version)["structures"][name])


def _nearest(version: str) -> list[str]:
    """The version itself, then the later ones, then the earlier ones, each nearest first."""
    index = VERSIONS.index(version)
    return [*VERSIONS[index:], *reversed(VERSIONS[:index])]


@cache
def _names(version: str) -> frozenset[str]:
    return frozenset(_facts(version)["structures"])


@lru_cache(maxsize=1)  # what was compiled of it stays; a version has hundreds of structures, a county uses a dozen
def _facts(version: str) -> dict[str, Any]:
    facts: dict[str, Any] = _member(f"{version}.json")
    return facts


def _member(name: str) -> Any:
    with zipfile.ZipFile(_HERE / "grammar.zip") as archive:
        return json.loads(archive.read(name))


@cache
def _events() -> dict[tuple[str, str], str]:
    with (_HERE / "events.csv").open(encoding="utf-8", newline="") as table:
        return {
            (row["code"], event): row["structure"] for row in csv.DictReader(table) for event in row["events"].split()
        }
