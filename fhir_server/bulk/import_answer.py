"""The end of an import: what was written of each input, and where the outcomes of refused lines are."""

from __future__ import annotations

from typing import Any

import orjson

from fhir_server.jobs.job import Job
from fhir_server.rest.exchange import Answer, Call
from fhir_server.store.body import instant


def answer(job: Job, call: Call, expires: tuple[str, str]) -> Answer:
    """200 with `output` (type, count and what became of them, by input) and `error` (files of OperationOutcomes)."""
    counts: dict[str, dict[str, dict[str, int]]] = job.result["counts"]
    errors = [
        {"type": "OperationOutcome", "url": f"{call.base}/_job/{job.id}/file/{file['name']}", "count": file["count"]}
        for file in job.result["files"]
    ]
    manifest: dict[str, Any] = {
        "transactionTime": instant(job.updated),
        "request": job.request["url"],
        "requiresAccessToken": job.scope.owners is not None,
        "output": [
            {"type": kind, "inputUrl": source, "count": sum(how.values()), **how}
            for source, kinds in counts.items()
            for kind, how in sorted(kinds.items())
            if kind
        ],
        "error": errors,
    }
    return Answer(200, orjson.dumps(manifest), headers=(expires,), media_type="application/json")
