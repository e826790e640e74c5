"""history of an instance: all its versions, the newest first, deletes included (FHIR R4 http.html#history)."""

from __future__ import annotations

from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.history import Past, history
from fhir_server.rest.identity import id_issue
from fhir_server.rest.read import current


def history_instance(call: Call, services: Services) -> Answer:
    """200 with a history Bundle; 404 when the resource never was, or is not the caller's to see."""
    issue = id_issue(call.id)
    if issue is not None:
        return refusal(issue)
    with services.database.read() as connection:
        row = current(connection, call.type, call.id, call.caller.scope)
        if row is None:
            return refused("not-found", call.type)
        return history(Past(f"{call.type}/{call.id}/_history", rid=row.rid), connection, call, services)
