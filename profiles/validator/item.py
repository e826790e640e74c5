"""One value of an element, as a profile looks at it: with what stands beside it, where it is, and its type.

Law: reading never fails: what has not the shape that its definition says gives no items.
Source: http://hl7.org/fhir/R4/json.html#primitive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias


class Item(NamedTuple):
    """`value` is None for a primitive that has only extensions; `sibling` is what stands in `_name`; `path` is relative
    to the object around it; `type` is a type name, of a resource its own."""

    value: Any
    sibling: dict[str, Any] | None
    path: str
    type: str

    @property
    def holder(self) -> Any:
        """What has the children of the value: a primitive has its extensions beside it."""
        return self.value if type(self.value) is dict else self.sibling


Read: TypeAlias = "Callable[[dict[str, Any]], list[Item]]"
_NONE: list[Item] = []
_made = tuple.__new__  # what the constructor of a named tuple does, without the way there


def reader(name: str, kinds: Mapping[str, str]) -> Read:
    """Reads an element: `kinds` has its JSON names with the type each stands for."""
    if len(kinds) == 1 and name in kinds:
        kind = kinds[name]
        return lambda value: _items(value, name, "." + name, kind)
    stem = "." + name
    table = {key: (f"{stem}.ofType({kind})", kind) for key, kind in kinds.items()}

    def read(value: dict[str, Any]) -> list[Item]:
        for key in value:
            found = table.get(key.removeprefix("_"))
            if found is not None:
                return _items(value, key.removeprefix("_"), *found)
        return _NONE

    return read


def _items(value: dict[str, Any], key: str, path: str, kind: str) -> list[Item]:
    child, beside = value.get(key), value.get("_" + key)
    if child is None and beside is None:
        return _NONE
    if type(child) is not list and type(beside) is not list:
        return [Item(child, beside if type(beside) is dict else None, path, _type(child, kind))]
    if type(child) is list and beside is None and kind != "Resource":
        return [_made(Item, (one, None, f"{path}[{at}]", kind)) for at, one in enumerate(child) if one is not None]
    listed = child if type(child) is list else []
    others = beside if type(beside) is list else []
    found = []
    for index in range(max(len(listed), len(others))):
        one = listed[index] if index < len(listed) else None
        other = others[index] if index < len(others) else None
        if one is not None or other is not None:
            extra = other if type(other) is dict else None
            found.append(Item(one, extra, f"{path}[{index}]", _type(one, kind)))
    return found


def _type(value: Any, kind: str) -> str:
    if kind == "Resource" and type(value) is dict and type(value.get("resourceType")) is str:
        return str(value["resourceType"])
    return kind
