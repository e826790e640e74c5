"""What names a resource in an address: its type, its id, its version (FHIR R4 http.html#general)."""

from __future__ import annotations

import re

from profiles.definitions import resource_types
from profiles.issue import Issue

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_VERSION = re.compile(r"[1-9]\d{0,8}", re.ASCII)
_ETAG = re.compile(r'(?:W/)?"([^"]*)"|([1-9]\d{0,8})', re.ASCII)


NOT_STORED = frozenset({"Parameters"})
"""Resources that only travel and have no address (FHIR R4 parameters.html)."""


def type_issue(resource_type: str) -> Issue | None:
    """An Issue when R4 has no such type, or none that is stored."""
    if resource_type in resource_types() and resource_type not in NOT_STORED:
        return None
    shown = resource_type if re.fullmatch(r"[A-Za-z]{1,64}", resource_type, re.ASCII) else "…"
    return Issue("type-unknown", details={"type": shown})


def id_issue(resource_id: str, expression: str = "") -> Issue | None:
    """An Issue when the text is not an id."""
    return None if _ID.fullmatch(resource_id) else Issue("id-invalid", expression)


def version_number(text: str) -> int | None:
    """The number of a version id of ours."""
    return int(text) if _VERSION.fullmatch(text) else None


ANY_VERSION = -1
"""`If-Match: *`: whatever version there is, but there is one (RFC 9110 13.1.1)."""


def etag_version(header: str) -> int | Issue:
    """The version an If-Match names; 0 for one that is well-formed but not ours."""
    if header.strip() == "*":
        return ANY_VERSION
    found = _ETAG.fullmatch(header.strip())
    if found is None:
        return Issue("header-invalid", "http.If-Match", details={"name": "If-Match"})
    return version_number(found[1] or found[2] or "") or 0
