"""Bars as numbers: where each piece of a bar begins, how long it is, its colour. Pure; the template draws them."""

from __future__ import annotations

from dataclasses import dataclass

from conformance import labels
from conformance.count import Count, Text

LENGTH = 1000
"""Units of the longest bar."""
_LEAST = 4
"""A piece that counts something is never too short to be seen."""
COLOURS = 10


@dataclass(frozen=True, slots=True)
class Piece:
    """`colour` is the number of a class of the style sheet."""

    x: int
    width: int
    colour: str
    text: Text
    number: int


@dataclass(frozen=True, slots=True)
class Key:
    """One entry of a legend."""

    key: str
    colour: str
    text: Text


def legend(count: Count, level: str) -> tuple[Key, ...]:
    """The keys of the second level that occur, in the order of their label set."""
    found = {part.key: part.text for row in count.parts for part in row.parts}
    rank = {key: number for number, key in enumerate(labels.order(level))}
    ordered = sorted(found, key=lambda key: (rank.get(key, len(rank)), key))
    return tuple(Key(key, _colour(level, key, number), found[key]) for number, key in enumerate(ordered))


def plain(count: Count) -> tuple[tuple[Piece, ...], ...]:
    """One piece for each part, the greatest as long as the whole width."""
    most = max((part.number for part in count.parts), default=0)
    return tuple(
        (Piece(0, _length(part.number, most), _MEANT.get(part.key, "c0"), part.text, part.number),)
        for part in count.parts
    )


def stacked(count: Count, keys: tuple[Key, ...]) -> tuple[tuple[Piece, ...], ...]:
    """For each part the pieces of its own parts, one behind the other."""
    most = max((part.number for part in count.parts), default=0)
    return tuple(_stack(row, keys, most) for row in count.parts)


def single(count: Count, level: str) -> tuple[Piece, ...]:
    """The parts of one number as one bar of full length."""
    rank = {key: number for number, key in enumerate(labels.order(level))}
    parts = sorted(count.parts, key=lambda part: (rank.get(part.key, len(rank)), part.key))
    keys = tuple(Key(part.key, _colour(level, part.key, number), part.text) for number, part in enumerate(parts))
    return _stack(count, keys, count.number)


def _stack(row: Count, keys: tuple[Key, ...], most: int) -> tuple[Piece, ...]:
    numbers = {part.key: part.number for part in row.parts}
    pieces, x = [], 0
    for key in keys:
        number = numbers.get(key.key, 0)
        if number:
            width = _length(number, most)
            pieces.append(Piece(x, width, key.colour, key.text, number))
            x += width
    return tuple(pieces)


def _length(number: int, most: int) -> int:
    return max(_LEAST, round(LENGTH * number / most)) if number and most else 0


_MEANT = {
    "accepted": "good",
    "AA": "good",
    "refused": "bad",
    "AR": "bad",
    "AE": "warn",
    "unreadable": "worse",
    "rejected": "bad",
    "duplicate": "idle",
    "cancelled": "idle",
    "none": "idle",
    "unknown": "idle",
    "silent": "bad",
    "sent": "warn",
    "completed": "good",
    "final": "good",
    "preliminary": "warn",
    "received": "good",
    "created": "good",
    "deleted": "bad",
    "updated": "c1",
}
"""Keys whose colour means the same in every chart."""


def _colour(level: str, key: str, number: int) -> str:
    return _MEANT.get(key) or f"c{number % COLOURS}"
