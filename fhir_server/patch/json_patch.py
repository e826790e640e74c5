"""JSON Patch (RFC 6902) on a resource as JSON; pointers are RFC 6901.

Law: all operations or none; decimals keep their digits; `test` compares numbers by value and never a number with a
string or a boolean. A patch that copies parts over and over is refused before it fills the memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from fhir_server.patch.failure import MOST_OPERATIONS, PatchError, PatchMalformed

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ESCAPE = re.compile(r"~(?![01])")
_LETTERS = 100
_MOST_COPIED = 400_000
"""Values that the operations of one patch may make; a long text counts as many."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `origin` is the pointer of `from`."""

    number: int
    op: str
    path: tuple[str, ...]
    origin: tuple[str, ...] = ()
    value: Any = None

    def failed(self, why: str) -> PatchError:
        return PatchError(f"operation {self.number + 1}, {self.op}: {why}")


def read(document: Any) -> tuple[Operation, ...]:
    """The operations of a patch document; raises PatchMalformed."""
    if not isinstance(document, list):
        raise PatchMalformed("a JSON Patch is an array of operations")
    if len(document) > MOST_OPERATIONS:
        raise PatchMalformed(f"more than {MOST_OPERATIONS} operations")
    return tuple(_operation(number, given) for number, given in enumerate(document))


def _operation(number: int, given: Any) -> Operation:
    op = given.get("op") if isinstance(given, dict) else None
    where = f"operation {number + 1}"
    if not isinstance(op, str) or op not in _APPLY:
        raise PatchMalformed(f"{where}: op is none of add, remove, replace, move, copy, test")
    if op in ("add", "replace", "test") and "value" not in given:
        raise PatchMalformed(f"{where}: value is missing")
    origin = _pointer(given.get("from"), f"{where}: from") if op in ("move", "copy") else ()
    return Operation(number, op, _pointer(given.get("path"), f"{where}: path"), origin, given.get("value"))


def _pointer(text: Any, where: str) -> tuple[str, ...]:
    if not isinstance(text, str) or (text and text[0] != "/") or _ESCAPE.search(text):
        raise PatchMalformed(f"{where} is no JSON pointer")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def apply(operations: Sequence[Operation], document: Any) -> Any:
    """The patched document; the one given may be changed. Raises PatchError."""
    whole = {"": document}  # a place for the document itself, so that the empty pointer needs no case of its own
    budget = _Budget()
    for operation in operations:
        _APPLY[operation.op](whole, operation, budget)
    return whole[""]


@dataclass(slots=True)
class _Budget:
    left: int = _MOST_COPIED

    def copied(self, value: Any, operation: Operation) -> Any:
        self.left -= _size(value, self.left)
        if self.left < 0:
            raise operation.failed("the patch copies too much")
        return deepcopy(value)


def _size(value: Any, most: int) -> int:
    count, waiting = 0, [value]
    while waiting and count <= most:
        one = waiting.pop()
        count += 1 + (len(one) // _LETTERS if isinstance(one, str) else 0)
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return count


# ------------------------------------------------------------------------------------- operations


def _add(whole: Any, operation: Operation, budget: _Budget, value: Any = None, *, given: bool = False) -> None:
    value = value if given else budget.copied(operation.value, operation)
    parent, key = _parent(whole, operation.path, operation)
    if isinstance(parent, list):
        parent.insert(len(parent) if key == "-" else _index(key, len(parent), operation), value)
    else:
        parent[key] = value


def _remove(whole: Any, operation: Operation, _budget: _Budget) -> None:
    _taken(whole, operation.path, operation)


def _replace(whole: Any, operation: Operation, budget: _Budget) -> None:
    parent, key = _parent(whole, operation.path, operation)
    _member(parent, key, operation)
    parent[_index(key, len(parent) - 1, operation) if isinstance(parent, list) else key] = budget.copied(
        operation.value, operation
    )


def _move(whole: Any, operation: Operation, budget: _Budget) -> None:
    if operation.path == operation.origin:
        _at(whole, operation.origin, operation)
        return
    if operation.path[: len(operation.origin)] == operation.origin:
        raise operation.failed("a value cannot be moved into itself")
    _add(whole, operation, budget, _taken(whole, operation.origin, operation), given=True)


def _copy(whole: Any, operation: Operation, budget: _Budget) -> None:
    value = budget.copied(_at(whole, operation.origin, operation), operation)
    _add(whole, operation, budget, value, given=True)


def _test(whole: Any, operation: Operation, _budget: _Budget) -> None:
    if not equal(_at(whole, operation.path, operation), operation.value):
        raise PatchError(f"operation {operation.number + 1}", "patch-test")


_APPLY: Mapping[str, Callable[[Any, Operation, _Budget], None]] = MappingProxyType(
    {"add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test}
)


def equal(one: Any, other: Any) -> bool:
    """RFC 6902 4.6: the same kind and the same value; numbers by value, members in any order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return one == other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    return type(one) is type(other) and bool(one == other)


# ------------------------------------------------------------------------------------------ places


def _parent(whole: Any, path: Sequence[str], operation: Operation) -> tuple[Any, str]:
    """What holds the place, and its name there."""
    holder, name = whole, ""
    for part in path:
        holder, name = _member(holder, name, operation), part
    if not isinstance(holder, dict | list):
        raise operation.failed("the path leads into a value without members")
    return holder, name


def _at(whole: Any, path: Sequence[str], operation: Operation) -> Any:
    holder, name = _parent(whole, path, operation)
    return _member(holder, name, operation)


def _member(holder: Any, name: str, operation: Operation) -> Any:
    if isinstance(holder, dict) and name in holder:
        return holder[name]
    if isinstance(holder, list):
        return holder[_index(name, len(holder) - 1, operation)]
    raise operation.failed("there is nothing at the path")


def _index(name: str, most: int, operation: Operation) -> int:
    if not _INDEX.fullmatch(name) or int(name) > most:
        raise operation.failed("there is nothing at the path")
    return int(name)


def _taken(whole: Any, path: Sequence[str], operation: Operation) -> Any:
    if not path:
        raise operation.failed("the resource itself cannot be taken away")
    holder, name = _parent(whole, path, operation)
    found = _member(holder, name, operation)
    del holder[int(name) if isinstance(holder, list) else name]
    return found
