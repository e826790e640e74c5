"""Whether what a message states is valid: each resource against R4 and the profile it declares.

Law: nothing is believed unseen. A resource equal in every byte to one found valid before (the doctors, wards, houses
and devices of a site come with each of its messages) is not checked again; what was found wrong always is.
Source: FHIR R4 validation.html; docs/decisions/2611-generated-validators.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import profiles
from profiles.fingerprint import fingerprint, kept
from profiles.issue import Issue

_REPEATED = frozenset({"Device", "Location", "Organization", "Patient", "Person", "Practitioner", "PractitionerRole"})
"""Types that come again and again, unchanged."""
_MOST, _LONGEST = 4096, 2048
_SOUND: set[bytes] = set()


def invalid(resources: Iterable[dict[str, Any]]) -> tuple[Issue, ...]:
    """One issue for each resource that does not satisfy its definition and the profile it declares, with where and
    what."""
    found: list[Issue] = []
    for resource in resources:
        kind = resource["resourceType"]
        key = _key(resource) if kind in _REPEATED else b""
        if key in _SOUND:
            continue
        wrong = next(iter(profiles.refusals(resource)), None)
        if wrong is not None:
            details = {"type": kind, "expression": wrong.expression, "code": wrong.code}
            found.append(Issue("bundle-invalid", expression=wrong.expression, details=details))
        elif key and len(key) <= _LONGEST:
            if len(_SOUND) >= _MOST:
                _SOUND.clear()
            _SOUND.add(kept(key))
    return tuple(found)


def _key(resource: dict[str, Any]) -> bytes:
    """The resource as bytes; none, where it holds what JSON cannot."""
    try:
        return fingerprint(resource)
    except TypeError:
        return b""
