"""What ORC-1, ORC-5, OBR-25 and OBX-11 say about the state of an order, a report and a result.

An unknown status is never guessed: a report whose status nobody can read gets the issue `status-unknown`, which refuses
it; a report or an order that tells none has FHIR's `unknown`. A site maps its own codes in the tables `order-control`,
`order-status`, `report-status` and `observation-status` to the HL7 codes.
Sources: HL7 v2.5.1 tables 0119, 0038, 0123 and 0085 with the V2-to-FHIR code maps; deviations are named in the tables.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mappers.mapped import Weight
from mappers.site import Site

_TABLES = Path(__file__).parent / "tables"


class OrderState(NamedTuple):
    """`request` is a ServiceRequest.status, `task` a Task.status, both `""` when the code tells none."""

    request: str
    task: str
    originator: str


class ResultState(NamedTuple):
    """`absent` is why there is no value when OBX-5 is empty, `""` when a missing value says nothing."""

    status: str
    absent: str = ""


@cache
def _rows(name: str) -> Mapping[str, Mapping[str, str]]:
    with (_TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as table:
        return {row["code"]: row for row in csv.DictReader(table, strict=True)}


def _row(site: Site, name: str, code: str) -> Mapping[str, str] | None:
    rows = _rows(name)
    own = site.codes.get((name.replace("_", "-"), code))
    return rows.get(own if own is not None else code.strip())


@cache
def _result_states() -> Mapping[str, ResultState]:
    return {code: ResultState(row["status"], row["absent"]) for code, row in _rows("observation_status").items()}


def order_control(site: Site, code: str) -> OrderState | None:
    """What ORC-1 says, `None` when the code is unknown."""
    row = _row(site, "order_control", code)
    return OrderState(row["request"], row["task"], row["originator"]) if row else None


def order_status(site: Site, code: str) -> OrderState | None:
    """What ORC-5 says, `None` when the code is unknown."""
    row = _row(site, "order_status", code)
    return OrderState(row["request"], row["task"], row["originator"]) if row else None


def report_status(site: Site, code: str) -> str | None:
    """The DiagnosticReport.status of OBR-25, `None` when the code is unknown."""
    row = _row(site, "report_status", code)
    return row["status"] if row else None


def observation_status(site: Site, code: str) -> ResultState | None:
    """The Observation.status of OBX-11, `None` when the code is unknown."""
    own = site.codes.get(("observation-status", code)) if site.codes else None
    return _result_states().get(own if own is not None else code.strip())


OF_REPORT: Mapping[str, ResultState] = {
    "registered": ResultState("registered", "temp-unknown"),
    "partial": ResultState("preliminary", "temp-unknown"),
    "preliminary": ResultState("preliminary", "temp-unknown"),
    "final": ResultState("final", "unknown"),
    "amended": ResultState("amended", "unknown"),
    "corrected": ResultState("corrected", "unknown"),
    "cancelled": ResultState("cancelled", "unknown"),
    "entered-in-error": ResultState("entered-in-error"),
    "unknown": ResultState("unknown", "unknown"),
}
"""OBX-11 was optional before v2.3: a result without a status of its own has the one of its report."""

_WEIGHTS: Mapping[str, Weight] = {
    "registered": Weight.STATED,
    "partial": Weight.STATED,
    "preliminary": Weight.STATED,
    "final": Weight.FINAL,
    "amended": Weight.CORRECTED,
    "corrected": Weight.CORRECTED,
    "appended": Weight.CORRECTED,
    "cancelled": Weight.REVOKED,
    "entered-in-error": Weight.REVOKED,
    "revoked": Weight.REVOKED,
}


def weight(status: str) -> Weight:
    """How much a statement with that status may overrule."""
    return _WEIGHTS.get(status, Weight.STATED)


def of_results(statuses: Iterable[str]) -> str | None:
    """The status of a report that has none of its own, by those of its results; `None` without any.

    Only when every result is final is the report final; a mixture of final and pending ones is partial.
    """
    found = set(statuses)
    if not found:
        return None
    if len(found) == 1:
        return found.pop()
    found -= {"cancelled", "entered-in-error"}
    if not found & {"registered", "preliminary"}:
        for status in ("corrected", "amended", "final"):
            if status in found:
                return status
    return "partial" if found - {"registered", "preliminary"} else "preliminary"
