"""The manifest of a finished export (Bulk Data Access IG, export.html#response---complete-status)."""

from __future__ import annotations

from typing import Any

import orjson

from fhir_server.jobs.job import Job
from fhir_server.rest.exchange import Answer, Call
from fhir_server.store.body import precise_instant


def answer(job: Job, call: Call, expires: tuple[str, str]) -> Answer:
    """200 with the list of files."""
    files = [file for file in job.result.get("files", ()) if file["count"]]
    manifest: dict[str, Any] = {
        "transactionTime": precise_instant(job.result["time"]),
        "request": job.request["url"],
        "requiresAccessToken": job.scope.owners is not None,
        "output": [_entry(job, call, file) for file in files if file["key"] != "deleted"],
        "deleted": [_entry(job, call, file) | {"type": "Bundle"} for file in files if file["key"] == "deleted"],
        "error": [],
    }
    return Answer(200, orjson.dumps(manifest), headers=(expires,), media_type="application/json")


def _entry(job: Job, call: Call, file: dict[str, Any]) -> dict[str, Any]:
    url = f"{call.base}/_job/{job.id}/file/{file['name']}"
    return {"type": file["key"], "url": url, "count": file["count"]}
