"""The OperationDefinition of every operation: those of R4, and the ones of our own (FHIR R4 operationdefinition.html).

Our own have a canonical URL below that of the implementation guide, which describes them too.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from profiles.definitions import operation as core_operation
from profiles.systems import CANONICAL_BASE

CANONICAL = f"{CANONICAL_BASE}/OperationDefinition/"


def _in(name: str, kind: str, least: int = 0, most: str = "1") -> dict[str, Any]:
    return {"name": name, "use": "in", "min": least, "max": most, "type": kind}


def _own(name: str, code: str, places: tuple[str, ...], *parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "OperationDefinition",
        "id": name,
        "url": CANONICAL + name,
        "name": "".join(part.capitalize() for part in name.split("-")),
        "status": "active",
        "kind": "operation",
        "affectsState": False,
        "code": code,
        "resource": ["Resource"],
        **{place: place in places for place in ("system", "type", "instance")},
        "parameter": [*parameters, {"name": "return", "use": "out", "min": 1, "max": "1", "type": "Parameters"}],
    }


OWN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        each["id"]: each
        for each in (
            _own("qiao-diff", "diff", ("instance",), _in("fromVersion", "id"), _in("toVersion", "id")),
            _own("qiao-reindex", "reindex", ("system",)),
            _own("qiao-reindex-type", "reindex", ("type",)) | {"resource": ["SearchParameter"]},
            _own("qiao-diff-any", "diff", ("system",), _in("from", "uri", 1), _in("to", "uri", 1)),
            _own("qiao-reindex", "reindex", ("system",)),
            _own("qiao-reindex-type", "reindex", ("type",)) | {"resource": ["SearchParameter"]},
        )
    }
)


def operation_definition(name_or_url: str) -> Mapping[str, Any]:
    """The definition by id or canonical URL; KeyError for one that nobody wrote."""
    own = OWN.get(name_or_url.removeprefix(CANONICAL))
    found = own if own is not None else core_operation(name_or_url)
    if found is None:
        raise KeyError(name_or_url)
    return found
