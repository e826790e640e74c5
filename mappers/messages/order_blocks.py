"""Orders whose details are neither services nor medicine: one ORC and the segments of the named kinds behind it.

Source: HL7 v2.5.1 4.7 (OMD), 4.10 (OMS), 4.11 (OMN): `{ORC, details}`.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field

from mappers import systems
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.draft import Draft
from mappers.message import Message, Segment
from mappers.messages.subject import Subject


@dataclass(slots=True)
class Block:
    """One ORC and what belongs to it."""

    orc: Segment | None = None
    details: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)


def blocks(message: Message, details: Container[str]) -> list[Block]:
    """The orders of a message, in its own order; details before any ORC are an order without one."""
    found: list[Block] = []
    for segment in message.segments:
        if segment.name == "ORC" or (segment.name in details and not found):
            found.append(Block(segment if segment.name == "ORC" else None))
        if found and segment.name in details:
            found[-1].details.append(segment)
        elif found and segment.name == "NTE":
            found[-1].notes.append(segment)
    return found


def number_of(orc: Segment | None, draft: Draft) -> Number | None:
    """The placer number of an order, else its filler number."""
    if orc is None:
        return None
    return number(draft, orc.first(2), PLACER) or number(draft, orc.first(3), FILLER)


def own_number(block: Block, key: Number | None, about: Subject, kind: str, draft: Draft) -> tuple[str, str]:
    """System and value of what the id follows from."""
    if key is not None:
        return key.system, key.value
    told = "|".join(detail.raw(n) for detail in block.details for n in (1, 2, 3))
    when = block.orc.get(9) if block.orc is not None else None
    return systems.local(draft.site.institution, kind), f"{about.patient.id}|{told}|{when or ''}"
