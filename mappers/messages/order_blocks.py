"""Orders whose details are neither services nor medicine: one ORC and the segments of the named kinds behind it.

Source: HL7 v2.5.1 4.7 (OMD), 4.10 (OMS), 4.11 (OMN): `{ORC, details}`.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field

from mappers import systems
from mappers.datatypes.order_number import FILLER, PLACER, Number, number
from mappers.draft import Draft
from mappers.finish import finish
from mappers.mapped import Mapped
from mappers.message import Message, Segment
from mappers.messages.subject import Subject, subject
from mappers.messages.surroundings import alone, surround


@dataclass(slots=True)
class Block:
    """One ORC and what belongs to it."""

    orc: Segment | None = None
    details: list[Segment] = field(default_factory=list)
    notes: list[Segment] = field(default_factory=list)


Write = Callable[[Block, Number | None, Subject, Draft], None]


def each(draft: Draft, details: Sequence[str], write: Write) -> Mapped:
    """Every order of a message that has such details, written by `write`; the first names the segment that is missing
    when none has."""
    message = draft.message
    about = subject(draft, message.first("PID"), message.first("PV1"))
    if about is None:
        return finish(draft)
    found = [block for block in blocks(message, details) if block.details]
    if not found:
        return alone(draft, about, details[0])
    surround(draft, about)
    first: Number | None = None
    for block in found:
        key = number_of(block.orc, draft)
        first = first or key
        write(block, key, about, draft)
    return finish(draft, patient=about.patient.id, order_key=f"{first.system}|{first.value}" if first else "")


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
