"""The files a job writes: NDJSON parts of bounded size, appended slice by slice.

A part counts as long as the last kept progress says; bytes behind that are of a slice that was not kept and are
overwritten or never shown. A worker that takes a job over begins parts of its own, so a process that is slow to die
cannot write into what another shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4


class Parts:
    """The parts so far, as JSON rows `{name, key, size, count, worker}`; `add` appends to the one of its key."""

    def __init__(self, folder: Path, worker: str, limit: int, rows: list[dict[str, Any]]) -> None:
        self._folder, self._worker, self._limit = folder, worker, limit
        self.rows = [dict(row) for row in rows]
        self._pending: dict[str, list[bytes]] = {}

    def add(self, key: str, lines: Iterable[bytes]) -> int:
        """Appends lines to the part of the key, or to its next one when that is full; gives the bytes written."""
        written = 0
        for line in lines:
            row = self._open(key)
            self._pending.setdefault(row["name"], []).append(line + b"\n")
            row["size"] += len(line) + 1
            row["count"] += 1
            written += len(line) + 1
        return written

    def flush(self) -> list[dict[str, Any]]:
        """Puts everything on disk before the progress that speaks of it is kept."""
        if self._pending:
            self._folder.mkdir(parents=True, exist_ok=True)
        for name, lines in self._pending.items():
            text = b"".join(lines)
            row = next(row for row in self.rows if row["name"] == name)
            descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT, 0o640)
            with os.fdopen(descriptor, "wb") as file:
                file.seek(row["size"] - len(text))
                file.write(text)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        self._pending.clear()
        return self.rows

    def _open(self, key: str) -> dict[str, Any]:
        last = next((row for row in reversed(self.rows) if row["key"] == key), None)
        if last is not None and last["size"] < self._limit and last["worker"] == self._worker:
            return last
        row = {
            "name": f"{key}-{uuid4().hex[:12]}.ndjson",
            "key": key,
            "size": 0,
            "count": 0,
            "worker": self._worker,
        }
        self.rows.append(row)
        return row
