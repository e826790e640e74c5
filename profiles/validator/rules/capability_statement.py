"""CapabilityStatement: a search parameter is of the type that its definition says.

Source: http://hl7.org/fhir/R4/capabilitystatement-definitions.html#CapabilityStatement.rest.resource.searchParam.type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from profiles.definitions import search_parameters
from profiles.issue import Issue
from profiles.validator.place import Place

Json = dict[str, Any]


def searchable(statement: Json, place: Place) -> Iterator[Issue]:
    """Every search parameter that names its definition."""
    for at, rest in enumerate(statement.get("rest", ())):
        for index, resource in enumerate(rest.get("resource", ())):
            for number, row in enumerate(resource.get("searchParam", ())):
                kind = _defined(row.get("definition"), resource.get("type", ""), place)
                if kind is not None and row.get("type") != kind:
                    path = f".rest[{at}].resource[{index}].searchParam[{number}].type"
                    yield place.issue("search-parameter-type", path, type=kind)


def _defined(canonical: str | None, resource_type: str, place: Place) -> str | None:
    if canonical is None:
        return None
    own = place.registry.canonical(canonical, "SearchParameter")
    if own is not None:
        return own.get("type")
    url = canonical.partition("|")[0]
    return next((each.type for each in search_parameters(resource_type).values() if each.url == url), None)
