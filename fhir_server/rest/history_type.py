"""history of a type: every version of every resource of it, the newest first (FHIR R4 http.html#history)."""

from __future__ import annotations

from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.rest.history import Past, history


def history_type(call: Call, services: Services) -> Answer:
    """200 with a history Bundle."""
    with services.database.read() as connection:
        return history(Past(f"{call.type}/_history", call.type), connection, call, services)
