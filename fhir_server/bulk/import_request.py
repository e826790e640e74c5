"""$import: resources as lines of NDJSON, sent as the body or in the import folder (after the Bulk Import proposal).

A body of `application/fhir+ndjson` was streamed to a file before this is called; a Parameters resource names files. The
work is done in slices (`import_step.py`).
"""

from __future__ import annotations

from pathlib import Path

import profiles
from fhir_server.bulk.sources import Input, inputs
from fhir_server.jobs.desk import drawn
from fhir_server.jobs.status import accepted, desk
from fhir_server.rest.document import document
from fhir_server.rest.exchange import Answer, Call, Services, refusal, refused


def import_(call: Call, services: Services) -> Answer:
    """202 with Content-Location."""
    job = drawn()
    found = _sent(call, services, job) if call.upload is not None else _named(call, services)
    if isinstance(found, Answer):
        return found
    request = {"inputs": found, "owner": call.caller.owner, "url": f"{call.base}/$import"}
    return accepted(call, services, "import", request, job)


def _sent(call: Call, services: Services, job: str) -> list[Input]:
    """The body, moved to where the files of its job are."""
    assert call.upload is not None
    folder = desk(services).folder / job
    folder.mkdir(parents=True, exist_ok=True)
    path = call.upload.rename(folder / "body")
    return [{"name": "body", "path": str(path), "type": ""}]


def _named(call: Call, services: Services) -> list[Input] | Answer:
    read = document(call, services)
    if not isinstance(read, dict):
        return refusal(*read)
    if read.get("resourceType") != "Parameters":
        return refused("operation-input", "Resource")
    issues = profiles.validate(read)
    if any(issue.refuses for issue in issues):
        return refusal(*issues)
    found = inputs(read, _folder(services))
    return found if isinstance(found, list) else refusal(*found)


def _folder(services: Services) -> Path | None:
    return desk(services).import_folder
