"""ADT: what happened to a patient or a visit -> Patient, Person, Encounter and what stands around them.

The events are rows of `tables/adt_events.csv`: `kind` says what the message does, `status` what the visit then is
(empty: PV1 itself shows it). Source: HL7 v2.5.1 chapter 3; official message maps ADT_A01, A02, A05, A06, A09, A11;
ADT_A03 and ADT_A39 (A40) are ours.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from mappers import dtm
from mappers.draft import Draft, Sheet
from mappers.encounter import encounter
from mappers.engine import apply
from mappers.finish import finish
from mappers.identity import merge, patient
from mappers.mapped import Mapped, Merge
from mappers.message import Leaf, Segment
from mappers.segments.al1_allergyintolerance import allergies
from mappers.segments.dg1_condition import conditions
from mappers.segments.in1_coverage import coverages
from mappers.segments.nk1_relatedperson import mother, related_persons
from mappers.segments.pid_account import account
from mappers.segments.pr1_procedure import procedures
from mappers.segments.rol_encounter import participants


class Event(NamedTuple):
    kind: str
    status: str
    origin: str


@cache
def _events() -> Mapping[str, Event]:
    path = Path(__file__).parent.parent / "tables" / "adt_events.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return MappingProxyType(
            {row["event"]: Event(row["kind"], row["status"], row["origin"]) for row in csv.DictReader(file)}
        )


EVENTS = tuple(_events())
"""The trigger events that `translate` serves."""


def translate(draft: Draft) -> Mapped:
    """One ADT message. Refused without a PID, or when nothing in it identifies the patient."""
    message = draft.message
    event = _events()[message.event]
    if message.first("PID") is None:
        draft.issue("segment-missing", "PID", segment="PID")
        return finish(draft)
    if event.kind == "merge":
        return _merged(draft)
    subject = _subject(draft)
    if subject is None:
        return finish(draft)
    visit = _visit(draft, subject, event)
    related_persons(draft, subject)
    conditions(draft, subject, visit)
    allergies(draft, subject)
    coverages(draft, subject)
    procedures(draft, subject, visit)
    return finish(draft, patient=subject.id)


def _subject(draft: Draft) -> Sheet | None:
    pid = draft.message.first("PID")
    subject = patient(pid, draft) if pid else None
    if pid is None or subject is None:
        return None
    additional = draft.message.first("PD1")
    if additional is not None:
        apply("PD1[Patient]", additional, subject, draft)
    account(pid, subject, draft)
    mother(pid, subject, draft)
    return subject


def _visit(draft: Draft, subject: Sheet, event: Event) -> Sheet | None:
    pv1, pv2 = draft.message.first("PV1"), draft.message.first("PV2")
    if pv1 is None:
        return None
    start = draft.event_time if draft.message.event in ("A01", "A04") else ""
    visit = encounter(pv1, subject, draft, status=event.status, start=start)
    if visit is None:
        if event.kind != "update":
            draft.issue("resource-left-out", "PV1-19", type="Encounter", element="identifier")
        return None
    if pv2 is not None:
        apply("PV2[Encounter]", pv2, visit, draft)
    if event.kind == "discharge":
        _end(draft, visit)
    elif event.kind == "undischarge":
        _reopen(draft, visit)
    participants(draft, visit)
    return visit


def _end(draft: Draft, visit: Sheet) -> None:
    """A03 without PV1-45: the discharge happened when the event says (EVN-6, else EVN-2)."""
    event: Segment | None = draft.message.first("EVN")
    if event is None or "end" in visit.body.get("period", {}):
        return
    for field in (6, 2):
        time = dtm.dateTime(event.get(field) or "", draft.site.offset)
        if time is not None and len(time) >= 10:
            visit.set("period.end", time)
            leaf = Leaf(event.position, field, 1, 1, 1)
            draft.ledger.note(leaf, "stored", visit.path("period.end"), f"ADT_A03#EVN-{field}")
            return


def _reopen(draft: Draft, visit: Sheet) -> None:
    """A13: the visit has no end, whatever PV1-45 repeats."""
    if "end" in visit.body.get("period", {}):
        del visit.body["period"]["end"]
        draft.forget(visit, "period.end")
    if not visit.body.get("period", True):
        del visit.body["period"]
    visit.delete("period.end")


def _merged(draft: Draft) -> Mapped:
    """A40 may carry several pairs of PID and MRG."""
    merges: list[Merge] = []
    kept: Sheet | None = None
    pid: Segment | None = None
    for segment in draft.message.segments:
        if segment.name == "PID":
            pid = segment
        elif segment.name == "MRG" and pid is not None:
            done = merge(segment, pid, draft)
            if done is not None:
                kept = kept or done[0]
                merges.append(done[1])
    if draft.message.first("MRG") is None:
        draft.issue("segment-missing", "MRG", segment="MRG")
    if kept is None:
        return finish(draft)
    return finish(draft, patient=kept.id, merges=merges)
