"""What a message said and its resources say otherwise: a code turned into another, the name of a coding system that
became a URL, a time cut to a date, a leaf left out for a reason. Kept as it was sent, in one text of the Provenance.

A line a value: its location as people write it, a blank, the value: `PID-13.2 PRN`. In the value a backslash is written
`\\\\`, a line feed `\\n`, a carriage return `\\r`, another control `\\xHH`, so that it is read back as it was.
Source: none but the promise that no byte is lost; StructureDefinition v2-original.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from mappers import systems
from mappers.datatypes.coding_system import system_of
from mappers.ledger import Line
from mappers.message import Leaf, Message

V2_ORIGINAL = f"{systems.CANONICAL}/StructureDefinition/v2-original"
_SILENT = frozenset({"blank", "null-component", "null-shared-element", "null-value", "set-id", "transport"})
"""Reasons for leaving out what says nothing about anybody."""
OTHERWISE = (".system", ".unit", "#birthDate")
"""Places that may say a value in other words: a URL, an element for a name alone, a date."""
_SPECIAL = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}
_UNESCAPE = re.compile(r"\\(\\|n|r|x[0-9a-f]{2})")


def otherwise(leaf: Leaf, raw: str, found: list[Line]) -> bool:
    """Whether no line puts the value where it reads as it was sent."""
    for outcome, path, _ in found:
        if outcome == "carried" or (outcome == "stored" and not path.endswith(OTHERWISE)):
            return False
        if outcome == "stored" and _reads(leaf, raw, path):
            return False
        if outcome == "dropped" and path in _SILENT:
            return False
    return True


def _reads(leaf: Leaf, raw: str, path: str) -> bool:
    if path.endswith("#birthDate"):
        return len(raw) <= 8
    if path.endswith(".unit"):
        return leaf.component <= 2
    return _names(raw)


@lru_cache(maxsize=1024)
def _names(raw: str) -> bool:
    """Whether the URL of the coding system ends with the name that was sent."""
    return quote(raw, safe="") == raw and system_of(raw, "-", "-").endswith(f"/{raw}")


def line(message: Message, leaf: Leaf, raw: str) -> str:
    """The line of a value that reads otherwise in the resources."""
    segment = message.segments[leaf[0]]
    if segment.fields[leaf[1]] == raw:
        occurrence = segment.occurrence
        place = f"{segment.name}-{leaf[1]}" if occurrence == 1 else f"{segment.name}[{occurrence}]-{leaf[1]}"
    else:
        place = message.locate(leaf)
    return f"{place} {raw}" if raw.isprintable() and "\\" not in raw else f"{place} {_escaped(raw)}"


def read(text: str) -> dict[str, str]:
    """Back: values by their location."""
    pairs = (line.partition(" ") for line in text.split("\n"))
    return {place: _UNESCAPE.sub(_plain, value) for place, _, value in pairs}


def _escaped(raw: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0]) or f"\\x{ord(found[0]):02x}", raw)


def _plain(found: re.Match[str]) -> str:
    body = found[1]
    return {"\\": "\\", "n": "\n", "r": "\r"}.get(body) or chr(int(body[1:], 16))
