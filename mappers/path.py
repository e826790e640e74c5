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


def known(steps: tuple[Step, ...], slot: Slot, items: Items) -> bool:
    """Whether the first list item on the way was already made by another row of the same slot."""
    path = ""
    for step in steps:
        if step.label is not None:
            return step.fixed >= 0 or (path + step.name, step.label, _own(step, slot)) in items
        path += step.name + "."
    return True


def _own(step: Step, slot: Slot) -> Slot:
    return WHOLE if step.label == ":" else slot


def put(body: Body, steps: tuple[Step, ...], slot: Slot, items: Items, value: Any) -> str | None:
    """Puts the value; comes back with its path, with indexes, or `None` when another value stands there already.

    An object is merged into an object that stands there as far as it does not contradict it; an equal list item is not
    repeated.
    """
    node = body
    path = ""
    last = steps[-1]
    if len(steps) > 1:
        for step in steps[:-1]:
            node, path = _enter(node, step, path, slot, items)
    if last.label is None:
        return _set(node, last.name, path + last.name, value)
    array = node.setdefault(last.name, [])
    if last.label == ":":
        slot = WHOLE
    index = last.fixed if last.fixed >= 0 else items.get((path + last.name, last.label, slot), -1)
    if index < 0 or index >= len(array):
        index = array.index(value) if value in array else len(array)
        if index == len(array):
            array.append(value)
        items[path + last.name, last.label, slot] = index
        return f"{path}{last.name}[{index}]"
    return _merge(array[index], value, f"{path}{last.name}[{index}]")


def _enter(node: Body, step: Step, path: str, slot: Slot, items: Items) -> tuple[Body, str]:
    if step.label is None:
        return node.setdefault(step.name, {}), f"{path}{step.name}."
    array = node.setdefault(step.name, [])
    if step.label == ":":
        slot = WHOLE
    index = step.fixed if step.fixed >= 0 else items.get((path + step.name, step.label, slot), -1)
    if index < 0 or index >= len(array):
        index = len(array)
        array.append({})
        items[path + step.name, step.label, slot] = index
    return array[index], f"{path}{step.name}[{index}]."


def _set(node: Body, name: str, path: str, value: Any) -> str | None:
    if name not in node:
        node[name] = value
        return path
    return _merge(node[name], value, path)


def _merge(there: Any, value: Any, path: str) -> str | None:
    if there == value:
        return path
    if not isinstance(there, dict) or not isinstance(value, dict):
        return None
    if any(name in there and there[name] != value[name] for name in value):
        return None
    there.update(value)
    return path
