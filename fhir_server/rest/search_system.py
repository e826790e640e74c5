"""search-system: over all types, or over those of `_type`, in one list with one way of paging (R4 http.html#search)."""

from __future__ import annotations

from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.rest.search import searched
from fhir_server.rest.several import several
from fhir_server.search.parameters import EVERY


def search_system(call: Call, services: Services) -> Answer:
    """200 with the page; 400 for a parameter that one of the types does not have."""
    return searched(call, services, lambda: several(call, services, EVERY, ""))
