"""What a change of a Patient or an Encounter is called in ADT: the rows of `tables/outbound/adt_events.csv`.

A row with the state before goes before one with `*`; what no row names is an update (A08), of a person A28 or A31, of
merged persons A40. Source: HL7 v2.5.1 3.3.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

from mappers.outbound.tree import TABLES

Body = dict[str, Any]
_INPATIENT = frozenset({"IMP", "ACUTE", "NONAC", "SS"})


@cache
def _rows() -> dict[tuple[str, str, str], str]:
    with (TABLES / "adt_events.csv").open(encoding="utf-8", newline="") as file:
        return {
            (row["before"], row["after"], row["inpatient"]): row["event"] for row in csv.DictReader(file, strict=True)
        }


def event_of_visit(encounter: Body, before: Body | None) -> str:
    """The trigger event of an Encounter that was written; `before` is what stood there, `None` when it is new."""
    status, old = encounter.get("status", ""), (before or {}).get("status", "")
    if before is not None and status == old:
        return "A08"
    inside = "yes" if encounter.get("class", {}).get("code") in _INPATIENT else "no"
    rows = _rows()
    for state in (old, "*") if before is not None else ("",):
        for kind in (inside, "*"):
            if found := rows.get((state, status, kind)):
                return found
    return "A08"


def event_of_person(patient: Body, before: Body | None) -> str:
    """The trigger event of a Patient that was written."""
    if before is None:
        return "A28"
    return "A40" if _replaced(patient) - _replaced(before) else "A31"


def _replaced(patient: Body) -> frozenset[str]:
    links = (one for one in patient.get("link", ()) if one.get("type") == "replaces")
    return frozenset(one.get("other", {}).get("reference", "") for one in links)
