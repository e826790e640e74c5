"""$reindex: fills the lists of search parameters that were added with data in the store (an operation of this server).

POST starts it, or joins the one that is going on: 202 with Content-Location, as every long job. GET says how far the
parameters are. A parameter that is not filled is refused in searches (`search-parameter-filling`).
"""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection

from fhir_server.jobs.job import Job
from fhir_server.jobs.ledger import covers, open_jobs
from fhir_server.jobs.status import accepted
from fhir_server.rest.exchange import Answer, Call, Services
from fhir_server.search.overlay import Overlay
from fhir_server.search.parameters import Parameter


def reindex(call: Call, services: Services) -> Answer:
    """202 with the address of the job; for a GET 200 with Parameters: what is known, and how far it is."""
    if call.method == "GET":
        return _progress(call, services)
    with services.database.read() as connection:
        going = next((job for job in _going(connection, call) if not job.progress), None)
    if going is not None:  # one that has not begun yet will take up what is new by now
        return Answer(202, headers=(("Content-Location", f"{call.base}/_job/{going.id}"),))
    return accepted(call, services, "reindex", {})


def _going(connection: Connection, call: Call) -> list[Job]:
    """The jobs the caller may know of."""
    scope = call.caller.scope
    return [job for job in open_jobs(connection) if job.kind == "reindex" and covers(scope, job.scope)]


def _progress(call: Call, services: Services) -> Answer:
    with services.database.reading() as reader:
        overlay = services.database.known.fresh(reader.all).seen_by(call.caller.scope.owners)
    with services.database.read() as connection:
        jobs = _going(connection, call)
    parts = [_parameter(each, overlay) for added in overlay.added.values() for each in added]
    parts += [
        {
            "name": "job",
            "part": [
                {"name": "address", "valueUri": f"{call.base}/_job/{job.id}"},
                {"name": "progress", "valueString": job.said or job.state},
            ],
        }
        for job in jobs
    ]
    body: dict[str, Any] = {"resourceType": "Parameters"} | ({"parameter": parts} if parts else {})
    return Answer(200, orjson.dumps(body))


def _parameter(each: Parameter, overlay: Overlay) -> dict[str, Any]:
    ready = overlay.filling.isdisjoint(each.params)
    return {
        "name": "parameter",
        "part": [
            {"name": "type", "valueCode": each.type},
            {"name": "code", "valueCode": each.code},
            {"name": "state", "valueCode": "filled" if ready else "filling"},
        ],
    }
