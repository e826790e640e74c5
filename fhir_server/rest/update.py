"""update: the next version of a resource, or its first under an id the caller chose (FHIR R4 http.html#update)."""

from __future__ import annotations

from fhir_server.rest.create import saved
from fhir_server.rest.document import id_mismatch, resource_of
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal
from fhir_server.rest.identity import etag_version, id_issue
from fhir_server.store.write import Write
from profiles.issue import Issue


def update(call: Call, services: Services) -> Answer | Change:
    """200 for a next version or an identical body, 201 for a first, 412 when If-Match names another version."""
    if_match = etag_version(call.if_match) if call.if_match else None
    issue = id_issue(call.id) or (if_match if isinstance(if_match, Issue) else None)
    if issue is not None:
        return refusal(issue)
    resource = resource_of(call, services)
    if not isinstance(resource, dict):
        return refusal(*resource)
    issue = id_mismatch(resource, call.id, call.type)
    if issue is not None:
        return refusal(issue)
    write = Write("PUT", call.type, call.id, resource, if_match=if_match, owner=call.caller.owner)  # type: ignore[arg-type]
    return Change((write,), lambda written: saved(call, written[0]))
