"""Referential integrity: what a resource refers to is there, and what is referred to stays (FHIR R4 http.html#delete).

Checked under the commit lock, for a whole job at once, so that the order inside a transaction does not matter. A
literal relative reference (`Patient/1`) counts; contained, logical and absolute ones do not, nor what stands inside a
stored Bundle. Records of the past (Provenance, AuditEvent) may name what is gone, and hold nothing back.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

from fhir_server.search.overlay import current
from fhir_server.search.parameters import indexed
from fhir_server.security.scope import Scope
from fhir_server.store.unit import Head, Key, Unit
from profiles.definitions import resource_types
from profiles.issue import Issue

_LITERAL = re.compile(
    rb'"reference":"([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?"', re.ASCII
)
_LITERAL_TEXT = re.compile(r"([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})(/_history/[A-Za-z0-9\-.]{1,64})?", re.ASCII)
RECORDS = frozenset({"Provenance", "AuditEvent"})
_SELF_CONTAINED = "Bundle"
_COUNTED = 1000


class Integrity(Enum):
    """Whether a write is held against the references of the store."""

    CHECKED = "checked"
    UNCHECKED = "unchecked"


def literals(resource_type: str, text: bytes) -> set[Key]:
    """(type, id) of every literal reference in the compact JSON of a resource. A string cannot look like one: its
    quotes would be escaped.
    """
    if resource_type == _SELF_CONTAINED or b'"reference":"' not in text:
        return set()
    return {(kind.decode(), name.decode()) for kind, name, _ in _LITERAL.findall(text)}


def missing(
    unit: Unit, key: Key, resource: dict[str, Any], targets: Collection[Key], scope: Scope
) -> list[tuple[str, str]]:
    """(path, type) of each reference to what is not there. One that stood in the stored version already is let be."""
    absent = {target for target in targets if not _there(unit, target, key[0], scope)}
    if absent:
        stored = unit.stored.get(key)
        absent -= literals(key[0], stored.body) if stored is not None and stored.living else set()
    if not absent:
        return []
    return [(path, kind) for path, kind, name in _places(resource, key[0]) if (kind, name) in absent]


def _there(unit: Unit, target: Key, source_type: str, scope: Scope) -> bool:
    head = unit.head(target)
    if head is None or not head.version or not scope.allows(head.owner):
        return False
    return head.living or source_type in RECORDS


def _places(value: Any, path: str) -> Iterable[tuple[str, str, str]]:
    """Where the literal references stand: FHIRPath, type, id."""
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "reference" and isinstance(child, str) and (found := _LITERAL_TEXT.fullmatch(child)):
                yield f"{path}.reference", found[1], found[2]
            else:
                yield from _places(child, f"{path}.{name}")
    elif isinstance(value, list):
        for position, child in enumerate(value):
            yield from _places(child, f"{path}[{position}]")


# --------------------------------------------------------------------------------------- deletes


def held(unit: Unit, gone: Mapping[Key, str], scope: Scope) -> list[Issue]:
    """An issue for each deleted resource that a living one still refers to; `gone` says where each stands in the
    request. Types and numbers are told of what the caller may see, of the rest only that it is there.
    """
    found: dict[Key, set[Key]] = {key: set() for key in gone}
    for target, source in (*_stored(unit, gone), *_pending(unit, gone)):
        if source not in gone:
            found[target].add(source)
    return [
        Issue("reference-held", gone[target], details={"referrers": _named(unit, sources, scope)})
        for target, sources in found.items()
        if sources
    ]


def _stored(unit: Unit, gone: Collection[Key]) -> Iterable[tuple[Key, Key]]:
    by_type: dict[str, dict[int, Key]] = {}
    for key in gone:
        head = unit.stored.get(key)
        if head is not None and head.rid:
            by_type.setdefault(key[0], {})[head.rid] = key
    for kind, rids in by_type.items():
        most = _COUNTED + len(gone) + len(unit.turns)
        for rid, source_type, name in unit.driver.referrers(_params_to(kind, current().generation), sorted(rids), most):
            if source_type not in RECORDS and (source_type, name) not in unit.turns:
                yield rids[rid], (source_type, name)


def _pending(unit: Unit, gone: Mapping[Key, str]) -> Iterable[tuple[Key, Key]]:
    """What the transaction itself has written and not yet flushed."""
    for source in unit.turns:
        head = unit.heads[source]
        if head is not None and head.living and source[0] not in RECORDS:
            for target in gone.keys() & _literals_of(unit, source, head):
                yield target, source


def _literals_of(unit: Unit, key: Key, head: Head) -> set[Key]:
    known: dict[tuple[Key, int, bytes], set[Key]] = unit.memo.setdefault("literals", {})
    state = (key, head.version, head.content_hash)
    if state not in known:
        known[state] = literals(key[0], head.body)
    return known[state]


def _named(unit: Unit, sources: Collection[Key], scope: Scope) -> str:
    unit.load(sources)
    seen = [key for key in sources if (head := unit.heads[key]) is not None and scope.allows(head.owner)]
    counts = Counter(kind for kind, _ in seen)
    more = "…" if len(seen) < len(sources) or len(sources) >= _COUNTED else ""
    return ", ".join([*(f"{count} {kind}" for kind, count in sorted(counts.items())), *([more] if more else [])])


@cache
def _params_to(resource_type: str, _generation: int) -> Sequence[int]:
    """The lists of references in which a resource of the type may be the target, as the store knows them now."""
    found = {
        param
        for source in resource_types()
        for parameter in indexed(source)
        if parameter.kind == "reference" and resource_type in parameter.targets
        for param in parameter.params
    }
    return sorted(found)
