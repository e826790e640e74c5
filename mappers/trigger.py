"""MSH-9 as senders write it -> the trigger that the message is translated by.

A v2.1 sender writes `ORU` alone, others the structure in the place of the type (`ORU_R01`), or small letters. The event
that is not told is the one of `tables/default_events.csv`, chosen so that it claims least; where the events of a type
differ in what they undo (SIU, RRI) none is put in the place of a missing one. What MSH-9 says stays as it was sent.
Source: HL7 v2.5.1 2.14.9.9 and table 0354; v2.1 2.4.9 (MSH-9 has one component).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Container, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from mappers.message import Message

_STRUCTURE = re.compile(r"([A-Z]{3})_([A-Z][A-Z0-9]{2})", re.ASCII)


def understood(message: Message, known: Container[tuple[str, str]]) -> Message:
    """The message under a trigger that is `known`; the message itself when it has one, or when none can be meant."""
    code, event = message.code, message.event
    if (code, event) in known or (code, "*") in known:
        return message
    meant = _meant(code.upper(), event.upper())
    return message.read_as(*meant) if meant in known else message


def _meant(code: str, event: str) -> tuple[str, str]:
    structure = _STRUCTURE.fullmatch(code)
    if structure is not None:
        code, event = structure[1], event or structure[2]
    return code, event or _defaults().get(code, "")


@cache
def _defaults() -> Mapping[str, str]:
    path = Path(__file__).parent / "tables" / "default_events.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType({row["code"]: row["event"] for row in csv.DictReader(file, strict=True)})
