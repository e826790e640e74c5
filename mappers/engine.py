"""Runs the rows of a segment map over one segment.

Rows are compiled once, at first use, into closures: parsing of conditions, paths and constants is never repeated.
`apply` is all a message translation calls; what a row cannot place stays unaccounted and is carried by `finish`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

from mappers import condition, path
from mappers.codes import table
from mappers.datatypes.registry import REGISTRY
from mappers.message import Segment
from mappers.rows import Row, RowError, maps
from mappers.use import Part, Use

if TYPE_CHECKING:
    from mappers.draft import Draft, Sheet

Step = Callable[[Segment, "Sheet", "Draft", path.Items], None]
NOT_DELETABLE = frozenset({"identifier", "extension", "modifierExtension", "meta", "contained"})
"""Elements fed by many fields, or that identify: `""` in one field does not delete them."""


def apply(map_id: str, segment: Segment, sheet: Sheet, draft: Draft, items: path.Items | None = None) -> None:
    """Runs the rows of `map_id`, for example `PID[Patient]`, over the segment into the sheet.

    `items` tells of list items that the caller began: `{("diagnosis", ":", path.WHOLE): 2}`.
    """
    run(compiled(map_id), segment, sheet, draft, {} if items is None else items)


def run(rows: tuple[tuple[int, Step], ...], segment: Segment, sheet: Sheet, draft: Draft, items: path.Items) -> None:
    """Runs compiled rows over the segment into the sheet."""
    fields = segment.fields
    count = len(fields)
    for field, step in rows:
        if field < count and fields[field]:
            step(segment, sheet, draft, items)


@cache
def compiled(map_id: str) -> tuple[tuple[int, Step], ...]:
    """(field, closure) of each row of the map. A mistake in a row is an error here, not at message time."""
    rows = maps().get(map_id)
    if rows is None:
        raise KeyError(f"there is no map {map_id}")
    return compile_rows(rows)


@cache
def compile_rows(rows: tuple[Row, ...]) -> tuple[tuple[int, Step], ...]:
    """(field, closure) of each row; also of the rows that a site brings."""
    made = frozenset(filter(None, (_first_list(row) for row in rows if row.datatype)))
    return tuple((row.field[0], _compile(row, made)) for row in rows)


def _first_list(row: Row) -> tuple[int, str] | None:
    """The first list item on the way of a row, with its field: `(7, "participant[]")`."""
    head, bracket, _ = row.target.partition("]")
    return (row.field[0], head) if bracket else None


def _compile(row: Row, made: frozenset[tuple[int, str]]) -> Step:
    field, component = row.field
    try:
        when = condition.parse(row.when, field) if row.when else None
        steps = path.parse(row.target)
        if row.vocabulary:
            table(row.vocabulary)
    except (ValueError, KeyError) as mistake:
        raise RowError(f"{row.id}: {mistake}") from mistake
    if row.value:
        return _constant(row, when, steps, dependent=_first_list(row) in made)
    convert = REGISTRY.get(row.datatype)
    if convert is None or not field:
        raise RowError(f"{row.id}: there is no datatype {row.datatype}, or no source for it")
    return _conversion(row, (field, component), when, steps)


def _conversion(
    row: Row, source: tuple[int, int], when: condition.Condition | None, steps: tuple[path.Step, ...]
) -> Step:
    field, component = source
    rule, vocabulary = row.id, row.vocabulary
    convert = REGISTRY[row.datatype]
    single = all(step.label is None or step.fixed >= 0 for step in steps)
    put = path.put
    element = _deletable(steps)

    def run(segment: Segment, sheet: Sheet, draft: Draft, items: path.Items) -> None:
        for value in segment.values(field):
            if when is not None and not when(segment, value, draft):
                continue
            part = Part(value, component) if component else value
            if not part.raw:
                continue
            if part.is_null:
                _delete(part, sheet, draft, element, rule)
                continue
            use = Use(draft, part, rule, vocabulary)
            converted = convert(part, use)
            if converted is None:
                continue
            place = put(sheet.body, steps, (field, value.repetition), items, converted)
            if place is not None:
                use.settle(f"{sheet.ref}#{place}")
            if single:
                return

    return run


def _deletable(steps: tuple[path.Step, ...]) -> str:
    """The element that `""` deletes: up to the first list; `''` when there is none to delete."""
    names: list[str] = []
    for step in steps:
        names.append(step.name)
        if step.label is not None:
            break
    return "" if names[0] in NOT_DELETABLE or names[0].startswith("_") else ".".join(names)


def _delete(part: Any, sheet: Sheet, draft: Draft, element: str, rule: str) -> None:
    for leaf in part.leaves():
        if element:
            sheet.delete(element)
            draft.ledger.note(leaf, "stored", sheet.path(element), rule)
        else:
            draft.ledger.note(leaf, "dropped", "null-shared-element", rule)


def _constant(row: Row, when: condition.Condition | None, steps: tuple[path.Step, ...], *, dependent: bool) -> Step:
    """A constant beside a value; `dependent` ones stand only in an item that a value of the same field made."""
    field = row.field[0]
    text = row.value
    value = json.loads(text[1:]) if text.startswith("=") else text
    put, known = path.put, path.known

    def run(segment: Segment, sheet: Sheet, draft: Draft, items: path.Items) -> None:
        if not field:
            if when is None or when(segment, None, draft):
                put(sheet.body, steps, (0, 1), items, _fresh(value))
            return
        for one in segment.values(field):
            slot = (field, one.repetition)
            if one.is_null or (dependent and not known(steps, slot, items)):
                continue
            if when is None or when(segment, one, draft):
                put(sheet.body, steps, slot, items, _fresh(value))

    return run


def _fresh(value: Any) -> Any:
    """A copy of a constant, so that no two resources share a part that one of them may go on writing."""
    if isinstance(value, dict):
        return {name: _fresh(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_fresh(child) for child in value]
    return value
