"""Whether a Bundle is sound by itself: each resource valid R4, no reference that leads nowhere.

A reference must lead to an entry (by fullUrl, or `Type/id`), to something contained, or be logical (an identifier
alone). An absolute URL of another server is taken as it is: nothing is fetched.
Source: FHIR R4 bundle.html#references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from profiles import validate
from profiles.issue import Issue

_RELATIVE = re.compile(r"[A-Z][A-Za-z]{2,63}/[A-Za-z0-9.\-]{1,64}(?:/_history/[A-Za-z0-9.\-]{1,64})?", re.ASCII)
_VERSION = re.compile(r"/_history/[^/]+\Z")


class Fault(NamedTuple):
    """Something wrong with one entry: `where` is `entry[3] Observation`."""

    where: str
    issues: tuple[Issue, ...]


class Dangling(NamedTuple):
    where: str
    path: str


class Soundness(NamedTuple):
    resources: int
    invalid: tuple[Fault, ...]
    references: int
    dangling: tuple[Dangling, ...]


def soundness(bundle: Mapping[str, Any]) -> Soundness:
    """Holds every resource against R4 and the profiles it declares, and follows every reference."""
    entries = [one for one in bundle.get("entry", ()) if isinstance(one, dict)]
    there = frozenset(_addresses(entries))
    invalid, dangling, references = [], [], 0
    for place, entry in enumerate(entries):
        resource = entry.get("resource")
        if not isinstance(resource, dict):
            continue
        where = f"entry[{place}] {resource.get('resourceType', '?')}"
        refusing = tuple(issue for issue in validate(resource) if issue.refuses)
        if refusing:
            invalid.append(Fault(where, refusing))
        for path, reference in _references(resource, str(resource.get("resourceType", ""))):
            references += 1
            if not _leads(reference, there, resource):
                dangling.append(Dangling(where, path))
    resources = sum(1 for entry in entries if isinstance(entry.get("resource"), dict))
    return Soundness(resources, tuple(invalid), references, tuple(dangling))


def _addresses(entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        if isinstance(url := entry.get("fullUrl"), str):
            yield url
        if isinstance(resource := entry.get("resource"), dict) and "id" in resource:
            yield f"{resource.get('resourceType')}/{resource['id']}"


def _references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        if isinstance(text := node.get("reference"), str):
            yield f"{path}.reference", text
        for name, child in node.items():
            yield from _references(child, f"{path}.{name}")
    elif isinstance(node, list):
        for place, child in enumerate(node):
            yield from _references(child, f"{path}[{place}]")


def _leads(reference: str, there: frozenset[str], resource: Mapping[str, Any]) -> bool:
    if reference.startswith("#"):
        contained = resource.get("contained", ())
        return reference == "#" or any(f"#{one.get('id')}" == reference for one in contained if isinstance(one, dict))
    bare = _VERSION.sub("", reference)
    if reference in there or bare in there:
        return True
    if reference.startswith("urn:"):
        return False
    # A conditional reference (`Patient?identifier=…`) is for the receiving server to resolve.
    return not _RELATIVE.fullmatch(reference)
