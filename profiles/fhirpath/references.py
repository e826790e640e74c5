"""References that say their type, where only the type is asked for.

Source: http://hl7.org/fhir/R4/references.html#literal; `where(resolve() is Patient)` in the search parameters of R4.
"""

from __future__ import annotations

from typing import Any

from profiles.definitions import resource_types


def stub(reference: str) -> dict[str, Any] | None:
    """`Patient/123`, or an absolute URL that ends so, as a resource with nothing but type and id: for
    `Environment.resolve` where `resolve() is Patient` must be told without reading anything. None for another text."""
    *_, kind, name = ("", "", *reference.partition("/_history/")[0].split("/"))
    return {"resourceType": kind, "id": name} if kind in resource_types() and name else None
