"""Retention: which values of a message are found again in a Bundle, whoever made it.

Of every leaf value: found in one of the forms of `presence`, *coded* (a code map turns it into a code that stands in
the Bundle), or lost. Not asked for: MSH-1, MSH-2, set ids (they number segments), `""`. The share over values of three
characters and more is the figure that converters are compared by; a shorter value may be found by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Literal, NamedTuple

from conformance.transform.presence import Form, Presence
from mappers import codes, rows
from mappers.datatypes.coding_system import named
from mappers.message import NULL, Leaf, Message, legible, unescape

Found = Form | Literal["coded"]
LONG = 3
"""Characters of a value that is hardly found by chance."""
_OF_DATATYPES = (
    "TelecommunicationEquipmentType",
    "TelecommunicationUseCode",
    "NameType",
    "AddressType[Type]",
    "AddressType[Use]",
    "IdentifierType",
)
"""Code maps of the parts of names, addresses, telephones and identifiers, in whatever field they stand."""
_SET_IDS = frozenset(
    (
        *("AIG", "AIL", "AIP", "AIS", "AL1", "DG1", "FT1", "GT1", "IAM", "IN1", "NK1", "NTE", "OBR", "OBX", "PID"),
        *("PR1", "PV1", "RGS", "SPM", "TQ1", "UB1", "UB2"),
    )
)
"""Segments whose first field is a set id."""


class Sought(NamedTuple):
    """A value that should be found: `location` as in ERR-2, `form` '' when it is lost."""

    location: str
    leaf: Leaf
    value: str
    form: Found


def sought(message: Message, presence: Presence) -> list[Sought]:
    """Every value of the message that counts, and how it is found."""
    return [_one(message, leaf, presence) for leaf in message.leaves() if _counts(message, leaf)]


def share(values: Iterable[Sought], *, least: int = LONG) -> float | None:
    """The share that is found, of values of at least that many characters; None of none."""
    asked = [one for one in values if len(one.value) >= least]
    return sum(1 for one in asked if one.form) / len(asked) if asked else None


def _counts(message: Message, leaf: Leaf) -> bool:
    name = message.segments[leaf.position].name
    if name == "MSH" and leaf.field in (1, 2):
        return False
    if leaf.field == 1 and name in _SET_IDS:
        return False
    return message.value(leaf).strip() not in ("", NULL)


def _one(message: Message, leaf: Leaf, presence: Presence) -> Sought:
    raw = message.value(leaf)
    value = legible(unescape(raw, message.delimiters)).strip()
    # What is carried is carried as it was written.
    form: Found = presence.form(value) or (presence.form(raw) if raw != value else "")
    if not form:
        segment = message.segments[leaf.position].name
        if any(target in presence.texts for target in _coded(segment, leaf.field, value)):
            form = "coded"
    return Sought(message.locate(leaf), leaf, value, form)


def _coded(segment: str, field: int, value: str) -> Iterable[str]:
    """The codes that the maps of the field make of a value, and the URL of a coding system."""
    for name in (*_vocabularies().get((segment, field), ()), *_OF_DATATYPES):
        known = codes.table(name).codes.get(value)
        if known is not None:
            yield known.code
    if value.upper() in named():
        yield named()[value.upper()]


@cache
def _vocabularies() -> Mapping[tuple[str, int], frozenset[str]]:
    """The code maps of each field, by the rows and by the official map."""
    found: dict[tuple[str, int], set[str]] = {}
    for listed in rows.maps().values():
        for row in listed:
            if row.vocabulary:
                found.setdefault((row.map[:3], row.field[0]), set()).add(row.vocabulary)
    return {place: frozenset(names) for place, names in found.items()}
