"""The asynchronous request pattern (FHIR R4 async.html; Bulk Data Access IG, export.html#bulk-data-status-request).

202 with Content-Location when asked; then 202 with X-Progress and Retry-After while it goes on, 200 with the result or
the error's status at the end; DELETE takes it back and removes its files.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus

import orjson

from fhir_server.jobs.desk import Desk
from fhir_server.jobs.job import Job, Json
from fhir_server.jobs.kinds import KINDS, loaded
from fhir_server.jobs.ledger import issues_of
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused

RETRY_AFTER = 1
"""Seconds a client should wait before it looks again."""


def desk(services: Services) -> Desk:
    assert services.jobs is not None, "only a server has jobs"
    return services.jobs


def accepted(call: Call, services: Services, kind: str, request: Json, name: str = "") -> Answer:
    """202: the job is asked for, and where to look."""
    name = desk(services).start(kind, request, call.caller.scope, name)
    return Answer(HTTPStatus.ACCEPTED, headers=(("Content-Location", f"{call.base}/_job/{name}"),))


def status(call: Call, services: Services) -> Answer:
    """What there is to say about the job; 404 for one that is unknown, cancelled, expired or of somebody else."""
    job = desk(services).find(call.id, call.caller.scope)
    if job is None:
        return refused("not-found", "http")
    if job.open:
        said = job.said if job.said.isascii() else ""
        headers = (("X-Progress", said or job.state), ("Retry-After", str(RETRY_AFTER)))
        return Answer(HTTPStatus.ACCEPTED, headers=headers)
    if job.state == "failed":
        return refusal(*issues_of(job))
    renderer = KINDS[job.kind].answer
    return loaded(renderer)(job, call, expires(job, services)) if renderer else _plain(job, expires(job, services))


def cancel(call: Call, services: Services) -> Answer:
    """202: nothing of it is left, or will be when the slice at hand has ended."""
    if desk(services).find(call.id, call.caller.scope) is None:
        return refused("not-found", "http")
    desk(services).cancel(call.id)
    return Answer(HTTPStatus.ACCEPTED)


def expires(job: Job, services: Services) -> tuple[str, str]:
    """The header that says until when the result can be fetched."""
    moment = datetime.fromtimestamp((job.updated + desk(services).expiry) / 1_000_000, UTC)
    return ("Expires", format_datetime(moment, usegmt=True))


def _plain(job: Job, expiry: tuple[str, str]) -> Answer:
    media = "" if "resourceType" in job.result else "application/json"
    return Answer(HTTPStatus.OK, orjson.dumps(job.result), headers=(expiry,), media_type=media)
