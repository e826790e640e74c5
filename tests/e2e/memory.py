"""Resident memory of processes that run (Linux)."""

from __future__ import annotations

from pathlib import Path


def resident(pid: int) -> float:
    """Mebibytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024


def children(parent: int) -> list[int]:
    """The processes that a process started in its first thread."""
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text("ascii").split()]
