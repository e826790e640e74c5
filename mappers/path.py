"""Where a row puts its value: an element path inside one resource.

`birthDate`, `hospitalization.dischargeDisposition` name elements. `name[]` is the item of that list which belongs to
this row's field and repetition: made on first use, found again by every other row of the same field, so that
`participant[].individual` and `participant[].type[]` meet in one participant. `extension[b]` keeps a second item of the
same field apart. `diagnosis[:]` is the one item that belongs to the whole segment. `address[0]` is a fixed position.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

Body = dict[str, Any]
Slot = tuple[int, int]
"""The field and repetition a value comes from."""
WHOLE: Slot = (0, 0)
"""The slot of `[:]`."""
Items = dict[tuple[str, str, Slot], int]
"""Which item of a list belongs to which slot, while one segment is applied."""


class Step(NamedTuple):
    name: str
    label: str | None
    """`None` for a plain element, else what stands in the brackets."""
    fixed: int
    """The position, or -1."""


class PathError(ValueError):
    """A target path in a table cannot be read."""


_STEP = re.compile(r"\A(_?[A-Za-z][A-Za-z0-9]*)(?:\[([a-z0-9:]*)\])?\Z")


def parse(text: str) -> tuple[Step, ...]:
    """The steps of a target path."""
    steps = []
    for part in text.split("."):
        match = _STEP.match(part)
        if match is None:
            raise PathError(f"cannot read {part!r} of the target {text!r}")
        name, label = match.groups()
        steps.append(Step(name, label, int(label) if label and label.isdigit() else -1))
    return tuple(steps)


def known_as(steps: tuple[Step, ...], field: int) -> str:
    """The source of the question whether the first list item on the way was already made by another row of the same
    slot; `{}` stands for the repetition. `''` when there is nothing to ask."""
    path = ""
    for step in steps:
        if step.label is not None:
            slot = WHOLE if step.label == ":" else f"({field}, {{}})"
            return "" if step.fixed >= 0 else f"({path + step.name!r}, {step.label!r}, {slot}) in items"
        path += step.name + "."
    return ""


def enter(node: Body, step: Step, path: str, slot: Slot, items: Items) -> tuple[Body, str]:
    """The item of a list on the way, begun unless another row of the slot began it, and the path up to its elements."""
    name, label, index = step
    array = node.setdefault(name, [])
    key = path + name, label, WHOLE if label == ":" else slot
    if index < 0:
        index = items.get(key, -1)  # type: ignore[arg-type]
    if index < 0 or index >= len(array):
        index = len(array)
        array.append({})
        items[key] = index  # type: ignore[index]
    return array[index], f"{path}{name}[{index}]."


def add(node: Body, step: Step, path: str, slot: Slot, items: Items, value: Any) -> str | None:
    """Puts the value as the item of a list; comes back with its path, or `None` when another value stands there. An
    equal item is not repeated."""
    name, label, index = step
    array = node.setdefault(name, [])
    key = path + name, label, WHOLE if label == ":" else slot
    if index < 0:
        index = items.get(key, -1)  # type: ignore[arg-type]
    if 0 <= index < len(array):
        return merge(array[index], value, f"{path}{name}[{index}]")
    if array and value in array:
        index = array.index(value)
    else:
        index = len(array)
        array.append(value)
    items[key] = index  # type: ignore[index]
    return f"{path}{name}[{index}]"


def merge(there: Any, value: Any, path: str) -> str | None:
    """The path when the value says what stands there, or adds to it without contradiction; else `None`."""
    if there == value:
        return path
    if not isinstance(there, dict) or not isinstance(value, dict):
        return None
    if any(name in there and there[name] != value[name] for name in value):
        return None
    there.update(value)
    return path
