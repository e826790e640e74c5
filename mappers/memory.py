"""What a conversion made of a text before, for the next message of the same site: codes, doctors, wards and houses are
few, and come all day.

Law: only what follows from site, row, conversion and text is kept: a conversion that raised an issue, put a code on the
work list, left a leaf out or wrote into a resource that stood there is done anew each time. What is given back is a
copy that its resource may go on writing; resources that were made on the way are made again, and a resource that says
something else by now sends the caller back to the conversion. Bounded: `MOST` texts of at most `LONGEST` characters.
Source: none but speed; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers.ledger import Line
from mappers.message import Leaf
from mappers.organization import institution
from mappers.use import Repetition, Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Touched
    from mappers.ledger import Outcome
    from mappers.mapped import Weight

Conversion = Callable[[Repetition, Use], Any]
MOST, LONGEST = 8192, 512
_NEW = tuple.__new__
"""Makes a `Leaf` in half the time its own constructor takes."""
_PLAIN = 2
"""The version of the form that is the same for equal values, whatever they share."""


class Made(NamedTuple):
    """A resource that a conversion made on its way."""

    key: tuple[str, str]
    """Type and id."""
    weight: Weight
    owner: str
    body: dict[str, Any]
    packed: bytes
    """The body, marshalled: the quickest way to a copy that nobody shares."""
    stood: bool
    """It stood there already, and the conversion had nothing to add."""


class Kept(NamedTuple):
    """One remembered conversion; `packed`, when it has parts of its own, stands for `value`."""

    value: Any
    packed: bytes
    notes: tuple[tuple[int, int, Outcome, str, str], ...]
    touched: tuple[Made | str, ...]
    """In order: what was made, and the codes of institutions that were spoken of."""


_NEVER = Kept(None, b"", (), ())
"""Stands for a text that is converted anew each time, because more is said of it than its value."""
_Key = tuple[int, str, str, str]
"""Site, datatype, row and text: one row may read a text in two ways."""
_KNOWN: dict[_Key, Kept] = {}

_SEEN: set[int] = set()
"""Texts (by their hash) that came once: what never comes again is not worth remembering."""
_MOST_SEEN = 65536


def recall(raw: str, datatype: str, rule: str, draft: Draft) -> Kept | None:
    """What a row made of this text before, its resources made again; `None` when that is not known, was nothing, or is
    not to be used."""
    kept = _KNOWN.get((draft.number, datatype, rule, raw))
    if kept is None or draft.touched is not None or (kept.value is None and not kept.packed):
        return None
    return None if kept.touched and not stand(kept.touched, draft) else kept


def copied(kept: Kept) -> Any:
    """The value, as a copy that nobody shares."""
    if kept.packed:
        return marshal.loads(kept.packed)  # noqa: S302 - bytes of this process
    return dict(kept.value) if type(kept.value) is dict else kept.value


def tell(kept: Kept, of: Callable[[Leaf, list[Line]], list[Line]], position: int, field: int, path: str) -> None:
    """The ledger lines of a value that stands at `path`; `of` gives the lines of a leaf."""
    for component, sub, outcome, below, rule in kept.notes:
        where = path if not below else below if "#" in below else f"{path}.{below}"
        of(_NEW(Leaf, (position, field, 1, component, sub)), []).append(_NEW(Line, (outcome, where, rule)))


def remembering(datatype: str, convert: Conversion) -> Conversion:
    """The same conversion with a memory."""

    def convert_again(value: Repetition, use: Use) -> Any:
        draft = use.draft
        raw = value.raw
        if len(raw) > LONGEST or use.prefix or draft.touched is not None:
            return convert(value, use)
        key = (draft.number, datatype, use.rule, raw)
        kept = _KNOWN.get(key)
        if kept is _NEVER:
            return convert(value, use)
        if kept is None:
            return _learn(convert, value, use, key) if again(key) else convert(value, use)
        if kept.touched and not stand(kept.touched, draft):
            return _learn(convert, value, use, key)
        position, field, repetition = value.segment.position, value.field, value.repetition
        use.notes = [
            (_NEW(Leaf, (position, field, repetition, component, sub)), outcome, path, rule)
            for component, sub, outcome, path, rule in kept.notes
        ]
        return copied(kept)

    return convert_again


def again(key: tuple[Any, ...]) -> bool:
    """Whether the text came before."""
    mark = hash(key)
    if mark in _SEEN:
        return True
    if len(_SEEN) >= _MOST_SEEN:
        _SEEN.clear()
    _SEEN.add(mark)
    return False


def stand(touched: tuple[Made | str, ...], draft: Draft) -> bool:
    """Whether the resources that the conversion makes stand in the draft, made now unless one says something else."""
    sheets = draft.sheets
    for made in touched:
        if type(made) is Made:
            there = sheets.get(made.key)
            if made.stood if there is None else there.body != made.body:
                return False
    for made in touched:
        if type(made) is Made:
            sheet = sheets.get(made.key)
            if sheet is None:
                sheet = draft.resource(*made.key, made.weight, made.owner)
                sheet.body = marshal.loads(made.packed)  # noqa: S302 - bytes of this process
            elif made.weight > sheet.weight:
                sheet.weight = made.weight
        else:
            institution(str(made), draft)
    return True


def _learn(convert: Conversion, value: Repetition, use: Use, key: _Key) -> Any:
    """Converts, and keeps what had no effect but its value, its notes and new resources."""
    draft = use.draft
    effects, before = draft.effects, len(use.notes)
    touched: list[Touched] = []
    draft.touched = touched
    found = convert(value, use)
    draft.touched = None
    if draft.effects != effects or before:
        if len(_KNOWN) < MOST:
            _KNOWN[key] = _NEVER
        return found
    flat = not isinstance(found, dict) or not any(isinstance(child, (dict, list)) for child in found.values())
    try:
        whole = b"" if flat else marshal.dumps(found)
        made = made_of(touched)
    except ValueError:  # a decimal number in it
        return found
    if made is None:
        return found
    if len(_KNOWN) >= MOST:
        _KNOWN.clear()
    kept = dict(found) if type(found) is dict and flat else found if flat else None
    notes = tuple((leaf.component, leaf.subcomponent, outcome, path, rule) for leaf, outcome, path, rule in use.notes)
    _KNOWN[key] = Kept(kept, whole, notes, made)
    return found


def made_of(touched: list[Touched]) -> tuple[Made | str, ...] | None:
    """What must stand when the conversion is done again; `None` when it wrote into what stood there."""
    made: dict[str, Made | str] = {}
    for one in touched:
        if isinstance(one, str):
            made.setdefault(one, one)
            continue
        sheet, before = one
        if sheet.ref in made:
            continue
        now = marshal.dumps(sheet.body, _PLAIN)
        if before is not None and now != before:
            return None
        body = marshal.loads(now)  # noqa: S302 - bytes of this process
        made[sheet.ref] = Made((sheet.type, sheet.id), sheet.weight, sheet.owner, body, now, before is not None)
    return tuple(made.values())
