"""Whether what a message states is valid: each resource against R4 and the profile it declares.

Law: nothing is believed unseen. A resource equal in every byte to one found valid before (the doctors, wards, houses
and devices of a site come with each of its messages) is not checked again; what was found wrong always is.
Source: FHIR R4 validation.html; docs/decisions/2611-translation-speed.md.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import Any

from profiles import validate
from profiles.issue import Issue

_REPEATED = frozenset({"Device", "Location", "Organization", "Patient", "Person", "Practitioner", "PractitionerRole"})
"""Types that come again and again, unchanged."""
_MOST, _LONGEST = 4096, 4096
_PLAIN = 2
"""The version of the form that is the same for equal values, whatever they share."""
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
        wrong = next((issue for issue in validate(resource) if issue.refuses), None)
        if wrong is not None:
            details = {"type": kind, "expression": wrong.expression, "code": wrong.code}
            found.append(Issue("bundle-invalid", expression=wrong.expression, details=details))
        elif key and len(key) <= _LONGEST:
            if len(_SOUND) >= _MOST:
                _SOUND.clear()
            _SOUND.add(key)
    return tuple(found)


def _key(resource: dict[str, Any]) -> bytes:
    try:
        return marshal.dumps(resource, _PLAIN)
    except ValueError:  # a decimal number in it
        return b""
