"""v2 -> FHIR -> v2: what became of every value that the way in stored or coded.

Fates: `same` (the same text in the same field), `moved` (the same text elsewhere in a segment of that name), `equal`
(another text, and the element that the ledger names is the same when the message is read again), `lost`; `beyond`: the
version that was written has no such field. Leaves that were carried or dropped on the way in are not counted: they
never were in a resource.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal, NamedTuple

from mappers.mapped import Mapped
from mappers.message import Leaf, Message, Segment
from mappers.outbound.tree import lengths, versions

Fate = Literal["same", "moved", "equal", "lost", "beyond"]


_TELLING = 3
"""A shorter text elsewhere may be a coincidence: it counts only when the element is the same."""


class Told(NamedTuple):
    """`field` is `PID-3`, `location` where the value stood."""

    field: str
    location: str
    fate: Fate


def compare(before: Message, mapped: Mapped, after: Message, again: Mapped) -> Iterator[Told]:
    """The fate of each leaf of `before` that `mapped` stored or coded; `again` is the reading of `after`."""
    pairs = _aligned(before, after)
    first, second = _bodies(mapped), _bodies(again)
    version = after.msh.get(12) or ""
    known = lengths(version) if version in versions() else {}
    texts = {name: _texts(after.all(name)) for name in {one.name for one in before.segments}}
    for leaf in before.leaves():
        paths = [line.path for line in mapped.ledger.lines.get(leaf, ()) if line.outcome in ("stored", "coded")]
        paths = [path for path in paths if "#" in path and not path.startswith("journal")]
        if not paths:
            continue
        segment = before.segments[leaf.position]
        text = _spoken(before, leaf)
        if not text:
            continue
        if leaf.field > known.get(segment.name, 999):
            yield Told(f"{segment.name}-{leaf.field}", before.locate(leaf), "beyond")
            continue
        fate = _fate(leaf, text, segment, pairs.get(leaf.position), texts[segment.name])
        if fate == "lost" and any(_equal(first, second, path) for path in paths):
            fate = "equal"
        yield Told(f"{segment.name}-{leaf.field}", before.locate(leaf), fate)


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
    wanted = _instant(_element(first, place))
    ref, _, path = place.partition("#")
    kind = ref.partition("/")[0]
    twins = [one for one in second if one.startswith(f"{kind}/") and one not in first]
    others = [ref] if ref in second or kind == "Provenance" else twins
    return any(_instant(_element(second, f"{other}#{path}", absent=None)) == wanted for other in others)


def _instant(value: object) -> object:
    """A time with an offset as the instant it is."""
    if isinstance(value, str) and len(value) >= 20 and value[10] == "T":
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return value
    return value


_NONE = object()


def _element(bodies: dict[str, dict[str, Any]], place: str, absent: object = _NONE) -> object:
    """What stands at `Type/id#path`; `absent` when nothing does."""
    ref, _, path = place.partition("#")
    node: Any = bodies.get("Provenance" if ref.startswith("Provenance/") else ref)
    if node is None:
        return absent
    for step in filter(None, path.split(".")):
        name, bracket, rest = step.partition("[")
        node = node.get(name) if isinstance(node, dict) else None
        if bracket and isinstance(node, list):
            index = int(rest.rstrip("]")) if rest.rstrip("]").isdigit() else 0
            node = node[index] if index < len(node) else None
        if node is None:
            return absent
    return node
