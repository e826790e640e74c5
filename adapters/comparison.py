"""What two translations of one message say differently: resource by resource, element by element.

Pure. Lists are compared by content: equal items are the same item wherever they stand, the rest are paired in order.
A difference is `final` when the old side is a report or a result that was issued as final (or amended, corrected), or
the new side makes one of what was not: somebody may have acted on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mappers.mapped import Mapped

Kind = Literal["added", "removed", "changed"]
ISSUED = frozenset({"final", "amended", "corrected"})
REPORTS = frozenset({"DiagnosticReport", "Observation"})
_SILENT = frozenset({"meta", "resourceType", "id"})
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One element. `path` has indexes (`component[0].code`), and is empty when it is the whole resource."""

    key: Key
    kind: Kind
    path: str
    old: Any
    new: Any
    final: bool
    rule: str = ""

    @property
    def place(self) -> str:
        """Type and path without indexes, for counting."""
        bare = "".join(part.partition("]")[2] if number else part for number, part in enumerate(self.path.split("[")))
        return f"{self.key[0]}.{bare}" if bare else self.key[0]


@dataclass(frozen=True, slots=True)
class Side:
    """One translation: what it states by type and id, what became of the message, and which rule wrote a path."""

    verdict: str
    resources: Mapping[Key, dict[str, Any]]
    findings: tuple[str, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    """By `Type/id#path`."""


def side(verdict: str, resources: Iterable[dict[str, Any]], findings: tuple[str, ...], mapped: Mapped | None) -> Side:
    """The side of a message that was translated just now."""
    rules: dict[str, str] = {}
    for lines in mapped.ledger.lines.values() if mapped is not None else ():
        for line in lines:
            rules.setdefault(line.path, line.rule)
    return Side(verdict, {(one["resourceType"], one["id"]): one for one in resources}, findings, rules)


def differences(old: Side, new: Side) -> Iterator[Difference]:
    """Every difference, in the order of the resources of the old side, then those that are new."""
    for key in dict.fromkeys((*old.resources, *new.resources)):
        before, after = old.resources.get(key), new.resources.get(key)
        final = _final(before, after)
        if before is None or after is None:
            yield Difference(key, "added" if before is None else "removed", "", None, None, final)
            continue
        for kind, path, was, is_ in _members(before, after, ""):
            yield Difference(key, kind, path, was, is_, final, _rule(key, path, new) or _rule(key, path, old))


def _final(before: dict[str, Any] | None, after: dict[str, Any] | None) -> bool:
    if before is None or before["resourceType"] not in REPORTS:
        return False
    return before.get("status") in ISSUED or (after is not None and after.get("status") in ISSUED)


def _rule(key: Key, path: str, side: Side) -> str:
    """The rule that wrote the path, or the nearest element around it."""
    while path:
        found = side.rules.get(f"{key[0]}/{key[1]}#{path}")
        if found:
            return found
        cut = max(path.rfind("."), path.rfind("["))
        path = path[:cut] if cut > 0 else ""
    return ""


def _members(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[tuple[Kind, str, Any, Any]]:
    for name in dict.fromkeys((*old, *new)):
        if not path and name in _SILENT:
            continue
        place = f"{path}.{name}" if path else name
        if name not in new:
            yield "removed", place, old[name], None
        elif name not in old:
            yield "added", place, None, new[name]
        else:
            yield from _values(old[name], new[name], place)


def _values(old: Any, new: Any, path: str) -> Iterator[tuple[Kind, str, Any, Any]]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _members(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _items(old, new, path)
    else:
        yield "changed", path, old, new


def _items(old: list[Any], new: list[Any], path: str) -> Iterator[tuple[Kind, str, Any, Any]]:
    left = [(number, item) for number, item in enumerate(old) if item not in new]
    right = [(number, item) for number, item in enumerate(new) if item not in old]
    for (number, was), (_, is_) in zip(left, right, strict=False):
        yield from _values(was, is_, f"{path}[{number}]")
    for number, item in left[len(right) :]:
        yield "removed", f"{path}[{number}]", item, None
    for number, item in right[len(left) :]:
        yield "added", f"{path}[{number}]", None, item
    if not left and not right:
        yield "changed", path, old, new  # another order, or another number of the same
