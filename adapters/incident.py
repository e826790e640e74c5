"""An error of ours: where it happened goes into the log under a number, its text nowhere, since it may hold values."""

from __future__ import annotations

import traceback
from pathlib import Path
from uuid import uuid4

from fhir_server.log import log


def incident(error: Exception) -> str:
    """Logs where it happened, never the text of the error, which may hold values; the number finds the log line."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return recorded(type(error).__name__, where)


def recorded(error: str, where: str) -> str:
    """The number under which the log keeps it."""
    number = uuid4().hex[:12]
    log.error("message failed", incident=number, error=error, at=where)
    return number
