"""Whether a resource satisfies its R4 definition (and a profile), as issues with FHIRPath locations.

Law: pure, thread-safe, no value of the resource in any issue. Empty result: valid as far as it is checked.
Source: http://hl7.org/fhir/R4/validation.html (structure, cardinality, values, required bindings, invariants).
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from profiles.definitions import structure
from profiles.issue import Issue, kinds
from profiles.registry import OWN, Registry
from profiles.validator.accepting import accepts
from profiles.validator.compile import Depth, outermost_check, profile_check, structure_check
from profiles.validator.finding import ADVISED, ENOUGH, HARMLESS, Findings
from profiles.validator.place import Place, Rigour, top


def validate(
    resource: dict[str, Any],
    *,
    profile: str | None = None,
    registry: Registry = OWN,
    fetch: Callable[[str], dict[str, Any] | None] | None = None,
    rigour: Rigour = "accepting",
    depth: Depth = "full",
) -> tuple[Issue, ...]:
    """The issues of a resource, in document order: against its type, the profiles it claims, and `profile` (a canonical
    URL) when given. `fetch` gives the resource behind a literal reference that is neither contained nor in the Bundle;
    what it finds is held against the profiles of the reference. `rigour` says whether what a store had better accept is
    an error (see `Rigour`). `depth="structure"` looks at elements, cardinality, types, the forms of values and choices
    only, of the resource and of those in it: no bindings, no invariants, no references, no profiles."""
    place = top(resource, registry, fetch, rigour)
    if depth == "structure":
        found = structure_check(resource, place)
        return () if found is None else _issues(place, found, resource)
    if profile is None:
        found = outermost_check(resource, place)
        return () if found is None else _issues(place, found, resource)
    definition = registry.structure(profile)
    if definition is None:
        why = registry.broken(profile)
        code = "profile-broken" if why else "profile-unknown"
        return (Issue(code, details=MappingProxyType({"profile": profile, "why": why})),)
    if type(resource) is dict and resource.get("resourceType") not in (None, definition["type"]):
        return (Issue("type-mismatch", expression=_root(resource)),)
    return _issues(place, profile_check(profile, resource, place) or [], resource)


def refusals(resource: dict[str, Any], *, registry: Registry = OWN) -> tuple[Issue, ...]:
    """The issues for which a store refuses a resource that is by itself: what `validate` says of it, without warnings
    and advice. Mostly there are none, and that is seen sooner than what else there is to say."""
    if accepts(resource, registry):
        return ()
    return tuple(issue for issue in validate(resource, registry=registry) if issue.refuses)


def _root(resource: Any) -> str:
    """The resource type as it may be shown: a name, or nothing."""
    name = resource.get("resourceType") if type(resource) is dict else None
    return name if type(name) is str and structure(name) is not None else "Resource"


def _issues(place: Place, found: Findings, resource: Any) -> tuple[Issue, ...]:
    root = _root(resource)
    if len(found) > ENOUGH:  # keep what refuses
        found = sorted(found, key=lambda problem: problem.code in HARMLESS)[:ENOUGH]
    return tuple(
        Issue("advised", root + path, details=MappingProxyType({"code": code}))
        if not place.strict and code.startswith(ADVISED) and kinds()[code].severity == "error"
        else Issue(code, root + path, details=MappingProxyType(dict(details)))
        for path, code, details in found
    )
