"""Whether a resource satisfies its R4 definition (and a profile), as issues with FHIRPath locations.

Law: pure, thread-safe, no value of the resource in any issue. Empty result: valid as far as it is checked.
Source: http://hl7.org/fhir/R4/validation.html (structure, cardinality, values, required bindings, invariants).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from profiles.definitions import structure
from profiles.issue import Issue
from profiles.validator.compile import profile_check, resource_check
from profiles.validator.finding import ENOUGH, HARMLESS, Findings


def validate(resource: dict[str, Any], *, profile: str | None = None) -> tuple[Issue, ...]:
    """The issues of a resource, in document order; `profile` is a canonical URL to hold it against."""
    if profile is None:
        found = resource_check(resource)
        return () if found is None else _issues(resource, found)
    definition = structure(profile)
    if definition is None:
        return (Issue("profile-unknown", details=MappingProxyType({"profile": profile})),)
    if type(resource) is dict and resource.get("resourceType") not in (None, definition["type"]):
        return (Issue("type-mismatch", expression=_root(resource)),)
    return _issues(resource, profile_check(definition, resource) or [])


def _root(resource: Any) -> str:
    """The resource type as it may be shown: a name, or nothing."""
    name = resource.get("resourceType") if type(resource) is dict else None
    return name if type(name) is str and structure(name) is not None else "Resource"


def _issues(resource: Any, found: Findings) -> tuple[Issue, ...]:
    root = _root(resource)
    if len(found) > ENOUGH:  # keep what refuses
        found = sorted(found, key=lambda problem: problem.code in HARMLESS)[:ENOUGH]
    return tuple(Issue(code, root + path, details=MappingProxyType(dict(details))) for path, code, details in found)
