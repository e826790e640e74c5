"""The files of a finished job: whoever may know of the job may fetch them (Bulk Data Access IG, #file-request).

Only as many bytes are given as were committed with the job's progress: what a process wrote before it was killed, or
after another took its job over, is never seen.
"""

from __future__ import annotations

from http import HTTPStatus

from fhir_server.jobs.job import Job
from fhir_server.jobs.status import desk, expires
from fhir_server.rest.exchange import Answer, Call, Services, refused

NDJSON = "application/fhir+ndjson"


def job_file(call: Call, services: Services) -> Answer:
    """200 with the lines; 404 for a file that is not of this job."""
    job = desk(services).find(call.id, call.caller.scope)
    size = None if job is None or job.state != "done" else _size(job, call.name)
    if job is None or size is None:
        return refused("not-found", "http")
    try:
        with (desk(services).folder / job.id / call.name).open("rb") as file:
            body = file.read(size)
    except OSError:
        return refused("gone", "http")
    if len(body) != size:
        return refused("gone", "http")
    return Answer(HTTPStatus.OK, body, headers=(expires(job, services),), media_type=NDJSON)


def _size(job: Job, name: str) -> int | None:
    """The committed size of a file of the job; a name that is not in its result is no file."""
    return next((int(file["size"]) for file in job.result.get("files", ()) if file["name"] == name), None)
