"""Where a reference of a profile may lead: the types and profiles of its targets, and how it may lead there.

Law: a target that cannot be reached is judged by what its literal says; a profile is held against it only when it was
reached. Source: http://hl7.org/fhir/R4/references.html, valueset-resource-aggregation-mode.html.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from profiles.definitions import STRUCTURES, Definition, resource_types
from profiles.registry import Registry
from profiles.validator.constraints import Question
from profiles.validator.finding import Findings, finding
from profiles.validator.item import Item
from profiles.validator.place import Place
from profiles.validator.tree import Node, root_of

Conforms = Callable[[Any, str, Place], bool | None]
_REST = re.compile(r"(?:.*/)?([A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?(?:#.*)?", re.DOTALL)


def target_question(node: Node, origin: Definition | None, conforms: Conforms) -> Question | None:
    """The question about a Reference or canonical, where a profile narrows what its type allows."""
    narrowed, modes = narrowing(node, origin)
    if not narrowed and not modes:
        return None
    narrowed_kinds = object()

    def _kinds(registry: Registry) -> frozenset[str | None]:
        """The types of the targets: a reference to one of them that nobody can follow is fine."""
        return registry.once(narrowed_kinds, lambda: kinds_of(narrowed, registry))

    def ask(item: Item, place: Place) -> Findings | None:
        value = item.value
        literal = value.get("reference") if type(value) is dict else value if item.type == "canonical" else None
        if type(literal) is not str or not literal:
            return None
        if item.type == "canonical":
            return None
        if place.alone and not modes:
            kind, _, name = literal.partition("/")
            if kind in _kinds(place.registry) and "/" not in name:
                return None
        found = _aggregated(literal, modes, place) if modes else []
        return found + (_targeted(literal, narrowed, place, conforms) if narrowed else []) or None

    return ask


def narrowing(node: Node, origin: Definition | None) -> tuple[list[str], frozenset[str]]:
    """The targets that a profile allows where those of the type are others, and the ways to them that it allows where
    there are such."""
    kinds = [kind for kind in node.types if kind.get("code") in ("Reference", "canonical")]
    targets = [url for kind in kinds for url in kind.get("targetProfile", ())]
    modes = frozenset(mode for kind in kinds for mode in kind.get("aggregation", ()))
    before = [url for kind in (origin or {}).get("type", ()) for url in kind.get("targetProfile", ())]
    return (targets if set(targets) != set(before) else []), modes


def kinds_of(targets: list[str], registry: Registry) -> frozenset[str | None]:
    """The types that targets name; None for one that is not known."""
    return frozenset(_kind(url, registry) for url in targets)


def _aggregated(literal: str, modes: frozenset[str], place: Place) -> Findings:
    if literal.startswith("#"):
        mode = "contained"
    else:
        mode = "bundled" if place.bundle_entry(literal) is not None else "referenced"
    if mode in modes or (mode == "bundled" and "referenced" in modes):
        return []
    return finding("reference-aggregation", modes=" ".join(sorted(modes)))


def _targeted(literal: str, targets: list[str], place: Place, conforms: Conforms) -> Findings:
    reached = place.resolve(literal)
    kinds = {url: _kind(url, place.registry) for url in targets}
    if "Resource" in kinds.values():
        return []
    name = str(reached.get("resourceType")) if reached is not None else type_of_literal(literal)
    if name not in resource_types():
        return []
    fitting = [url for url, kind in kinds.items() if kind == name]
    unknown = [url for url, kind in kinds.items() if kind is None]
    if not fitting:
        if unknown:
            return finding("profile-unknown", profile=unknown[0]) if reached is not None else []
        return finding("reference-target", ".reference", type=name)
    if reached is None or any(url == STRUCTURES + name for url in fitting):
        return []
    if any(conforms(reached, url, place) is not False for url in fitting):
        return []
    return finding("profile-not-met", profiles=" ".join(fitting))


def type_of_literal(literal: str) -> str:
    """The resource type that a literal reference names; empty when it names none."""
    match = _REST.fullmatch(literal)
    return match.group(1) if match is not None and match.group(1) in resource_types() else ""


def _kind(url: str, registry: Registry) -> str | None:
    name = url.removeprefix(STRUCTURES)
    if name in resource_types() or name == "Resource":
        return name
    root = root_of(url, registry)
    return None if root is None else str(root.home["type"])
