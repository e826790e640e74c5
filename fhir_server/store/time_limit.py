"""How long a read, or the conditions of a write, may take: what takes longer is stopped and raises TooSlow.

PostgreSQL stops a statement itself (`statement_timeout`). SQLite asks every so many steps whether to go on; there the
time counts from the beginning of the read.
"""

from __future__ import annotations

import sqlite3
from time import monotonic
from typing import Any

STEPS = 20_000
"""Steps of SQLite's machine between two looks at the clock: well under a millisecond of work."""
_CANCELED = "57014"
"""SQLSTATE query_canceled."""


class TooSlow(Exception):
    """What was asked of the database was stopped at its time limit."""


def stop_after(connection: sqlite3.Connection, seconds: float) -> None:
    """Stops what the connection does when so much time has gone by; 0 lets it go on for ever."""
    if not seconds:
        connection.set_progress_handler(None, 0)
        return
    until = monotonic() + seconds
    connection.set_progress_handler(lambda: monotonic() > until, STEPS)


def setting(seconds: float) -> str:
    """The same for PostgreSQL, in milliseconds."""
    return f"statement_timeout = {max(int(seconds * 1000), 1)}"


def stopped(error: BaseException) -> bool:
    """Whether the database says that it was stopped; SQLAlchemy wraps what the driver raises."""
    cause: Any = getattr(error, "orig", None) or error
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    return getattr(cause, "sqlstate", None) == _CANCELED
