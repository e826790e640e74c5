"""Log lines: one JSON object a line on stderr, with an event, a level, a time and fields.

Law: what is logged is where and how often, never a value of a patient. Control characters are escaped, so no value can
forge a line.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

log: Any = structlog.get_logger()
"""The log of this process: `log.info("a job ended", job=12)`."""


def configure(level: str) -> None:
    """The least level that is written, by name: `info`."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
