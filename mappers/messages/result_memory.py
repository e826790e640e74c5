"""What an OBX by itself made of its Observation before: a laboratory sends the same test, by the same analyser and the
same technician, all day, and only its number, its value and its time differ.

Law: as `mappers.memory`: kept is only what follows from the site and the fields, and only when nothing was written but
new elements of the Observation, ledger lines of this segment, and resources that are mentioned. A value is left open
only when it is a plain number that stands in `valueQuantity` as it was sent, a time only when it is the time of the
result; every other value is a part of what must be equal.
Source: none but speed; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mappers import dtm, original
from mappers.datatypes.number import USUAL
from mappers.ledger import Again, Line, SameLine
from mappers.memory import Made, again, made_of, stand
from mappers.message import Leaf, Segment
from mappers.messages.interpretation import Flags
from mappers.provenance import structural
from mappers.rows import maps

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet, Touched
    from mappers.order_state import ResultState

MOST, LONGEST = 2048, 1024
_LONGEST_VALUE = 32
"""Characters of a value that may come again: a word, no finding."""
_AROUND = (24, 29, 33)
"""Fields that speak of more than this Observation, or into what its panel says."""
_OPERAND = re.compile(r"\b([A-Z][A-Z0-9]{2})-\d+")
_PLAIN = frozenset({"NM", "ST"})
Key = tuple[Any, ...]


class Own(NamedTuple):
    """What an OBX says by itself: the status of its result, and what its flags mean. `named`: it has a name (OBX-3)."""

    status: str
    flags: Flags
    named: bool


class _Kept(NamedTuple):
    packed: bytes
    """The elements, marshalled; decimal numbers are left out."""
    numbers: tuple[tuple[tuple[str | int, ...], Decimal], ...]
    """The decimal numbers, by the way to them."""
    made: tuple[Made | str, ...]
    told: tuple[SameLine, ...]
    otherwise: tuple[str, ...]
    own: Own


_NEVER = _Kept(b"", (), (), (), (), Own("", Flags(()), False))
"""Stands for what is translated anew each time, because more is said of it than its elements."""
_KNOWN: dict[Key, _Kept] = {}
_TOLD: dict[tuple[SameLine, ...], tuple[SameLine, ...]] = {}
"""Most results fare alike, whatever they measure: they share their lines."""


@cache
def _by_itself() -> bool:
    """Whether the rows of OBX look at nothing but OBX."""
    return all(set(_OPERAND.findall(row.when)) <= {"OBX"} for row in maps()["OBX[Observation]"])


def own_words(obx: Segment, state: ResultState, sheet: Sheet, draft: Draft, write: Callable[[], Own]) -> Own:
    """What `write` writes into a sheet in which nothing stands that an OBX says; remembered."""
    key = _key(obx, state, draft)
    if key is None:
        return write()
    kept = _KNOWN.get(key)
    if kept is None:
        return _learn(key, obx, sheet, draft, write) if again(key) else write()
    if kept is _NEVER or not _replayed(kept, obx, sheet, draft):
        return write()
    return kept.own


def _key(obx: Segment, state: ResultState, draft: Draft) -> Key | None:
    """All that the Observation follows from, but the plain number and the time; `None` for what never comes again."""
    fields = obx.fields
    size = len(fields)
    if size < 6 or not _by_itself() or draft.touched is not None or any(fields[at] for at in _AROUND if at < size):
        return None
    number, value, time = fields[1], fields[5], fields[14] if size > 14 else ""
    if not number.isdigit() or (time and not time.isalnum()):
        return None
    form: Any = value
    if fields[2] in _PLAIN and USUAL.fullmatch(value):
        form = "." in value
    elif len(value) > _LONGEST_VALUE:
        return None
    return draft.number, state, form, time != "", *fields[2:5], *fields[6:14], *fields[15:]


def _replayed(kept: _Kept, obx: Segment, sheet: Sheet, draft: Draft) -> bool:
    """Whether the Observation was written again; nothing is, when what it mentions says something else by now."""
    fields, body = obx.fields, sheet.body
    time = dtm.dateTime(fields[14], draft.site.offset) if len(fields) > 14 and fields[14] else ""
    if time is None or structural("OBX", 1, fields[1]) is None or (kept.made and not stand(kept.made, draft)):
        return False
    body.update(marshal.loads(kept.packed))  # noqa: S302 - bytes of this process
    if time:
        body["effectiveDateTime"] = time
    for way, number in kept.numbers:
        node: Any = body
        for step in way[:-1]:
            node = node[step]
        node[way[-1]] = number
    if body.get("valueQuantity", _OTHER)["value"] is None:
        body["valueQuantity"]["value"] = Decimal(fields[5])
    draft.ledger.again[obx.position] = Again(sheet.ref, kept.told, kept.otherwise)
    return True


_OTHER = {"value": ""}


def _learn(key: Key, obx: Segment, sheet: Sheet, draft: Draft, write: Callable[[], Own]) -> Own:
    before, effects, there = len(draft.ledger.told), draft.effects, set(sheet.body)
    touched: list[Touched] = []
    draft.touched = touched
    own = write()
    draft.touched = None
    said = dict(list(draft.ledger.told.items())[before:])
    if len(_KNOWN) >= MOST:
        _KNOWN.clear()
        _TOLD.clear()
    clean = own.named and draft.effects == effects and not sheet.deleted
    elements = {name: value for name, value in sheet.body.items() if name not in there}
    _KNOWN[key] = (clean and _kept(key, obx, sheet, draft, elements, said, touched, own)) or _NEVER
    return own


def _kept(
    key: Key,
    obx: Segment,
    sheet: Sheet,
    draft: Draft,
    elements: dict[str, Any],
    said: dict[Leaf, list[Line]],
    touched: list[Touched],
    own: Own,
) -> _Kept | None:
    """What is remembered; `None` when that is not all that was done."""
    leaves: list[Leaf] = []
    texts: list[str] = []
    obx.tell(leaves, texts)
    set_id = structural("OBX", 1, obx.raw(1))
    made = made_of(touched)
    if set_id is None or made is None or len(obx.text) > LONGEST:
        return None
    said[Leaf(obx.position, 1, 1, 1, 1)] = [set_id]
    if said.keys() != set(leaves):
        return None
    if type(key[2]) is bool:
        open_ = elements.get("valueQuantity", {})
        if open_.get("value") != Decimal(obx.raw(5)):
            return None
        elements["valueQuantity"] = {**open_, "value": None}
    numbers: list[tuple[tuple[str | int, ...], Decimal]] = []
    packed = marshal.dumps(_lifted(elements, (), numbers))
    told = tuple(_same(said, sheet.ref))
    otherwise = tuple(_otherwise(obx, leaves, texts, said, draft))
    return _Kept(packed, tuple(numbers), made, _TOLD.setdefault(told, told), otherwise, own)


def _lifted(node: Any, way: tuple[str | int, ...], numbers: list[tuple[tuple[str | int, ...], Decimal]]) -> Any:
    """A copy without its decimal numbers, which cannot be marshalled."""
    if isinstance(node, dict):
        return {name: _lifted(child, (*way, name), numbers) for name, child in node.items()}
    if isinstance(node, list):
        return [_lifted(child, (*way, at), numbers) for at, child in enumerate(node)]
    if isinstance(node, Decimal):
        numbers.append((way, node))
        return None
    return node


def _same(said: dict[Leaf, list[Line]], ref: str) -> Iterator[SameLine]:
    own, size = f"{ref}#", len(ref)
    for leaf, found in sorted(said.items()):
        for outcome, path, rule in found:
            yield SameLine(*leaf[1:], outcome, path[size:] if path.startswith(own) else path, rule)


def _otherwise(
    obx: Segment, leaves: list[Leaf], texts: list[str], said: dict[Leaf, list[Line]], draft: Draft
) -> Iterator[str]:
    place = obx.name if obx.occurrence == 1 else f"{obx.name}[{obx.occurrence}]"
    for leaf, raw in zip(leaves, texts, strict=True):
        if leaf.field != 1 and original.otherwise(leaf, raw, said[leaf]):
            yield original.line(draft.message, leaf, raw).removeprefix(place)
