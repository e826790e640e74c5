"""$export: all resources, those of Patients or of a Group, as files of NDJSON (Bulk Data Access IG 2.0, export.html).

The kick-off only writes down what is asked for; the work is done in slices (`export_step.py`). What is exported is the
store as it stood after one change: nothing that was written later is in it, nothing that was there is missing.
"""

from __future__ import annotations

from urllib.parse import urlencode

from fhir_server.bulk.request import read
from fhir_server.jobs.job import Json
from fhir_server.jobs.status import accepted
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused
from fhir_server.rest.identity import id_issue
from fhir_server.search.query import Handling
from profiles.definitions import compartment
from profiles.issue import Issue


def export(call: Call, services: Services) -> Answer:
    """202 with Content-Location; 400 for what cannot be exported so, 404 for a Group that is not there.

    There is no synchronous export to fall back to, so `Prefer: respond-async` must be said (export.html: "required").
    """
    if not call.preferences.respond_async:
        return refused("async-only", "http.Prefer", name="$export")
    if call.id and (issue := id_issue(call.id)):
        return refusal(issue)
    asked = read(call, services)
    if not isinstance(asked, dict):
        return refusal(*asked)
    issues = _unfit(call, services, asked)
    if issues:
        return refusal(*issues)
    if call.id and not _group_there(call, services):
        return refused("not-found", "Group")
    level = "group" if call.id else "patient" if call.type else "system"
    where = f"{call.base}/" + "".join(f"{part}/" for part in (call.type, call.id) if part) + "$export"
    url = f"{where}?{urlencode(call.parameters, safe=':/|,$')}" if call.parameters else where
    return accepted(call, services, "export", asked | {"level": level, "group": call.id, "url": url, "base": call.base})


def _unfit(call: Call, services: Services, asked: Json) -> tuple[Issue, ...]:
    """Types outside of the compartment, a list of Patients for the whole system, filters that cannot be searched."""
    if asked["patients"] and not call.type:
        return (Issue("operation-parameter-unsupported", "http.patient", details={"name": "patient"}),)
    if call.type:
        inside = {"Patient", *compartment("Patient")}
        beyond = [kind for kind in asked["types"] if kind not in inside]
        if beyond and call.preferences.handling is not Handling.LENIENT:
            details = {"name": "_type", "type": "list of types in the Patient compartment"}
            return (Issue("operation-parameter-value", "http._type", details=details),)
        asked["types"] = [kind for kind in asked["types"] if kind in inside]
        if beyond and not asked["types"]:
            asked["types"] = ["Patient"]
    return _unsearchable(call, services, asked["filters"]) if asked["filters"] else ()


def _unsearchable(call: Call, services: Services, filters: list[str]) -> tuple[Issue, ...]:
    from fhir_server.bulk.export_step import parsed_filter

    found: list[Issue] = []
    for text in filters:
        kind, _, query = text.partition("?")
        parsed = parsed_filter(kind, query, services.clock(), call.base)
        if isinstance(parsed, tuple):
            found += parsed
    return tuple(found)


def _group_there(call: Call, services: Services) -> bool:
    from fhir_server.bulk.patients import of_group

    with services.database.read() as connection:
        return of_group(connection, call.id, call.caller.scope) is not None
