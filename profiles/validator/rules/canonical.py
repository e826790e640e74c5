"""The canonical address of a conformance resource: absolute, and a UUID or OID where it says so.

Source: http://hl7.org/fhir/R4/references.html#canonical, datatypes.html#uri ("UUIDs … SHALL be lowercase").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from profiles.issue import Issue
from profiles.validator.place import Place

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_URN = re.compile(
    r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+"
    r"|urn:(?!uuid:|oid:).*"
)
# Types whose `url` is something else than their own canonical address.
_OTHERWISE = frozenset({"Bundle", "Parameters", "Subscription"})


def addressed(resource: dict[str, Any], place: Place) -> Iterable[Issue]:
    """The `url` of a definition."""
    url = resource.get("url")
    if type(url) is not str or resource["resourceType"] in _OTHERWISE:
        return ()
    if not _ABSOLUTE.match(url):
        return (place.issue("canonical-relative", ".url"),)
    if url.startswith("urn:") and not _URN.fullmatch(url):
        return (place.issue("canonical-urn", ".url"),)
    return ()
