"""Writes one Python function for each segment map: what its rows say, with nothing left to look up.

Law: the rows are the only source; the function does row after row what they say, in their order. A field with a single
repetition takes the short way where one exists (a conversion that is remembered, a plain value of a simple datatype);
every other goes through `Use`, which cannot read a leaf without telling what became of it. Both ways place a value by
the same lines. Source: docs/decisions/2611-generated-maps.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from mappers import condition, path
from mappers.codes import table
from mappers.datatypes.registry import PLAIN, REGISTRY, REMEMBERED
from mappers.ledger import Line
from mappers.memory import copied, recall, tell
from mappers.message import NULL, Leaf
from mappers.rows import Row, RowError
from mappers.use import Part, Use

NOT_DELETABLE = frozenset({"identifier", "extension", "modifierExtension", "meta", "contained"})
"""Elements fed by many fields, or that identify: `""` in one field does not delete them."""
Lines = Iterator[str]
RUNTIME: dict[str, Any] = {
    "Leaf": Leaf,
    "Line": Line,
    "NULL": NULL,
    "Part": Part,
    "Use": Use,
    "add": path.add,
    "copied": copied,
    "enter": path.enter,
    "merge": path.merge,
    "new": tuple.__new__,
    "recall": recall,
    "tell": tell,
}
"""What every generated function calls; `new` makes a `Leaf` or a `Line` in half the time its constructor takes."""


class Written(NamedTuple):
    """The source of a function, the name of it, and the names that the source uses."""

    source: str
    function: str
    names: dict[str, Any]


def write(rows: Sequence[Row]) -> Written:
    """The function of the rows of one map. `RowError` names the row that cannot be run."""
    names = dict(RUNTIME)
    made = frozenset(filter(None, (_first_list(row) for row in rows if row.datatype)))
    function = _identifier(rows[0].map)
    body: list[str] = []
    at = -1
    for row in rows:
        field = row.field[0]
        if field != at:
            body += [f"raw = fields[{field}]", "if raw:"]
            at = field
        body += _indented(_row(row, made, names))
    lines = [
        f"def {function}(segment, sheet, draft, items):",
        f"    fields = segment.upto({max(row.field[0] for row in rows)})",
        "    position, body, mark = segment.position, sheet.body, sheet.ref + '#'",
        "    offset, of = draft.site.offset, draft.ledger.told.setdefault",
        "    several = segment.delimiters.repetition",
        *_indented(body),
    ]
    return Written("\n".join(lines) + "\n", function, names)


def _row(row: Row, made: frozenset[tuple[int, str] | None], names: dict[str, Any]) -> Lines:
    field = row.field[0]
    try:
        steps = path.parse(row.target)
        when = ""
        if row.when:
            when = f"when_{_identifier(row.id.partition('#')[2])}"
            names[when] = condition.parse(row.when, field)
        if row.vocabulary:
            table(row.vocabulary)
    except (ValueError, KeyError) as mistake:
        raise RowError(f"{row.id}: {mistake}") from mistake
    yield f"# {row.id} -> {row.target}"
    if row.value:
        yield from _constant(row, steps, when, names, dependent=_first_list(row) in made)
        return
    if row.datatype not in REGISTRY or not field:
        raise RowError(f"{row.id}: there is no datatype {row.datatype}, or no source for it")
    yield from _conversion(row, steps, when, names)


def _first_list(row: Row) -> tuple[int, str] | None:
    """The first list item on the way of a row, with its field: `(7, "participant[]")`."""
    head, bracket, _ = row.target.partition("]")
    return (row.field[0], head) if bracket else None


def _conversion(row: Row, steps: tuple[path.Step, ...], when: str, names: dict[str, Any]) -> Lines:
    component = row.field[1]
    long = list(_each_repetition(row, steps, when, names))
    holds = f" and {when}(segment, None, draft)" if when else ""
    if not component and row.datatype in PLAIN and not row.vocabulary:
        plain, sub = PLAIN[row.datatype]
        names[plain.__name__] = plain
        yield f"found = {plain.__name__}(raw, offset) if raw.isalnum(){holds} else None"
        yield "if found is not None:"
        told = [
            f"leaf = new(Leaf, (position, {row.field[0]}, 1, 1, 1))",
            f"of(leaf, []).append(new(Line, ('stored', mark + place{f' + {sub!r}' if sub else ''}, {row.id!r})))",
        ]
    elif not component and row.datatype in REMEMBERED:
        yield f"kept = recall(raw, {row.datatype!r}, {row.id!r}, draft)" + (
            f" if {holds[5:]} else None" if when else ""
        )
        yield "if kept is not None:"
        told = [f"tell(kept, of, position, {row.field[0]}, mark + place)"]
    else:
        yield from long
        return
    lines = list(placed(steps, row.field[0], "1", names))
    value = [] if row.datatype in PLAIN and not row.vocabulary else ["found = copied(kept)"]
    yield from _indented([*value, *lines, "if place is not None:", *_indented(told)])
    yield "else:"
    yield from _indented(long)


def _each_repetition(row: Row, steps: tuple[path.Step, ...], when: str, names: dict[str, Any]) -> Lines:
    field, component = row.field
    convert = _identifier(row.datatype)
    names[convert] = REGISTRY[row.datatype]
    yield f"for value in segment.values({field}):"
    body: list[str] = []
    if when:
        body += [f"if not {when}(segment, value, draft):", "    continue"]
    value = "value"
    if component:
        value = "part"
        body += [f"part = Part(value, {component})", "if not part.raw:", "    continue"]
    body += [
        f"if {value}.raw == NULL:",
        f"    sheet.nullify({value}.leaves(), {_deletable(steps)!r}, {row.id!r}, draft.ledger)",
        "    continue",
        f"use = Use(draft, {value}, {row.id!r}, {row.vocabulary!r})",
        f"found = {convert}({value}, use)",
        "if found is not None:",
    ]
    lines = list(placed(steps, field, "value.repetition", names))
    single = all(step.label is None or step.fixed >= 0 for step in steps)
    last = ["break"] if single else []
    body += _indented([*lines, "if place is not None:", "    use.settle(mark + place)", *last])
    yield from _indented(body)


def _deletable(steps: tuple[path.Step, ...]) -> str:
    """The element that `""` deletes: up to the first list; `''` when there is none to delete."""
    names: list[str] = []
    for step in steps:
        names.append(step.name)
        if step.label is not None:
            break
    return "" if names[0] in NOT_DELETABLE or names[0].startswith("_") else ".".join(names)


def _constant(row: Row, steps: tuple[path.Step, ...], when: str, names: dict[str, Any], *, dependent: bool) -> Lines:
    """A constant beside a value; `dependent` ones stand only in an item that a value of the same field made."""
    field = row.field[0]
    found = f"found = {json.loads(row.value[1:]) if row.value.startswith('=') else row.value!r}"
    if not field:
        short = [found, *placed(steps, 0, "1", names)]
        yield from [f"if {when}(segment, None, draft):", *_indented(short)] if when else short
        return
    yield "if several in raw:"
    yield f"    for value in segment.values({field}):"
    known = path.known_as(steps, field) if dependent else ""
    asked = [
        "value.raw != NULL",
        *([known.format("value.repetition")] if known else []),
        *([f"{when}(segment, value, draft)"] if when else []),
    ]
    yield f"        if {' and '.join(asked)}:"
    yield from _indented([found, *placed(steps, field, "value.repetition", names)], 3)
    asked = [
        "raw != NULL",
        *([known.format("1")] if known else []),
        *([f"{when}(segment, None, draft)"] if when else []),
    ]
    yield f"elif {' and '.join(asked)}:"
    yield from _indented([found, *placed(steps, field, "1", names)])


def placed(steps: tuple[path.Step, ...], field: int, repetition: str, names: dict[str, Any]) -> Lines:
    """Puts `found` where the target says; `place` is its path, `None` when another value stands there already."""
    node, before, dynamic = "body", "", False
    slot = f"({field}, {repetition})"
    for step in steps[:-1]:
        if step.label is None:
            yield f"node = {node}.setdefault({step.name!r}, {{}})"
            before += f"{step.name}."
        else:
            yield f"node, at = enter({node}, {_step(step, names)}, {_path(before, dynamic)}, {slot}, items)"
            before, dynamic = "", True
        node = "node"
    last = steps[-1]
    if last.label is not None:
        yield f"place = add({node}, {_step(last, names)}, {_path(before, dynamic)}, {slot}, items, found)"
        return
    whole = _path(before + last.name, dynamic)
    yield f"if {last.name!r} in {node}:"
    yield f"    place = merge({node}[{last.name!r}], found, {whole})"
    yield "else:"
    yield f"    {node}[{last.name!r}], place = found, {whole}"


def _path(text: str, dynamic: bool) -> str:
    """The source of a path: what stands before the last list is in `at`."""
    if not dynamic:
        return repr(text)
    return f"at + {text!r}" if text else "at"


def _step(step: path.Step, names: dict[str, Any]) -> str:
    """The name of a list step."""
    mark = {"": "", ":": "whole"}.get(step.label or "", step.label)
    name = f"{step.name}_{mark}"
    names[name] = step
    return name


def _identifier(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_")


def _indented(lines: Any, depth: int = 1) -> list[str]:
    return ["    " * depth + line for line in lines]
