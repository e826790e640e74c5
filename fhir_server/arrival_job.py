"""A v2 message inside the transaction: duplicate check, statements, merges, work list, journal row, answer.

A duplicate (same sender, control id and bytes) gets the stored answer again and changes nothing. The same control id
with another body is processed and flagged. What a message states about a resource joins what others stated
(`store.fold`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import profiles
from fhir_server import unmapped_task
from fhir_server.arrival import Arrival, Merged, Receipt, Stated
from fhir_server.identity_review import review
from fhir_server.store import body as bodies
from fhir_server.store import schema
from fhir_server.store.body import digest
from fhir_server.store.flush import flush
from fhir_server.store.fold import Said, add, fold
from fhir_server.store.unit import Key, Unit
from fhir_server.store.writer import Refusal
from profiles.issue import Issue
from profiles.json_output import dump

MERGE_WEIGHT = 99
_KEPT_APART = frozenset({"Patient", "Person", "Provenance", "AuditEvent"})
"""Types whose references to a merged patient are the record of the merge itself and stay as they are."""
_TIMELESS = frozenset({"Organization", "Location", "Practitioner", "PractitionerRole", "Device"})
"""Mentioned by every message. When is not kept, or every message would rewrite them: the fuller statement counts as the
later one, so that `0001` alone never takes the name from `0001^Name`."""


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
        receipt = replace(receipt, issues=(*receipt.issues, *(issue for _, issue in reviews)))
        written = sum(_state(unit, stated, arrival.event_time, receipt.journal, old) for stated in every)
        written += sum(_merge(unit, merged, arrival.event_time, receipt.journal) for merged in arrival.merged)
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


def _state(unit: Unit, stated: Stated, event_time: int, message: int, replayed: frozenset[int]) -> int:
    """Adds one statement; the number of new versions (none when it says nothing new).

    What the same message stated under older rules (`replayed`) gives way: a replay corrects, it does not argue.
    """
    resource = stated.resource
    key = (resource["resourceType"], resource["id"])
    head = unit.head(key)
    text = bodies.canonical(resource)
    mark = digest(text + dump(list(stated.deleted)) if stated.deleted else text)
    at = len(text) if key[0] in _TIMELESS or not stated.owner else event_time
    new = Said(stated.weight, at, at, mark, message, resource, stated.deleted)
    known = unit.statements(key)
    if head is not None and head.version and not known:
        known = (_as_it_stands(unit, key),)
    if any(one.message in replayed and one.hash != new.hash for one in known):
        return _restate(unit, key, new, replayed, stated.owner)
    added = add(known, new, lambda run: unit.points_of(key, run))
    said = added.said
    if head is not None and head.version and len(said) == len(known):
        if said != known or added.within:
            unit.put(unit.said, key, said)
            _remember(unit, key, new, added.within)
        return 0
    said = _with_merges(unit, key, said, resource)
    unit.put(unit.said, key, said)
    _remember(unit, key, new, added.within)
    if len(said) == 1:
        unit.turn(key, resource, method="PUT", owner=stated.owner, message=message, text=text)
        return 1
    return _turns(unit, key, len(said) - (len(known) if head and head.version else 0), stated.owner, message)


def _restate(unit: Unit, key: Key, new: Said, replayed: frozenset[int], owner: str) -> int:
    kept = tuple(one for one in unit.hydrate(key) if one.message not in replayed or one.renamed)
    unit.put(unit.said, key, add(kept, new, lambda run: unit.points_of(key, run)).said)
    return _turns(unit, key, 1, owner, new.message)


def _remember(unit: Unit, key: Key, new: Said, within: tuple[int, ...]) -> None:
    """Keeps the event times that now lie inside a run."""
    if within:
        rows = tuple((new.weight, new.hash, time, new.message) for time in within)
        unit.put(unit.points, key, (*unit.points.get(key, ()), *rows))


def _as_it_stands(unit: Unit, key: Key) -> Said:
    """A resource written over REST before any message spoke of it, as the statement the others build on."""
    head = unit.head(key)
    assert head is not None
    body = bodies.content(head.body) if head.living else {"resourceType": key[0], "id": key[1]}
    return Said(0, head.last_updated, head.last_updated, digest(dump(body)), 0, body, whole=True)


def _turns(unit: Unit, key: Key, count: int, owner: str, message: int) -> int:
    """As many versions as there are new statements, so that their number does not depend on the order of arrival."""
    if count <= 0:
        return 0
    body = fold(unit.hydrate(key))
    _hold(key, body)
    for _ in range(count):
        unit.turn(key, body, method="PUT", owner=owner, message=message)
    return count


def _hold(key: Key, body: dict[str, Any]) -> None:
    """Valid statements can make an invalid whole; then none of the message is taken."""
    wrong = profiles.refusals(body)
    if wrong:
        details = {"type": key[0], "expression": wrong[0].expression}
        raise Refusal((Issue("bundle-invalid", expression=wrong[0].expression, details=details),))


def _with_merges(unit: Unit, key: Key, said: tuple[Said, ...], resource: dict[str, Any]) -> tuple[Said, ...]:
    """Joins the merges of the patients the statement refers to, also those of the patients they were merged into."""
    if key[0] in _KEPT_APART or not unit.merged_patients:
        return said
    known = {next(iter(one.renamed)) for one in said if one.renamed}
    waiting = [ref for ref in _patients(resource) if ref not in known]
    while waiting:
        gone = waiting.pop()
        alias = _alias(unit, gone)
        if alias is not None and gone not in known:
            known.add(gone)
            said = (*said, _renaming(gone, alias[0], alias[1], alias[2]))
            waiting.append(alias[0])
    return said


def _patients(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {value["reference"]} if _is_patient(value.get("reference")) else set()
        return found.union(*(_patients(child) for child in value.values() if isinstance(child, (dict, list))))
    if isinstance(value, list):
        return set().union(*(_patients(child) for child in value if isinstance(child, (dict, list))))
    return set()


def _is_patient(reference: Any) -> bool:
    return isinstance(reference, str) and reference.startswith("Patient/")


def _alias(unit: Unit, gone: str) -> tuple[str, int, int] | None:
    if gone not in unit.aliases:
        columns = ("kept", "event_time", "message")
        rows = unit.driver.select(schema.alias, columns, ("gone",), [(gone,)])
        unit.aliases[gone] = (rows[0][0], rows[0][1], rows[0][2]) if rows else None
    return unit.aliases[gone]


def _renaming(gone: str, kept: str, event_time: int, message: int) -> Said:
    mark = digest(f"{gone}>{kept}".encode())
    return Said(MERGE_WEIGHT, event_time, event_time, mark, message, renamed={gone: kept})


def _merge(unit: Unit, merged: Merged, event_time: int, message: int) -> int:
    """Re-points everything that refers to the patient that is gone; remembers it for what is still to come."""
    gone, kept = f"Patient/{merged.gone}", f"Patient/{merged.kept}"
    if _alias(unit, gone) is not None or gone == kept:
        return 0
    unit.put(unit.aliases, gone, (kept, event_time, message))
    unit.put(unit.alias_rows, gone, (gone, kept, event_time, message))
    written = 0
    for key in _referring(unit, ("Patient", merged.gone)):
        known = unit.statements(key) or (_as_it_stands(unit, key),)
        head = unit.head(key)
        assert head is not None
        said = _with_merges(unit, key, known, {"reference": gone})
        if len(said) > len(known):
            unit.put(unit.said, key, said)
            written += _turns(unit, key, len(said) - len(known), head.owner, message)
    return written


def _referring(unit: Unit, key: Key) -> list[Key]:
    head = unit.head(key)
    if head is None or not head.rid:
        return []
    rids = unit.driver.select(schema.sp_reference, ("rid",), ("target",), [(head.rid,)])
    if not rids:
        return []
    found = unit.driver.select(schema.resource, ("type", "id"), ("rid",), sorted({(row[0],) for row in rids}))
    keys = sorted((kind, name) for kind, name in found if kind not in _KEPT_APART)
    unit.load(keys)
    return keys


def _unmapped(unit: Unit, site: str, entry: Any, message: int) -> None:
    key = (site, entry["table"][:64], _plain(entry["code"])[:200])
    seen = unit.worklist.get(key, ("", "", 0, 0))[2]
    unit.put(unit.worklist, key, (_plain(entry.get("text", ""))[:200], entry.get("location", ""), seen + 1, message))
