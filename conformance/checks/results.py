"""Results that one institution makes for another: reports by centre, kind and status.

Source: DiagnosticReport. The centre is the institution of `performer`, the requester the one of the order it is based
on. The period goes by `effective`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from conformance.checks.clinical import Item, codes
from conformance.directory import Directory
from conformance.facts import Book
from conformance.period import moment

UNKNOWN = "unknown"
_CODES = {
    "ecg": "EC ECG PHY",
    "pathology": "SP PAT PATH CP CTH CY",
    "imaging": "RAD RX CT MR NMR US CUS OUS VUS NMS NUC RUS XRC MG imaging",
    "laboratory": "LAB CH HM IMM MB BLB SR TX VR URN MCB MYC PAR laboratory",
}
KINDS: Mapping[str, str] = MappingProxyType({code: kind for kind, codes in _CODES.items() for code in codes.split()})
"""Kinds of report by the codes of `DiagnosticReport.category` (HL7 v2 table 0074)."""
ISSUED = frozenset({"final", "amended", "corrected", "appended"})


@dataclass(frozen=True, slots=True)
class Result:
    """`delay` is from the examination to the report, `None` when either has no time of day.

    `remote`: made by another institution than the one that asked; a centre is no other for the hospital it is part of.
    """

    rid: int
    centre: str
    requester: str
    kind: str
    status: str
    delay: timedelta | None
    remote: bool
    test: bool


def read(found: list[Item], directory: Directory) -> Iterator[Result]:
    """The reports among the resources of a page; their orders are fetched together."""
    reports = [item for item in found if item.type == "DiagnosticReport"]
    wanted = {key for item in reports for key in _orders(item)}
    orders = directory.bodies(wanted)
    for item in reports:
        body = item.body
        asked = [orders[key].get("requester") for key in _orders(item) if key in orders]
        start = moment(body.get("effectiveDateTime") or body.get("effectivePeriod", {}).get("start"))
        issued = moment(body.get("issued"))
        centre = directory.institution(body.get("performer", ()), item.owner)
        requester = directory.institution(asked, UNKNOWN)
        yield Result(
            item.rid,
            centre,
            requester,
            next((KINDS[code] for code in codes(body.get("category")) if code in KINDS), "other"),
            body.get("status", UNKNOWN),
            issued - start if issued and start else None,
            requester != UNKNOWN and not directory.related(centre, requester),
            item.test,
        )


def count(result: Result, book: Book) -> None:
    """Adds one report to its centre, and to the institution that asked for it elsewhere."""
    if result.test:
        book.add(result.centre, "tests", ("result",), result.rid)
        return
    book.add(result.centre, "results", (result.kind, result.status), result.rid)
    book.add(result.centre, "results-for", (result.requester, result.kind), result.rid)
    if result.remote:
        book.count(result.requester, "results-from", (result.centre, result.kind), result.rid)


def _orders(item: Item) -> list[tuple[str, str]]:
    references = [one.get("reference", "") for one in item.body.get("basedOn", ())]
    return [
        ("ServiceRequest", name)
        for kind, _, name in (one.partition("/") for one in references)
        if kind == "ServiceRequest"
    ]
