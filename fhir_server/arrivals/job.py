"""A v2 message inside the transaction: duplicate check, statements, merges, work list, journal row, answer.

A duplicate (same sender, control id and bytes) gets the stored answer again and changes nothing. The same control id
with another body is processed and flagged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.arrivals import unmapped_task
from fhir_server.arrivals.arrival import Arrival, Receipt
from fhir_server.arrivals.identity_review import review
from fhir_server.arrivals.merge import merge
from fhir_server.arrivals.statement import state
from fhir_server.arrivals.subject_change import subject_changes
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.body import digest
from fhir_server.store.flush import flush
from fhir_server.store.unit import Key, Unit
from fhir_server.store.writer import Refusal
from profiles.issue import Issue


@dataclass(frozen=True, slots=True)
class ArrivalJob:
    arrival: Arrival
    answer: Callable[[Receipt], bytes]

    @property
    def patient(self) -> bool:
        return True

    def touches(self) -> Iterable[Key]:
        arrival = self.arrival
        named = [(s.resource["resourceType"], s.resource["id"]) for s in arrival.stated]
        return [*named, *(unmapped_task.key(arrival.site, entry) for entry in arrival.unmapped)]

    def prepare(self, unit: Unit) -> None:
        """A merge must see in the tables what earlier messages of the batch wrote."""
        if self.arrival.merged:
            flush(unit)

    def apply(self, unit: Unit) -> Receipt:
        arrival = self.arrival
        earlier = _earlier(unit, arrival)
        if earlier is not None and earlier.same_bytes and arrival.original is None:
            return _repeat(unit, arrival, earlier)
        number = unit.journal_number()
        issues = arrival.issues
        if earlier is not None and not earlier.same_bytes:
            issues = (*issues, Issue("control-id-reuse", location="MSH-10"))
        receipt = Receipt(number, arrival.verdict, arrival.status, b"", issues, 0)
        if arrival.verdict == "AA":
            receipt = _write(unit, arrival, receipt)
        tasks = 0
        for entry in arrival.unmapped:
            _unmapped(unit, arrival.site, entry, number)
            tasks += unmapped_task.open_(unit, arrival.site, arrival.owner, entry, number)
        receipt = replace(receipt, written=receipt.written + tasks)
        receipt = replace(receipt, answer=self.answer(receipt))
        unit.put(unit.journal, number, _journal_row(unit, arrival, receipt))
        return receipt


def _write(unit: Unit, arrival: Arrival, receipt: Receipt) -> Receipt:
    """The statements and merges; all of them are taken back when one would leave an invalid resource behind."""
    mark = unit.mark()
    try:
        old = _versions_of(unit, arrival.original)
        found = [review(unit, stated) for stated in arrival.stated if stated.resource["resourceType"] == "Person"]
        reviews = [one for one in found if one is not None]
        every = (*arrival.stated, *(task for task, _ in reviews))
        noticed = (*(issue for _, issue in reviews), *subject_changes(unit, arrival.stated))
        receipt = replace(receipt, issues=(*receipt.issues, *noticed))
        written = sum(state(unit, stated, arrival.event_time, receipt.journal, old) for stated in every)
        written += sum(merge(unit, merged, arrival.event_time, receipt.journal) for merged in arrival.merged)
    except Refusal as refusal:
        unit.rewind(mark)
        return replace(receipt, verdict="AE", status="refused", issues=(*receipt.issues, *refusal.value))
    return replace(receipt, written=written)


@dataclass(frozen=True, slots=True)
class _Earlier:
    journal: int
    verdict: Any
    answer: bytes
    issues: tuple[Issue, ...]
    same_bytes: bool


def _dedupe(arrival: Arrival) -> str:
    sender = "\x00".join((arrival.site, arrival.application, arrival.facility, arrival.control_id))
    return digest(sender.encode() + b"\x00" + arrival.sha256).hex()


_NAMES = [column.name for column in schema.journal.columns]
_ID, _SITE, _CONTROL, _DEDUPE, _VERDICT, _ANSWER = (
    _NAMES.index(name) for name in ("id", "site", "control_id", "dedupe", "verdict", "answer")
)


def _earlier(unit: Unit, arrival: Arrival) -> _Earlier | None:
    """The message this one repeats, or another one with its control id; the copy in hand counts before the table."""
    if not arrival.control_id:
        return None
    mark = _dedupe(arrival)
    rows: list[Sequence[Any]] = [
        (row[_ID], row[_DEDUPE], row[_VERDICT], row[_ANSWER])
        for row in unit.journal.values()
        if row[_SITE] == arrival.site and row[_CONTROL] == arrival.control_id
    ]
    rows += unit.driver.select(
        schema.journal,
        ("id", "dedupe", "verdict", "answer"),
        ("site", "control_id"),
        [(arrival.site, arrival.control_id)],
    )
    same = next((row for row in rows if row[1] == mark), None)
    found = same or next((row for row in rows if row[1]), None)
    if found is None:
        return None
    return _Earlier(found[0], found[2], bytes(found[3]), (), same is not None)


def _repeat(unit: Unit, arrival: Arrival, earlier: _Earlier) -> Receipt:
    number = unit.journal_number()
    issues = (Issue("duplicate-message", location="MSH-10"),)
    receipt = Receipt(number, earlier.verdict, "duplicate", earlier.answer, issues, 0, earlier.journal)
    unit.put(unit.journal, number, _journal_row(unit, replace(arrival, original=earlier.journal), receipt))
    return receipt


def _journal_row(unit: Unit, arrival: Arrival, receipt: Receipt) -> tuple[Any, ...]:
    # A message on which we failed is no first copy: sent again it is tried again.
    ours = any(issue.code == "internal-error" for issue in arrival.issues)
    original = arrival.original is None and arrival.control_id and not ours
    return (
        receipt.journal,
        unit.now,
        arrival.event_time or None,
        arrival.endpoint,
        arrival.site,
        arrival.owner,
        _plain(arrival.application),
        _plain(arrival.facility),
        _plain(arrival.control_id),
        _plain(arrival.type)[:32],
        _plain(arrival.message_version)[:16],
        _plain(arrival.charset_declared),
        arrival.charset,
        arrival.sha256,
        _dedupe(arrival) if original else None,
        arrival.original,
        arrival.patient_key,
        arrival.order_key,
        receipt.status,
        receipt.verdict,
        bodies.issues_json(receipt.issues),
        receipt.written,
        arrival.unaccounted,
        receipt.answer,
        arrival.ledger,
        arrival.raw,
    )


def _plain(text: str) -> str:
    """PostgreSQL text holds no NUL; the raw bytes keep it."""
    return text.replace("\x00", "")


def _versions_of(unit: Unit, original: int | None) -> frozenset[int]:
    """The journal ids of a message that is replayed: the first and every replay since."""
    if original is None:
        return frozenset()
    rows = unit.driver.select(schema.journal, ("id",), ("original",), [(original,)])
    return frozenset({original, *(row[0] for row in rows)})


def _unmapped(unit: Unit, site: str, entry: Any, message: int) -> None:
    key = (site, entry["table"][:64], _plain(entry["code"])[:200])
    seen = unit.worklist.get(key, ("", "", 0, 0))[2]
    unit.put(unit.worklist, key, (_plain(entry.get("text", ""))[:200], entry.get("location", ""), seen + 1, message))
