"""A small ER7 writer: fields by their HL7 number in, one segment out (HL7 v2.5.1 chapter 2, 2.5 and 2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

_ESCAPES = str.maketrans({"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\", "\n": "\\.br\\"})


def escape(text: str) -> str:
    """Free text with the delimiters escaped; a line end becomes `\\.br\\`."""
    return text.translate(_ESCAPES)


def segment(name: str, fields: Mapping[int, str]) -> str:
    """The segment with each field at its number; gaps stay empty, nothing is escaped here."""
    last = max((number for number, value in fields.items() if value), default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def header(fields: Mapping[int, str]) -> str:
    """An MSH segment: fields 1 and 2 are the delimiters, the others as given."""
    last = max(fields)
    return "|".join(["MSH|^~\\&", *(fields.get(number, "") for number in range(3, last + 1))])


def parts(*components: str) -> str:
    """Components joined, trailing empty ones left off."""
    return "^".join(components).rstrip("^")


def stamp(when: datetime) -> str:
    """`20261021080305`, without an offset as most senders write it."""
    return when.strftime("%Y%m%d%H%M%S")


def day_of(when: date) -> str:
    return when.strftime("%Y%m%d")
