"""create: a new resource under an id the server draws (FHIR R4 http.html#create)."""

from __future__ import annotations

from fhir_server.problem import outcome
from fhir_server.rest.document import resource_of
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal, refused, versioned_location
from fhir_server.store.write import Write, Written


def create(call: Call, services: Services) -> Answer | Change:
    """201 with Location and ETag."""
    if call.if_none_exist is not None:
        return refused("conditional-unsupported", "http.If-None-Exist", interaction="create")
    resource = resource_of(call, services)
    if not isinstance(resource, dict):
        return refusal(*resource)
    new_id = services.new_id()
    write = Write("POST", call.type, new_id, resource | {"id": new_id}, owner=call.caller.owner)
    return Change((write,), lambda written: saved(call, written[0]))


def saved(call: Call, written: Written) -> Answer:
    """The answer to a create or an update (http.html#ops: what `Prefer: return` asks for)."""
    return Answer(
        201 if written.created else 200,
        _body(call.preferences.returned, written),
        written.version,
        written.last_updated,
        versioned_location(call.base, written.type, written.id, written.version),
    )


def _body(returned: Return, written: Written) -> bytes:
    match returned:
        case Return.MINIMAL:
            return b""
        case Return.OUTCOME:
            return outcome(())
        case _:
            return written.body
