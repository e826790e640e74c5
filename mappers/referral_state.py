"""RF1-1 and the event -> how a referral stands: business status and Task status, and the status of the request.

The event tells what RF1-1 leaves open: I12 submits, I14 cancels, I13 changes nothing; an answer (RRI) without RF1-1
tells nothing. A site maps its own words in the table `referral-status`. The states of a referral are those of the
consortium (`referral-task-status`). Source: HL7 v2.5.1 11.6.1.1 and table 0283.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mappers.site import Site


class ReferralState(NamedTuple):
    """`business` is a code of referral-task-status, `task` a Task.status, `request` a ServiceRequest.status."""

    business: str
    task: str
    request: str


@cache
def _rows() -> dict[str, ReferralState]:
    path = Path(__file__).parent / "tables" / "referral_status.csv"
    with path.open(encoding="utf-8", newline="") as table:
        return {
            row["code"]: ReferralState(row["business"], row["task"], row["request"])
            for row in csv.DictReader(table, strict=True)
        }


def known(site: Site, code: str) -> ReferralState | None:
    """What RF1-1 says, `None` when nobody knows the code."""
    own = site.codes.get(("referral-status", code))
    return _rows().get(own if own is not None else code)


def of_event(code: str, event: str) -> ReferralState | None:
    """What the event alone says, `None` when nothing."""
    if event == "I14":
        return _rows()["cancelled"]
    return _rows()["submitted"] if (code, event) == ("REF", "I12") else None
