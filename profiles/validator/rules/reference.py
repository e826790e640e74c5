"""References and canonical addresses: their form, and what they say about their target.

Law: the common case (a literal `Type/id`, nothing else) costs one look; what a target must be by the definition of the
element is checked by the engine (`profiles.validator.references`), not here.
Sources: http://hl7.org/fhir/R4/references.html#literal, #contained, bundle.html#references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from profiles.definitions import STRUCTURES, resource_types
from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]
_TYPED = re.compile(r"(?:https?://\S+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?(?:#.*)?")


def well_referenced(reference: Json, place: Place) -> Iterable[Issue]:
    """A Reference that agrees with itself, and a URN that is in the Bundle."""
    literal = reference.get("reference")
    if "type" not in reference and (literal is None or literal[:4] != "urn:" or place.bundle is None):
        return ()
    return _references(literal, reference.get("type"), place)


def _references(literal: str | None, kind: str | None, place: Place) -> Iterator[Issue]:
    if kind is not None:
        kind = kind.removeprefix(STRUCTURES)
        named = _type_of(literal, place) if literal is not None else None
        if kind not in resource_types():
            if ":" not in kind:
                yield place.issue("reference-type-unknown", ".type")
        elif named is not None and named != kind:
            yield place.issue("reference-type", ".type", type=named)
    inside = literal is not None and literal.startswith("urn:") and place.bundle is not None
    if inside and place.bundle_entry(str(literal)) is None:
        yield place.issue("reference-urn-missing", ".reference")


def _type_of(literal: str, place: Place) -> str | None:
    """The type of the target: of the resource itself where it is here, else as the address says."""
    target = place.resolve(literal) if literal.startswith(("#", "urn:")) else None
    if target is not None:
        return str(target.get("resourceType"))
    match = _TYPED.fullmatch(literal)
    return match.group(1) if match and match.group(1) in resource_types() else None


def identified_once(resource: Json, place: Place) -> Iterable[Issue]:
    """Each contained resource has an id, of its own."""
    contained = resource.get("contained")
    return _contained_once(contained, place) if contained else ()


def _contained_once(contained: list[Json], place: Place) -> Iterator[Issue]:
    seen: set[str] = set()
    for index, inner in enumerate(contained):
        name = inner.get("id", "")
        if not name:
            yield place.issue("contained-id-missing", f".contained[{index}]")
        elif name in seen:
            yield place.issue("contained-id-repeated", f".contained[{index}].id")
        seen.add(name)
