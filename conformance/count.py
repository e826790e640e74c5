"""A number of a report, and how to reach what is behind it.

A `Count` is a tree: a number, up to 20 ids, a command that lists all of it, and the parts it is made of. The law of the
room: a number with parts equals the sum of its parts (`uneven` finds the ones that do not).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

SAMPLE = 20
WIDTH = 200
"""More different keys than this on one level are counted together as `(other)`: senders choose some of the keys."""
OTHER = "(other)"


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or a name in both languages of a report."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Count:
    """`ids` are `journal/12` or `Type/id`; `find` is a command line that lists everything counted, or ''."""

    key: str
    text: Text
    number: int
    ids: tuple[str, ...] = ()
    find: str = ""
    parts: tuple[Count, ...] = ()


def uneven(count: Count, path: str = "") -> Iterator[str]:
    """The places of the tree where a number is not the sum of its parts."""
    here = f"{path}/{count.key}"
    if count.parts and count.number != sum(part.number for part in count.parts):
        yield here
    for part in count.parts:
        yield from uneven(part, here)


@dataclass(slots=True)
class Tally:
    """Counts while rows go by; memory depends on the number of different paths, not on the number of rows."""

    number: int = 0
    ids: list[str | int] = field(default_factory=list)
    parts: dict[str, Tally] = field(default_factory=dict)

    def add(self, path: tuple[str, ...], source: str | int, amount: int = 1) -> None:
        """One more at that path. `source` is an id, or the number of a resource row that becomes one later."""
        node = self
        node._one(source, amount)
        for key in path:
            child = node.parts.get(key)
            if child is None:
                if len(node.parts) >= WIDTH:
                    key = OTHER
                child = node.parts.setdefault(key, Tally())
            node = child
            node._one(source, amount)

    def _one(self, source: str | int, amount: int) -> None:
        self.number += amount
        if len(self.ids) < SAMPLE and (not self.ids or self.ids[-1] != source):
            self.ids.append(source)

    def numbers(self) -> Iterator[int]:
        """The row numbers among the ids of the whole tree."""
        yield from (source for source in self.ids if isinstance(source, int))
        for part in self.parts.values():
            yield from part.numbers()


Name = Callable[[str], Text]
"""What a key is called."""
Find = Callable[[tuple[str, ...]], str]
"""The command that lists what a path counts."""


def frozen(tally: Tally, key: str, text: Text, names: tuple[Name, ...], find: Find, ids: Mapping[int, str]) -> Count:
    """The finished tree: greatest part first, equal ones by key. Ids nobody may see are left out."""
    return _frozen(tally, key, text, names, find, ids, ())


def _frozen(
    tally: Tally,
    key: str,
    text: Text,
    names: tuple[Name, ...],
    find: Find,
    ids: Mapping[int, str],
    path: tuple[str, ...],
) -> Count:
    shown = [ids.get(one, "") if isinstance(one, int) else one for one in tally.ids]
    ranked = sorted(tally.parts.items(), key=lambda item: (-item[1].number, item[0]))
    parts = tuple(
        _frozen(part, name, names[0](name), names[1:], find, ids, (*path, name)) for name, part in ranked if names
    )
    return Count(key, text, tally.number, tuple(dict.fromkeys(one for one in shown if one)), find(path), parts)
