"""What the rows of a map made of a segment before: a laboratory sends the same test, by the same analyser and the same
technician, all day, and only number, value and time differ, which no row reads.

Law: as `mappers.memory`: kept is only what follows from the site and the fields that the rows read, and only when the
rows wrote nothing but new elements of the sheet, ledger lines of this segment, and resources that are mentioned.
Source: none but speed; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers.engine import apply
from mappers.ledger import Line
from mappers.memory import LONGEST, Made, again, made_of, stand
from mappers.message import Leaf, Segment
from mappers.rows import maps

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet, Touched
    from mappers.ledger import Outcome

MOST = 4096
_NEW = tuple.__new__
"""Makes a `Leaf` or a `Line` in half the time their own constructors take."""
_OPERAND = re.compile(r"\b([A-Z][A-Z0-9]{2})-(\d+)")


class _Kept(NamedTuple):
    packed: bytes
    """The elements that the rows write, marshalled."""
    lines: tuple[tuple[tuple[int, int, int, int], Line | None, Outcome, str, str], ...]
    """((field, repetition, component, sub-component), line, or what it is made of when its path is one of the sheet)"""
    made: tuple[Made | str, ...]
    elements: frozenset[str]
    """What the rows of the filled fields may write: none of it stood there."""


_KNOWN: dict[tuple[Any, ...], _Kept] = {}


@cache
def _reads(map_id: str) -> tuple[int, Callable[[list[str]], tuple[str, ...]]] | None:
    """The last field that the rows of a map look at, and what gives all of them; `None` when they look further than
    their segment."""
    fields: set[int] = set()
    for row in maps()[map_id]:
        fields.add(row.field[0])
        name = map_id.partition("[")[0]
        for segment, field in _OPERAND.findall(row.when):
            if segment != name:
                return None
            fields.add(int(field))
    return max(fields), itemgetter(0, *sorted(fields - {0}))


def apply_again(map_id: str, segment: Segment, sheet: Sheet, draft: Draft) -> None:
    """As `engine.apply`, remembered."""
    reads = _reads(map_id)
    if reads is None or draft.touched is not None:
        apply(map_id, segment, sheet, draft)
        return
    last, read = reads
    key = (draft.number, map_id, *read(segment.upto(last)))
    kept = _KNOWN.get(key)
    body = sheet.body
    if kept is None and not again(key):
        apply(map_id, segment, sheet, draft)
        return
    if kept is None or not kept.elements.isdisjoint(body) or not stand(kept.made, draft):
        _learn(map_id, segment, sheet, draft, key)
        return
    body.update(marshal.loads(kept.packed))  # noqa: S302 - bytes of this process
    of, position, ref = draft.ledger.lines.setdefault, segment.position, sheet.ref
    for place, line, outcome, path, rule in kept.lines:
        of(_NEW(Leaf, (position, *place)), []).append(line or _NEW(Line, (outcome, ref + path, rule)))


def _learn(map_id: str, segment: Segment, sheet: Sheet, draft: Draft, key: tuple[Any, ...]) -> None:
    lines, position, body = draft.ledger.lines, segment.position, sheet.body
    filled = [row.target for row in maps()[map_id] if not row.field[0] or segment.raw(row.field[0])]
    elements = frozenset(re.split(r"[.\[]", target, maxsplit=1)[0] for target in filled)
    clean = elements.isdisjoint(body) and not any(leaf.position == position for leaf in lines)
    before, effects, there = len(lines), draft.effects, set(body)
    touched: list[Touched] = []
    draft.touched = touched
    apply(map_id, segment, sheet, draft)
    draft.touched = None
    told = list(lines.items())[before:]
    if not clean or draft.effects != effects or sheet.deleted or any(leaf.position != position for leaf, _ in told):
        return
    if sum(map(len, key[2:])) > 2 * LONGEST:
        return
    try:
        made = made_of(touched)
        packed = marshal.dumps({name: value for name, value in body.items() if name not in there})
    except ValueError:  # a decimal number in it
        return
    if made is None:
        return
    if len(_KNOWN) >= MOST:
        _KNOWN.clear()
    own, size = sheet.ref + "#", len(sheet.ref)
    _KNOWN[key] = _Kept(
        packed,
        tuple(
            (leaf[1:], None if one.path.startswith(own) else one, one.outcome, one.path[size:], one.rule)
            for leaf, found in told
            for one in found
        ),
        made,
        elements,
    )
