"""update: the next version of a resource, or its first under an id the caller chose (FHIR R4 http.html#update).

`PUT [base]/Patient?identifier=…` updates the one resource that matches (http.html#cond-update).
"""

from __future__ import annotations

from fhir_server.rest.conditional import may_refer
from fhir_server.rest.create import changing
from fhir_server.rest.document import resource_of
from fhir_server.rest.exchange import Answer, Call, Change, Services, refusal
from fhir_server.rest.writing import Asked, write_of


def update(call: Call, services: Services) -> Answer | Change:
    """200 for a next version or an identical body, 201 for a first; 412 when If-Match names another version, when
    If-None-Match is `*` and there is one, or when several match.
    """
    resource = resource_of(call, services)
    if not isinstance(resource, dict):
        return refusal(*resource)
    asked = Asked(
        "PUT",
        call.type,
        call.base,
        call.caller.owner,
        call.id,
        call.parameters,
        resource,
        if_match=call.if_match,
        if_none_match=call.if_none_match,
        refers=may_refer(call.body, call.base),
    )
    return changing(call, services, write_of(asked, services))
