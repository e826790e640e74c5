"""Which process follows the log of changes, and how far it has looked: one row of the table of jobs for each follower.

A follower (deliveries, subscriptions) is led by one process at a time, under a lease. What it makes of the changes is
written in the transaction that moves its cursor, so that nothing is lost and nothing is made twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fhir_server.jobs.ledger import LEASE
from fhir_server.jobs.plain import Plain
from fhir_server.store import schema
from fhir_server.store.unit import Unit

_COLUMNS = tuple(column.name for column in schema.job.columns)


@dataclass(frozen=True)
class Lead(Plain):
    """Takes or renews the lead; gives the cursor, None while another process leads. `start` is for the first time."""

    follower: str
    worker: str
    start: int
    is_dead: Callable[[str], bool]

    def apply(self, unit: Unit) -> int | None:
        row, lease = _row(unit, self.follower), unit.now + LEASE
        if row is None:
            head = (self.follower, self.follower, "running", unit.now, unit.now, lease, self.worker, b"null", b"{}")
            unit.driver.insert(schema.job, [(*head, _progress(self.start), b"{}")])
            return self.start
        other = row["worker"] not in ("", self.worker)
        if other and (row["lease"] or 0) > unit.now and not self.is_dead(row["worker"]):
            return None
        values = (self.follower, self.worker, lease, unit.now)
        unit.driver.update(schema.job, ("id",), ("worker", "lease", "updated"), [values])
        return _seq(row)


@dataclass(frozen=True)
class Leave(Plain):
    """Gives the lead back."""

    follower: str
    worker: str

    def apply(self, unit: Unit) -> None:
        row = _row(unit, self.follower)
        if row is not None and row["worker"] == self.worker:
            unit.driver.update(schema.job, ("id",), ("worker", "lease"), [(self.follower, "", None)])


@dataclass(frozen=True, slots=True)
class Step:
    """The changes behind `before` and up to `seq` were looked at by the worker."""

    follower: str
    worker: str
    before: int
    seq: int

    def taken(self, unit: Unit) -> bool:
        """Moves the cursor; False, and nothing is written, when another process leads by now."""
        row = _row(unit, self.follower)
        if row is None or row["worker"] != self.worker or _seq(row) > self.before:
            return False
        values = (self.follower, _progress(self.seq), unit.now + LEASE, unit.now)
        unit.driver.update(schema.job, ("id",), ("progress", "lease", "updated"), [values])
        return True


def _row(unit: Unit, follower: str) -> dict[str, Any] | None:
    rows = unit.driver.select(schema.job, _COLUMNS, ("id",), [(follower,)])
    return dict(zip(_COLUMNS, rows[0], strict=True)) if rows else None


def _progress(seq: int) -> bytes:
    return json.dumps({"next": {"seq": seq}, "said": ""}).encode()


def _seq(row: dict[str, Any]) -> int:
    return int(json.loads(bytes(row["progress"]))["next"]["seq"])
