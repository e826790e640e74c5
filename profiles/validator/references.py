"""Literal references: `Type/id` must name a type the element allows; `#id` must be contained in the same resource.

Law: nothing is resolved here but what is contained; a URN or a foreign URL that names no type passes.
Sources: http://hl7.org/fhir/R4/references.html#literal, rule ref-1.
"""

from __future__ import annotations

import re
from typing import Any

from profiles.definitions import STRUCTURES, resource_types
from profiles.validator.finding import LOCAL_REFERENCE, Check, Finding, Findings, both, finding, unsound
from profiles.validator.place import Place
from profiles.validator.straight import SHORT, Short

_REST = re.compile(r"(?:.*/)?([A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?(?:#.*)?", re.DOTALL)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def referring(target_profiles: list[str], check: Check) -> Check:
    """The check of a Reference with these target profiles (none, or Resource: any); `check` is that of its type."""
    named = {profile.removeprefix(STRUCTURES) for profile in target_profiles}
    everything = resource_types()
    # A target that is a profile (not a type) says nothing certain about the type here.
    allowed = everything if not named or not named <= everything else frozenset(named)

    def check_reference(value: Any, place: Place) -> Findings | None:
        found = check(value, place)
        if found is not None and unsound(found):
            return found
        literal = value.get("reference")
        if literal is None or literal.partition("/")[0] in allowed:
            return found
        return both(found, _examine(literal, allowed))

    SHORT[check_reference] = Short(_TYPED, {"allowed": allowed})
    return check_reference


_TYPED = (
    "type({x}) is dict and type(s := {x}.get('reference')) is str and s.isprintable()"
    " and s.partition('/')[0] in {allowed} and '<' not in s and len(s) <= 1048576"
    " and (len({x}) == 1 or len({x}) == 2 and type(d := {x}.get('display')) is str and d >= '!' and d.isprintable()"
    " and '<' not in d and len(d) <= 1048576)"
)
"""Only `reference`, of the form `Type/id`, and perhaps a `display`."""


def _examine(literal: str, allowed: frozenset[str]) -> Findings | None:
    if literal.startswith("#"):
        return [Finding(".reference", LOCAL_REFERENCE, {"id": literal[1:], "allowed": allowed})]
    match = _REST.fullmatch(literal)
    type_name = match.group(1) if match else ""
    if type_name in allowed or (type_name not in resource_types() and _ABSOLUTE.match(literal)):
        return None
    if type_name in resource_types():
        return finding("reference-target", ".reference", type=type_name)
    return finding("primitive-invalid", ".reference", type="Reference")


def settle_local_references(found: Findings, resource: dict[str, Any]) -> Findings | None:
    """Replaces each pending `#id` by nothing (it is contained and of an allowed type) or by what is wrong with it."""
    kinds = _contained_kinds(resource)
    settled: Findings = []
    for path, code, details in found:
        if code != LOCAL_REFERENCE:
            settled.append(Finding(path, code, details))
            continue
        kind = kinds.get(details["id"])
        if kind is None:
            settled.append(Finding(path.removesuffix(".reference"), "invariant-failed", {"key": "ref-1"}))
        elif kind not in details["allowed"]:
            settled.append(Finding(path, "reference-target", {"type": kind if kind in resource_types() else "?"}))
    return settled or None


def _contained_kinds(resource: dict[str, Any]) -> dict[str, str]:
    """The type of what each local id means; the empty id (`#`) means the resource itself."""
    kinds = {"": resource["resourceType"]}
    contained = resource.get("contained")
    for inner in contained if type(contained) is list else ():
        if type(inner) is dict and type(inner.get("id")) is str:
            kinds[inner["id"]] = str(inner.get("resourceType"))
    return kinds
