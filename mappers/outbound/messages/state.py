"""Status of orders, reports, results and referrals -> ORC-1, ORC-5, OBR-25, OBX-11, RF1-1.

Inverse of `mappers.order_state` and `mappers.referral_state`: where several codes mean the same, `tables/outbound/
states.csv` names the one that is written; a receiver's own code goes before it.
"""

from __future__ import annotations

import csv
from functools import cache

from mappers.outbound.receiver import Receiver
from mappers.outbound.tree import TABLES


@cache
def _rows() -> dict[tuple[str, str], str]:
    with (TABLES / "states.csv").open(encoding="utf-8", newline="") as file:
        return {(row["table"], row["status"]): row["code"] for row in csv.DictReader(file, strict=True)}


def code(receiver: Receiver, table: str, status: str) -> str:
    """The code of one of the tables for a FHIR status, `''` when it has none."""
    known = _rows().get((table, status), "")
    return (receiver.own_code(table, known) if known else "") or known
