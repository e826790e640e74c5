"""Runs the rows of a segment map backwards: from a resource into a segment.

The same rows as inbound (`mappers.tables.segments`), and further ones for what inbound does in code
(`mappers.tables.outbound`, same columns). A row takes the values at its target path: first those rows that constants
tell apart (`participant[].type[]` is ATND), the ones with more constants before the others, then the remaining rows in
their order, each as many values as its field may repeat. Conditions choose between rows on the way in; on the way out
the resource has already chosen.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from mappers import path
from mappers.outbound import walk
from mappers.outbound.ask import Ask, Write
from mappers.outbound.datatypes.registry import REGISTRY
from mappers.outbound.receiver import Work
from mappers.outbound.tree import TABLES, Built, Repetition, repeating
from mappers.rows import Row, maps

Steps = tuple[path.Step, ...]


class Constant(NamedTuple):
    """`always`: without a condition, so that it must stand beside the value."""

    steps: Steps
    value: Any
    always: bool


class Back(NamedTuple):
    """One row read backwards."""

    id: str
    segment: str
    field: int
    component: int
    steps: Steps
    write: Write
    vocabulary: str
    constants: tuple[Constant, ...]
    most: int
    """How many values the field takes."""
    copy: bool
    """A row of the way out: it repeats a value that another field has as well."""

    @property
    def firm(self) -> bool:
        """Whether constants tell its values from those of other rows of the same target."""
        return any(one.always for one in self.constants)


class Plan(NamedTuple):
    """The rows of a map: `told` have constants and come first, `rest` take what remains."""

    told: tuple[Back, ...]
    rest: tuple[Back, ...]


def fill(
    map_id: str, body: dict[str, Any], segment: Built, work: Work, taken: set[tuple[Any, ...]] | None = None
) -> None:
    """Writes what the rows of `map_id` (`PID[Patient]`) find in the resource into the segment. `taken` are the list
    items that another segment of the same resource has told already."""
    plan = plans()[map_id]
    taken = set() if taken is None else taken
    for back in plan.told:
        _take(back, body, segment, work, taken, _told)
    for back in plan.rest:
        _take(back, body, segment, work, taken, _untold if back.firm else _any)


def _take(
    back: Back,
    body: dict[str, Any],
    segment: Built,
    work: Work,
    taken: set[tuple[Any, ...]],
    fits: Callable[[walk.Found, Back], bool],
) -> None:
    ask = Ask(work, f"{back.segment}-{back.field}", back.vocabulary)
    count = 0
    for found in walk.find(body, back.steps):
        if count >= back.most:
            return
        mine = (*found.key, back.segment, back.field, back.component) if back.most == 1 else found.key
        listed = isinstance(found.key[0], int)
        told = listed and not back.copy and found.key in taken and (back.most > 1 or mine not in taken)
        if told or not fits(found, back):
            continue
        written = back.write(found.value, ask)
        if not written:
            continue
        if not back.copy:
            taken |= {found.key, mine}  # two rows of one field are the halves of one value
        count += 1
        _put(back, written, segment)


def _told(found: walk.Found, back: Back) -> bool:
    return all(walk.holds(found, back.steps, one.steps, one.value) for one in back.constants)


def _untold(found: walk.Found, back: Back) -> bool:
    """Nothing stands where the constant would: a place without a status is still a place."""
    return not any(walk.said(found, back.steps, one.steps) for one in back.constants if one.always)


def _any(found: walk.Found, back: Back) -> bool:
    return True


def _put(back: Back, written: Repetition, segment: Built) -> None:
    there = segment.fields.get(back.field)
    if back.component:
        segment.inside(back.field, back.component, written)
    elif back.most > 1:
        segment.add(back.field, written)
    elif there and not there[0].keys() & written.keys():
        there[0].update(written)  # the other half of a pair, the address beside a name
    elif there and str(written.get(1, "")).startswith(segment.get(back.field) or "-"):
        there[0].update(written)  # the same time, more precisely
    else:
        segment.put(back.field, written)


@cache
def plans() -> dict[str, Plan]:
    """The plan of every map."""
    return {name: _plan(rows) for name, rows in _all().items()}


def _all() -> dict[str, tuple[Row, ...]]:
    found = {name: list(rows) for name, rows in maps().items()}
    for row in _own():
        found.setdefault(row.map, []).append(row)
    return {name: tuple(rows) for name, rows in found.items()}


@cache
def _own() -> tuple[Row, ...]:
    """The rows that only the way out has."""
    with (TABLES / "rows.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file, strict=True))


@cache
def left_out() -> dict[str, str]:
    """Rows that are not read backwards, and why."""
    with (TABLES / "left_out.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["reason"] for row in csv.DictReader(file, strict=True)}


def gaps() -> dict[str, str]:
    """Rows of any map whose datatype has no inverse, with the datatype."""
    return {
        row.id: row.datatype
        for rows in _all().values()
        for row in rows
        if row.datatype and row.datatype not in REGISTRY and row.id not in left_out()
    }


def _plan(rows: tuple[Row, ...]) -> Plan:
    backs = [_back(row, rows) for row in rows if row.datatype in REGISTRY and row.source and row.id not in left_out()]
    told = [one for one in backs if one.constants]
    told.sort(key=lambda one: -len(one.constants))
    return Plan(tuple(told), tuple(backs))


def _back(row: Row, rows: tuple[Row, ...]) -> Back:
    field, component = row.field
    segment = row.source.partition("-")[0]
    steps = path.parse(row.target)
    constants = tuple(
        Constant(
            path.parse(one.target), json.loads(one.value[1:]) if one.value.startswith("=") else one.value, not one.when
        )
        for one in rows
        if one.value and one.field[0] == field and _beside(path.parse(one.target), steps)
    )
    most = 999 if (segment, field) in repeating() and not component else 1
    write = REGISTRY[row.datatype]
    return Back(row.id, segment, field, component, steps, write, row.vocabulary, constants, most, row in _own())


def _beside(constant: Steps, steps: Steps) -> bool:
    """Whether the constant stands in the same first element, so that it tells something about the value."""
    return constant[0] == steps[0] and constant[0].label is not None
