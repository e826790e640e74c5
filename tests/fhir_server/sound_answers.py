"""What every answer is, however bent the request: below 500, an OperationOutcome when it refuses, and soon there."""

from __future__ import annotations

import httpx

FHIR, FORM = "application/fhir+json", "application/x-www-form-urlencoded"
SLOWEST = 15.0  # on a machine that does other things too


def sound(answer: httpx.Response) -> None:
    """What every answer is, however bent the request."""
    assert answer.status_code < 500, answer.text
    assert answer.elapsed.total_seconds() < SLOWEST, answer.request.url
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        form = answer.headers["content-type"]
        assert (
            b"OperationOutcome" in answer.content
            if "xml" in form
            else answer.json()["resourceType"] == "OperationOutcome"
        )
