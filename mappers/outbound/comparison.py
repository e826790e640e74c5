"""v2 -> FHIR -> v2: what became of every value that the way in stored or coded.

Fates: `same` (the same text in the same field), `moved` (the same text elsewhere in a segment of that name), `equal`
(another text, and the element that the ledger names is the same when the message is read again), `lost`. Not lost by
the way out: `beyond`, the version that was written has no such field or no repetition of it, or its structure of the
message no such segment; `overruled`, two values of the message claim one element, and the other one stands in it;
`stranded`, the value stands in a resource that no other one refers to, as the doctor of a visit without a number.

Leaves that were carried or dropped on the way in are not counted: they never were in a resource; nor are nulls (`""`),
which take a value away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from mappers.mapped import Mapped
from mappers.message import NULL, Leaf, Message, Segment
from mappers.outbound.tree import lengths, order, repeating, versions

Fate = Literal["same", "moved", "equal", "lost", "beyond", "overruled", "stranded"]
FOREIGN: frozenset[Fate] = frozenset({"beyond", "overruled", "stranded"})
"""Fates that the way out has no part in."""


_TELLING = 3
"""A shorter text elsewhere may be a coincidence: it counts only when the element is the same."""


class Told(NamedTuple):
    """`field` is `PID-3`, `location` where the value stood."""

    field: str
    location: str
    fate: Fate


_WORDS = "attachment.data"
"""A document of several texts holds the name of each as a heading."""


def compare(before: Message, mapped: Mapped, after: Message, again: Mapped) -> Iterator[Told]:
    """The fate of each leaf of `before` that `mapped` stored or coded; `again` is the reading of `after`."""
    pairs = _aligned(before, after)
    first, second = _bodies(mapped), _bodies(again)
    version = after.msh.get(12) or ""
    known = lengths(version) if version in versions() else {}
    allowed = order(f"{after.code}^{after.event}", version) if known else ()
    claims, referred = _claims(before, mapped), _referred(mapped)
    texts = {name: _texts(after.all(name)) for name in {one.name for one in before.segments}}
    for leaf in before.leaves():
        paths = [line.path for line in mapped.ledger.lines.get(leaf, ()) if line.outcome in ("stored", "coded")]
        paths = [path for path in paths if "#" in path and not path.startswith("journal")]
        if not paths:
            continue
        segment = before.segments[leaf.position]
        text = _spoken(before, leaf)
        if text in ("", NULL):
            continue
        if leaf.field > known.get(segment.name, 999) or (allowed and segment.name not in allowed):
            yield Told(f"{segment.name}-{leaf.field}", before.locate(leaf), "beyond")
            continue
        fate = _fate(leaf, text, segment, pairs.get(leaf.position), texts[segment.name])
        if fate == "lost" and any(_equal(first, second, path) for path in paths):
            fate = "equal"
        if fate == "lost" and any(path.endswith(_WORDS) for path in paths) and _within(text, texts[segment.name]):
            fate = "moved"
        if fate == "lost" and _again(before, leaf):
            fate = "beyond"
        if fate == "lost" and not any(path.partition("#")[0] in referred for path in paths):
            fate = "stranded"
        if fate == "lost" and all(_overruled(first, path, text, claims[path]) for path in paths):
            fate = "overruled"
        yield Told(f"{segment.name}-{leaf.field}", before.locate(leaf), fate)


def _within(text: str, texts: Iterable[str]) -> bool:
    """Whether the text is a part of one of them."""
    return any(text in one for one in texts)


def _claims(before: Message, mapped: Mapped) -> dict[str, set[str]]:
    """What the message says for each element."""
    found: dict[str, set[str]] = {}
    for leaf, lines in mapped.ledger.lines.items():
        for line in lines:
            if line.outcome in ("stored", "coded"):
                found.setdefault(line.path, set()).add(_spoken(before, leaf))
    return found


_ROOTS = ("Patient/", "Encounter/", "ServiceRequest/", "DiagnosticReport/", "Provenance/", "Task/")
"""What a message is about, so that nothing needs to refer to it."""


def _referred(mapped: Mapped) -> set[str]:
    """The resources that a way leads to from those that the message is about, or that are about the patient."""
    ways: dict[str, set[str]] = {}
    roots: list[str] = []
    for one in mapped.statements:
        kind, identity = one.key
        name = f"{kind}/{identity}"
        # The Provenance of the message has all of its resources as targets, which says nothing of them.
        body = {part: child for part, child in one.resource.items() if part != "target"}
        inner = set(_references(body))
        ways[name] = inner
        if name.startswith(_ROOTS) or any(ref.startswith("Patient/") for ref in inner):
            roots.append(name)
    found: set[str] = set()
    while roots:
        name = roots.pop()
        if name not in found:
            found.add(name)
            roots += ways.get(name, ())
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for child in node.values():
            yield from _references(child)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child)


def _again(message: Message, leaf: Leaf) -> bool:
    """Whether it is a further repetition of a field that has one value in the versions written here."""
    return leaf.repetition > 1 and (message.segments[leaf.position].name, leaf.field) not in repeating()


def _overruled(bodies: dict[str, dict[str, Any]], path: str, text: str, claims: set[str]) -> bool:
    """Whether another value of the message stands at the path, and this one does not."""
    there = _element(bodies, path)
    stands = _plain(there) if isinstance(there, str) else ""
    return text not in stands and any(one and one in stands for one in claims - {text})


def summary(found: Iterable[Told]) -> Counter[tuple[str, Fate]]:
    """Counts by field and fate."""
    return Counter((one.field, one.fate) for one in found)


def _fate(leaf: Leaf, text: str, segment: Segment, pair: Segment | None, anywhere: frozenset[str]) -> Fate:
    if pair is not None:
        for value in pair.values(leaf.field):
            if _plain(value.get(leaf.component, leaf.subcomponent)) == text:
                return "same"
        whole = [value.text() or "" for value in pair.values(leaf.field)]
        if any(text in _plain(one) for one in whole) or text in _plain("\n".join(whole)):
            return "same" if len(text) >= _TELLING else "lost"
    return "moved" if text in anywhere and len(text) >= _TELLING else "lost"


def _texts(segments: Iterable[Segment]) -> frozenset[str]:
    found: set[str] = set()
    for segment in segments:
        for field in range(1, len(segment.fields)):
            for value in segment.values(field):
                for leaf in value.leaves():
                    found.add(_plain(value.get(leaf.component, leaf.subcomponent)))
    return frozenset(found)


def _spoken(message: Message, leaf: Leaf) -> str:
    segment = message.segments[leaf.position]
    for value in segment.values(leaf.field):
        if value.repetition == leaf.repetition:
            return _plain(value.get(leaf.component, leaf.subcomponent))
    return ""


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _aligned(before: Message, after: Message) -> dict[int, Segment]:
    """For each segment the one of the same name that shares most values with it; each is used once."""
    found: dict[int, Segment] = {}
    for name in {one.name for one in before.segments}:
        left, right = before.all(name), after.all(name)
        sets = [_texts((one,)) for one in right]
        scored = sorted(
            (
                (len(_texts((one,)) & sets[at]), -abs(one.occurrence - right[at].occurrence), one.position, at)
                for one in left
                for at in (
                    range(len(right)) if len(left) * len(right) < 2500 else (min(one.occurrence, len(right)) - 1,)
                )
                if right
            ),
            reverse=True,
        )
        used: set[int] = set()
        for _, _, position, at in scored:
            if position not in found and at not in used:
                used.add(at)
                found[position] = right[at]
    return found


def _bodies(mapped: Mapped) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for one in mapped.statements:
        kind, identity = one.key
        found[f"{kind}/{identity}" if kind != "Provenance" else kind] = one.resource
    return found


def _equal(first: dict[str, dict[str, Any]], second: dict[str, dict[str, Any]], place: str) -> bool:
    """Whether the element is the same again: in the resource of the same id, else in one that has no twin."""
    ref, _, path = place.partition("#")
    kind = ref.partition("/")[0]
    there = _element(first, place)
    stood = [there] if there is not _NONE else _everywhere(first.get(ref, {}), path)
    wanted = [_instant(one) for one in stood]
    twins = [one for one in second if one.startswith(f"{kind}/") and one not in first]
    others = [ref] if ref in second or kind == "Provenance" else twins
    for other in others:
        body = second.get("Provenance" if kind == "Provenance" else other, {})
        whole = body if not path else _element({other: body}, f"{other}#{path}")
        if whole == there or any(_instant(one) in wanted for one in _everywhere(body, path)):
            return True
    return False


def _everywhere(body: dict[str, Any], path: str) -> list[Any]:
    """What stands at the path, in any items of its lists: the order of a list says nothing here."""
    nodes: list[Any] = [body]
    for step in filter(None, path.split(".")):
        name = step.partition("[")[0]
        held = [node for node in nodes if isinstance(node, dict)]
        found = [node[part] for part in (name, f"_{name}") for node in held if part in node]
        nodes = [item for one in found for item in (one if isinstance(one, list) else (one,))]
    return nodes


def _instant(value: object) -> object:
    """A time with an offset as the instant it is."""
    if isinstance(value, str) and len(value) >= 20 and value[10] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


_NONE = object()


def _element(bodies: dict[str, dict[str, Any]], place: str) -> object:
    """What stands at `Type/id#path`; `_NONE` when nothing does."""
    ref, _, path = place.partition("#")
    node: Any = bodies.get("Provenance" if ref.startswith("Provenance/") else ref)
    if node is None:
        return _NONE
    for step in filter(None, path.split(".")):
        name, bracket, rest = step.partition("[")
        node = node.get(name) if isinstance(node, dict) else None
        if bracket and isinstance(node, list):
            index = int(rest.rstrip("]")) if rest.rstrip("]").isdigit() else 0
            node = node[index] if index < len(node) else None
        if node is None:
            return _NONE
    return node
