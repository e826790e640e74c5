"""A message as a tree of its groups. Every segment is in the tree exactly once; unknown ones join the group open then.

Senders who write OBR before its ORC are understood: the pair stays one order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.grammar.structures import Move, Structure, structure_of
from mappers.message import Message, Segment


@dataclass(slots=True)
class Group:
    """One repetition of a group: its own segments and inner groups in the order they came."""

    name: str
    members: list[Segment | Group] = field(default_factory=list)

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Segment]]:
        """Every segment with the names of the groups around it, outermost first, without the message itself."""
        for member in self.members:
            if isinstance(member, Group):
                yield from member.walk((*path, member.name))
            else:
                yield path, member


def group(message: Message) -> Group:
    """The tree of a message; flat when its structure is unknown."""
    structure = structure_of(message)
    root = Group(structure.name if structure else message.code)
    if structure is None:
        root.members.extend(message.segments)
        return root
    opened = [root]
    for segment, move in placed(message, structure):
        if move is None:
            opened[-1].members.append(segment)
            continue
        if not move.in_order:
            opened[move.keep].members.append(segment)
            continue
        del opened[move.keep + 1 :]
        for number in move.slot.groups[move.keep :]:
            inner = Group(structure.groups[number].name)
            opened[-1].members.append(inner)
            opened.append(inner)
        opened[-1].members.append(segment)
    return root


def placed(message: Message, structure: Structure) -> Iterator[tuple[Segment, Move | None]]:
    """Each segment with its move; `None` for those the structure does not know."""
    position = 0
    swapped = _orders_swapped(message)
    yield message.msh, Move(structure.slots[0], 0)
    for segment in message.segments[1:]:
        move = structure.move(position, segment.name)
        if move is not None:
            if swapped and move.repeats and segment.name == "ORC":
                move = structure.behind(position, "ORC")
            if move.in_order:
                position = move.slot.place
        yield segment, move


def _orders_swapped(message: Message) -> bool:
    """Whether the message holds pairs of OBR and ORC, in that order throughout."""
    requests, controls = message.all("OBR"), message.all("ORC")
    if not controls or len(requests) != len(controls) or requests[0].position > controls[0].position:
        return False
    pairs = zip(requests, controls, strict=True)
    after = [*(request.position for request in requests[1:]), len(message.segments)]
    return all(one.position < two.position < limit for (one, two), limit in zip(pairs, after, strict=True))
