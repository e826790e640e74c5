"""A body that is not held in memory: lines of NDJSON go to a file as they arrive (for `$import`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from profiles.issue import Issue

NDJSON = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})


async def uploaded(receive: Any, headers: Mapping[bytes, bytes], folder: Path, limit: int) -> Path | Issue:
    """The file with the whole body; nothing of it stays when it is too large or the connection breaks."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared[:20]) > limit:
        return _too_large(limit)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"upload-{uuid4().hex}"
    issue = await _written(receive, path, limit)
    if issue is not None:
        path.unlink(missing_ok=True)
    return issue or path


async def _written(receive: Any, path: Path, limit: int) -> Issue | None:
    size, more = 0, True
    with path.open("xb") as file:
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return Issue("json-malformed", "http", details={"why": "the connection was closed"})
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                return _too_large(limit)
            file.write(part)
            more = message.get("more_body", False)
    return None


def _too_large(limit: int) -> Issue:
    return Issue("body-too-large", "http", details={"limit": str(limit)})
