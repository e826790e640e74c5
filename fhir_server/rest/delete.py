"""delete: the resource is gone, its versions stay (FHIR R4 http.html#delete)."""

from __future__ import annotations

from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal, refused
from fhir_server.rest.identity import etag_version, id_issue
from fhir_server.store.write import Write, Written
from profiles.issue import Issue


def delete(call: Call, services: Services) -> Answer | Change:
    """204 without a body; a second delete says the same. 404 for what never was, as for what is not the caller's."""
    if_match = etag_version(call.if_match) if call.if_match else None
    issue = id_issue(call.id) or (if_match if isinstance(if_match, Issue) else None)
    if issue is not None:
        return refusal(issue)
    write = Write("DELETE", call.type, call.id, if_match=if_match, owner=call.caller.owner)  # type: ignore[arg-type]
    return Change((write,), lambda written: deleted(written[0]))


def deleted(written: Written) -> Answer:
    if written.version == 0:
        return refused("not-found", written.type)
    return Answer(204, version=written.version, last_modified=written.last_updated)
