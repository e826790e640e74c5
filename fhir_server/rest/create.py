"""create: a new resource under an id the server draws (FHIR R4 http.html#create, #ccreate)."""

from __future__ import annotations

from fhir_server.problem import outcome
from fhir_server.rest.conditional import header_text, may_refer
from fhir_server.rest.document import resource_of
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal, versioned_location
from fhir_server.rest.provenance import provenance
from fhir_server.rest.writing import Asked, write_of
from fhir_server.store.write import Write, Written
from profiles.issue import Issue


def create(call: Call, services: Services) -> Answer | Change:
    """201 with Location and ETag; 200 with those of the one resource that If-None-Exist matches, 412 for several."""
    resource = resource_of(call, services)
    if not isinstance(resource, dict):
        return refusal(*resource)
    asked = Asked(
        "POST",
        call.type,
        call.base,
        call.caller.owner,
        parameters=call.parameters,
        resource=resource,
        if_none_exist=None if call.if_none_exist is None else header_text(call.if_none_exist),
        refers=may_refer(call.body, call.base),
    )
    return changing(call, services, write_of(asked, services))


def changing(call: Call, services: Services, write: Write | tuple[Issue, ...]) -> Answer | Change:
    """The change of one create, update or patch, and what the caller tells of it."""
    if not isinstance(write, Write):
        return refusal(*write)
    if not call.provenance:
        return Change((write,), lambda written: saved(call, written[0]))
    told = provenance(call, services, write)
    if not isinstance(told, Write):
        return refusal(*told)
    return Change((write, told), lambda written: saved(call, written[0]))


def saved(call: Call, written: Written) -> Answer:
    """The answer to a create, an update or a patch (http.html#ops: what `Prefer: return` asks for)."""
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
