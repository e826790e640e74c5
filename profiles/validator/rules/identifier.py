"""Identifier: the namespace is an absolute address, and a value that is said to be a URI is one.

Source: http://hl7.org/fhir/R4/datatypes.html#Identifier ("the system … is an absolute URI"; "if the value itself is a
full URI, the system SHALL be urn:ietf:rfc:3986").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

_COMMON = ("http", "urn:oid", "urn:uuid")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_URI = "urn:ietf:rfc:3986"


def in_a_namespace(identifier: dict[str, Any], place: Place) -> Iterable[Issue]:
    """The system and the value."""
    system = identifier.get("system")
    if system is None or system.startswith(_COMMON):
        return ()
    if not _ABSOLUTE.match(system):
        return (place.issue("identifier-system-relative", ".system"),)
    value = identifier.get("value")
    if system == _URI and type(value) is str and not _ABSOLUTE.match(value):
        return (place.issue("identifier-uri", ".value"),)
    return ()
