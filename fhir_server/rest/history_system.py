"""history of the whole system: every version of every resource, the newest first (FHIR R4 http.html#history)."""

from __future__ import annotations

from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.rest.history import Past, history


def history_system(call: Call, services: Services) -> Answer:
    """200 with a history Bundle."""
    with services.database.read() as connection:
        return history(Past("_history"), connection, call, services)
