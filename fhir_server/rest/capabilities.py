"""capabilities: what this server does, from the route table and the parameters (R4 capabilitystatement.html).

The bytes are made once for each base URL.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import orjson

from fhir_server.rest.identity import NOT_STORED
from fhir_server.search.parameters import parameters
from profiles.definitions import resource_types

RELEASED = "2026-11-01"
"""Changes when what the server does changes."""


@lru_cache(maxsize=16)
def statement(base: str, interactions: tuple[str, ...]) -> bytes:
    """The CapabilityStatement as bytes; `interactions` are the codes every type has."""
    return orjson.dumps(
        {
            "resourceType": "CapabilityStatement",
            "id": "qiao",
            "url": f"{base}/metadata",
            "version": _version(),
            "name": "Qiao",
            "title": "Qiao (桥), FHIR R4 bridge of a county medical consortium",
            "status": "active",
            "date": RELEASED,
            "kind": "instance",
            "software": {"name": "Qiao", "version": _version()},
            "implementation": {"description": "Qiao FHIR R4 API", "url": base},
            "fhirVersion": "4.0.1",
            "format": ["application/fhir+json", "json"],
            "rest": [_rest(interactions)],
        }
    )


def _version() -> str:
    try:
        return version("qiao-fhir")
    except PackageNotFoundError:
        return "0.1.0"


def _rest(interactions: tuple[str, ...]) -> dict[str, Any]:
    return {
        "mode": "server",
        "resource": [_resource(name, interactions) for name in sorted(resource_types() - NOT_STORED)],
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
    }


def _resource(resource_type: str, interactions: tuple[str, ...]) -> dict[str, Any]:
    known = parameters(resource_type)
    references = [parameter.code for parameter in known.values() if parameter.kind == "reference"]
    shown: dict[str, Any] = {
        "type": resource_type,
        "interaction": [{"code": code} for code in interactions],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": False,
        "conditionalRead": "not-match",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical"],
        "searchInclude": [f"{resource_type}:{code}" for code in references],
        "searchParam": [{"name": p.code, "definition": p.url, "type": p.kind} for p in known.values()],
    }
    referring = _referring().get(resource_type)
    if referring:
        shown["searchRevInclude"] = referring
    return {name: value for name, value in shown.items() if value != []}


@lru_cache(maxsize=1)
def _referring() -> dict[str, list[str]]:
    """Which `Type:parameter` may point to a type."""
    found: dict[str, list[str]] = {}
    for source in sorted(resource_types()):
        for parameter in parameters(source).values():
            if parameter.kind == "reference":
                for target in parameter.targets:
                    found.setdefault(target, []).append(f"{source}:{parameter.code}")
    return found
