"""Which segment of a message becomes which resource by which map: read off the ledgers of messages made by chance."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from adapters.er7 import parse
from adapters.grammar.grouping import group
from adapters.grammar.structures import Structure, structure_of
from mappers import Context, Site, map_message
from mappers.message import Message
from tests.mappers.generated import _Maker

TABLE = Path(__file__).parents[2] / "mappers" / "tables" / "messages.csv"
SAMPLES = (("2.5.1", 40), ("2.8", 20))
"""Versions, and how many messages of each."""
_CONTEXT = Context(Site("foreign", "F01"), "2026-03-01T08:00:01+08:00", "urn:qiao:message:foreign:1")
_SAID_ELSEWHERE = frozenset({"MSH", "SFT", "MSA"})
"""Segments that become the Provenance and its MessageHeader in every message."""


@cache
def seen(event: str, structure: str) -> frozenset[tuple[str, str]]:
    """(place in the structure, segment map) of all values that arrive."""
    code, _, trigger = event.partition("^")
    found: set[tuple[str, str]] = set()
    for version, count in SAMPLES:
        for seed in range(count):
            try:
                raw = _Maker(version, seed, 7).message(code, trigger, structure)
            except KeyError:  # the version has no such structure
                break
            message = parse(raw.decode()).message
            if message is not None:
                found |= _of(message)
    return frozenset(found)


def _of(message: Message) -> set[tuple[str, str]]:
    structure = structure_of(message)
    assert structure is not None
    there = places(structure)
    where = {
        segment.position: place
        for path, segment in group(message).walk()
        if segment.name not in _SAID_ELSEWHERE and (place := ".".join((structure.name, *path, segment.name))) in there
    }
    found: set[tuple[str, str]] = set()
    for leaf, lines in map_message(message, _CONTEXT).ledger.lines.items():
        for line in lines:
            name, hash_, _ = line.rule.partition("#")
            if hash_ and line.outcome != "dropped" and leaf.position in where:
                segment, bracket, _ = name.partition("[")
                if bracket and where[leaf.position].endswith(f".{segment}"):
                    found.add((where[leaf.position], name))
    return found


def places(structure: Structure) -> frozenset[str]:
    """The segments of a structure, each behind the names of its groups."""
    return frozenset(
        ".".join((structure.name, *(structure.groups[number].name for number in slot.groups), slot.name))
        for slot in structure.slots
    )


def rows() -> list[dict[str, str]]:
    """The rows of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))
