"""Bundle.entry.fullUrl: the names by which other entries of a transaction refer to a resource.

Source: FHIR R4 bundle.html#references, bundle-definitions.html#Bundle.entry.fullUrl ("SHALL NOT disagree with the id in
the resource", bdl-8: never version specific).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_server.rest.entry import Entry
from profiles.issue import Issue

_RESTFUL = re.compile(r"(?:https?://.+/)?([A-Z][A-Za-z]{2,63})/([A-Za-z0-9\-.]{1,64})", re.ASCII)


def full_url_issue(entry: Entry) -> Issue | None:
    """An Issue when the fullUrl names a version, or another resource than the entry carries."""
    if not entry.full_url or entry.resource is None or entry.method == "PATCH":
        return None
    where = f"{entry.expression}.fullUrl"
    if "/_history/" in entry.full_url:
        return Issue("full-url", where)
    found, given = _RESTFUL.fullmatch(entry.full_url), entry.resource.get("id")
    if found and given is not None and (found[1], found[2]) != (entry.resource.get("resourceType"), given):
        return Issue("full-url", where)
    return None


def names_of(entry: Entry, resource_type: str) -> Iterator[str]:
    """The fullUrl; one that is a RESTful address also counts by its relative form, when the server draws the id."""
    if not entry.full_url:
        return
    yield entry.full_url
    found = _RESTFUL.fullmatch(entry.full_url)
    if found and found[1] == resource_type and len(entry.segments) == 1:
        yield f"{found[1]}/{found[2]}"
