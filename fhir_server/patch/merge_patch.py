"""JSON Merge Patch (RFC 7396): the part of a resource that changes; null takes away.

Not in R4, but clients that save single fields send it (fhirpy as `application/json`). Arrays are replaced as a whole.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from fhir_server.patch.failure import PatchMalformed


def read(document: Any) -> dict[str, Any]:
    """The patch; raises PatchMalformed."""
    if not isinstance(document, dict):
        raise PatchMalformed("a JSON Merge Patch is an object")
    return document


def apply(patch: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """The patched resource, which is the one given, changed."""
    for name, value in patch.items():
        if value is None:
            resource.pop(name, None)
        elif isinstance(value, dict):
            there = resource.get(name)
            resource[name] = apply(value, there if isinstance(there, dict) else {})
        else:
            resource[name] = deepcopy(value)
    return resource
