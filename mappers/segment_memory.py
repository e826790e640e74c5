"""What the rows of a map made of a segment before: a laboratory sends the same test, by the same analyser and the same
technician, all day, and only number, value and time differ, which no row reads.

Law: as `mappers.memory`: kept is only what follows from the site and the fields that the rows read, and only when the
rows wrote nothing but new elements of the sheet, ledger lines of this segment, and resources that are mentioned.
Source: none but speed; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers.engine import apply
from mappers.ledger import Line
from mappers.memory import LONGEST, Made, made_of, stand
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
    lines: tuple[tuple[int, int, int, int, tuple[tuple[Outcome, str, str], ...]], ...]
    """(field, repetition, component, sub-component, lines); a path that begins with `#` is one of the sheet."""
    made: tuple[Made | str, ...]
    elements: frozenset[str]
    """What the rows of the filled fields may write: none of it stood there."""


_KNOWN: dict[tuple[Any, ...], _Kept] = {}


@cache
def _reads(map_id: str) -> tuple[int, ...] | None:
    """The fields that the rows of a map look at; `None` when they look further than their segment."""
    fields: set[int] = set()
    for row in maps()[map_id]:
        fields.add(row.field[0])
        name = map_id.partition("[")[0]
        for segment, field in _OPERAND.findall(row.when):
            if segment != name:
                return None
            fields.add(int(field))
    return tuple(sorted(fields - {0}))


def apply_again(map_id: str, segment: Segment, sheet: Sheet, draft: Draft) -> None:
    """As `engine.apply`, remembered."""
    reads = _reads(map_id)
    if reads is None or draft.touched is not None:
        apply(map_id, segment, sheet, draft)
        return
    fields = segment.fields
    count = len(fields)
    key = (draft.number, map_id, *[fields[field] if field < count else "" for field in reads])
    kept = _KNOWN.get(key)
    body = sheet.body
    if kept is None or not kept.elements.isdisjoint(body) or not stand(kept.made, draft):
        _learn(map_id, segment, sheet, draft, key)
        return
    body.update(marshal.loads(kept.packed))  # noqa: S302 - bytes of this process
    lines, position, ref = draft.ledger.lines, segment.position, sheet.ref
    for field, repetition, component, sub, found in kept.lines:
        leaf = _NEW(Leaf, (position, field, repetition, component, sub))
        told: list[Line] = [
            _NEW(Line, (outcome, ref + path if path[0] == "#" else path, rule)) for outcome, path, rule in found
        ]
        if leaf in lines:
            lines[leaf] += told
        else:
            lines[leaf] = told


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
            (
                *leaf[1:],
                tuple(
                    (one.outcome, one.path[size:] if one.path.startswith(own) else one.path, one.rule) for one in found
                ),
            )
            for leaf, found in told
        ),
        made,
        elements,
    )
