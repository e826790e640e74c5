"""The maps as an oracle: of every row that applies to a message, does the value stand at its place?

A row applies when its field is filled and its condition holds.

Rows are ours with the official ones they realise, conditions mended (`mappers/tables/segments`), and the official rows
that none of ours realises. A value is *placed* (in the element the row names, of a resource of its type, as it is or
as its code map says), *elsewhere* (in the Bundle, but not there), or *missing*. A row whose condition or target nobody
can compute is not judged.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from conformance.coverage.claims import claims
from conformance.coverage.official import official
from conformance.transform.presence import Presence
from mappers import codes, condition, rows
from mappers.draft import Draft
from mappers.message import Message, Segment, Value
from mappers.site import Context, Site

Verdict = Literal["placed", "elsewhere", "missing"]
_SOURCE = re.compile(r"[A-Z][A-Z0-9]{2}-(\d+)(?:\.(\d+))?", re.ASCII)
_ELEMENT = re.compile(r"\A_?([a-z][A-Za-z0-9]*)(?:\[[^\]]*\])?\Z", re.ASCII)
_CHOICES = (
    "value",
    "effective",
    "occurrence",
    "onset",
    "performed",
    "deceased",
    "multipleBirth",
    "collected",
    "asNeeded",
)


class Place(NamedTuple):
    """One row of a map: its key, where the value comes from and where it should stand."""

    key: str
    segment: str
    field: int
    component: int
    when: condition.Condition | None
    type: str
    path: tuple[str, ...]
    vocabulary: str


class Judged(NamedTuple):
    """A row that applies to a repetition of a field of this message."""

    key: str
    location: str
    target: str
    verdict: Verdict


def judged(message: Message, bundle: Mapping[str, Any]) -> list[Judged]:
    """Every row that applies, in the order of the message."""
    resources: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for resource in _resources(bundle):
        resources[str(resource.get("resourceType"))].append(resource)
    whole, there = Presence(bundle), _There(resources)
    # Conditions look at other segments; the draft only lends its eyes.
    draft = Draft(message, Context(Site(code="", institution=""), "1970-01-01T00:00:00Z", ""))
    return [
        found
        for segment in message.segments
        for place in _places().get(segment.name, ())
        for value in segment.values(place.field)
        if (found := _judge(place, segment, value, draft, there, whole)) is not None
    ]


def _judge(place: Place, segment: Segment, value: Value, draft: Draft, there: _There, whole: Presence) -> Judged | None:
    if value.is_null or (place.when is not None and not place.when(segment, value, draft)):
        return None
    told = [value.get(place.component)] if place.component else _parts(value)
    asked = [one.strip() for one in told if one and one.strip()]
    if not asked:
        return None
    element = there.at(place.type, place.path)
    verdict: Verdict = "missing"
    if element is not None and any(_stands(one, place.vocabulary, element) for one in asked):
        verdict = "placed"
    elif any(_stands(one, place.vocabulary, whole) for one in asked):
        verdict = "elsewhere"
    location = f"{segment.name}[{segment.occurrence}]-{place.field}" + f".{place.component}" * bool(place.component)
    return Judged(place.key, location, ".".join((place.type, *place.path)), verdict)


def _parts(value: Value) -> list[str | None]:
    return [value.get(number) for number in range(1, len(value.components) + 1)]


def _stands(text: str, vocabulary: str, presence: Presence) -> bool:
    if presence.form(text):
        return True
    if not vocabulary:
        return False
    known = _table(vocabulary).get(text)
    return known is not None and known in presence.texts


@cache
def _table(name: str) -> Mapping[str, str]:
    try:
        return {code: coded.code for code, coded in codes.table(name).codes.items()}
    except KeyError:
        return {}


class _There:
    """What stands at a path of the resources of a type, all of them together."""

    def __init__(self, resources: Mapping[str, list[dict[str, Any]]]) -> None:
        self._resources = resources
        self._known: dict[tuple[str, tuple[str, ...]], Presence | None] = {}

    def at(self, kind: str, path: tuple[str, ...]) -> Presence | None:
        key = (kind, path)
        if key not in self._known:
            nodes = [node for resource in self._resources.get(kind, ()) for node in _reach(resource, path)]
            self._known[key] = Presence(nodes) if nodes else None
        return self._known[key]


def _reach(node: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """The nodes at a path; `value` stands for any `value[x]`."""
    if isinstance(node, list):
        for one in node:
            yield from _reach(one, path)
    elif not path:
        yield node
    elif isinstance(node, dict):
        name, *rest = path
        for key, child in node.items():
            if key.lstrip("_") == name or (
                name in _CHOICES and key.startswith(name) and key[len(name) :][:1].isupper()
            ):
                yield from _reach(child, tuple(rest))


def _resources(bundle: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield dict(bundle)
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            yield resource
            yield from (one for one in resource.get("contained", ()) if isinstance(one, dict))


# ------------------------------------------------------------------------------------------------------- the rows


@cache
def _places() -> Mapping[str, tuple[Place, ...]]:
    found: dict[str, list[Place]] = defaultdict(list)
    for place in (*_ours(), *_others()):
        found[place.segment].append(place)
    return {segment: tuple(places) for segment, places in found.items()}


def _ours() -> Iterator[Place]:
    for listed in rows.maps().values():
        for row in listed:
            field, component = row.field
            path = _path(row.target)
            if field and row.datatype and path is not None:
                when = condition.parse(row.when, field) if row.when else None
                yield Place(row.id, row.map[:3], field, component, when, _type(row.map), path, row.vocabulary)


def _others() -> Iterator[Place]:
    """Official rows that no row of ours realises: those in Python, and those that are deferred or missing."""
    known = {row.id for listed in rows.maps().values() for row in listed}
    for row in official():
        if row.kind != "segments" or any(claim.rule in known for claim in claims().get(row.key, ())):
            continue
        source, path = _SOURCE.match(row.id), _path(row.target)
        if source is None or path is None or row.assignment:
            continue
        try:
            when = condition.parse(row.condition, int(source[1])) if row.condition else None
        except ValueError:
            continue
        at = (int(source[1]), int(source[2] or 0))
        yield Place(row.key, row.segment, *at, when, _type(row.map), path, row.vocabulary)


def _type(name: str) -> str:
    """`RelatedPerson` of `PID[RelatedPerson-Mother]`."""
    return name[name.index("[") + 1 : -1].partition("-")[0]


def _path(target: str) -> tuple[str, ...] | None:
    """The element names of a target; None when it is no plain path (`participant.individual(Practitioner)`)."""
    found = [_ELEMENT.match(part) for part in target.removeprefix("$this.").split(".")]
    names = tuple(match[1] for match in found if match)
    return names[names[0] == "contained" :] if found and all(found) else None
