"""delete: the resource is gone, its versions stay (FHIR R4 http.html#delete, #cdelete).

Done already, or nothing there to delete: that is no failure, and the answer is the same (R4: "or if the resource does
not exist at all"). `DELETE [base]/Patient?identifier=…` deletes what matches, all in one transaction.
"""

from __future__ import annotations

from fhir_server.problem import outcome
from fhir_server.rest.exchange import Answer, Call, Change, Return, Services, refusal
from fhir_server.rest.writing import Asked, write_of
from fhir_server.store.write import Write, Written
from profiles.issue import Issue


def delete(call: Call, services: Services) -> Answer | Change:
    """204, or 200 with an OperationOutcome for who prefers one; 412 when If-Match names another version."""
    asked = Asked("DELETE", call.type, call.base, call.caller.owner, call.id, call.parameters, if_match=call.if_match)
    write = write_of(asked, services)
    if not isinstance(write, Write):
        return refusal(*write)
    return Change((write,), lambda written: deleted(call, written[0]))


def deleted(call: Call, written: Written) -> Answer:
    """What a delete of any number of resources answers."""
    if call.preferences.returned is Return.OUTCOME:
        count = Issue("resources-deleted", details={"count": str(written.count)})
        return Answer(200, outcome((count,)))
    if written.version == 0 or written.count > 1:
        return Answer(204)
    return Answer(204, version=written.version, last_modified=written.last_updated)
