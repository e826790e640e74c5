"""ADT: what happened to a patient or a visit -> Patient, Person, Encounter and what stands around them.

The events are rows of `tables/adt_events.csv`: `kind` says what the message does, `status` what the visit then is
(empty: PV1 itself shows it). Of several patients (A17, A24, A37) each is translated with the segments between his PID
and the next. Source: HL7 v2.5.1 chapter 3; official message maps ADT_A01, A02, A05, A06, A09, A11, A17; ADT_A03,
ADT_A39 (A40), A20, A24 and A37 are ours.
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
from mappers.location import location
from mappers.mapped import Mapped, Merge
from mappers.message import Leaf, Segment
from mappers.messages.subject import Subject
from mappers.messages.surroundings import observations
from mappers.segments.al1_allergyintolerance import allergies
from mappers.segments.dg1_condition import conditions
from mappers.segments.gt1_relatedperson import guarantors
from mappers.segments.in1_coverage import coverages
from mappers.segments.nk1_relatedperson import mother, related_persons
from mappers.segments.pd1_observation import living_will
from mappers.segments.pid_account import account
from mappers.segments.pid_provenance import last_update
from mappers.segments.pr1_procedure import procedures
from mappers.segments.pv1_basic import history
from mappers.segments.pv1_episodeofcare import episode
from mappers.segments.rol_careteam import roles
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


class Part(NamedTuple):
    """One patient of a message, with the segments that speak of him alone."""

    pid: Segment
    pd1: Segment | None
    pv1: Segment | None
    pv2: Segment | None
    obx: tuple[Segment, ...]


def translate(draft: Draft) -> Mapped:
    """One ADT message. Refused without a PID, or when nothing in it identifies the patient."""
    message = draft.message
    event = _events()[message.event]
    if event.kind == "place":
        return _place(draft)
    if message.first("PID") is None:
        draft.issue("segment-missing", "PID", segment="PID")
        return finish(draft)
    if event.kind == "merge":
        return _merged(draft)
    if event.kind in _SEVERAL:
        return _several(draft, event)
    part = _whole(draft)
    subject = _subject(part, draft)
    if subject is None:
        return finish(draft)
    if event.kind == "delete":
        subject.set("active", False)
    visit = _visit(part, draft, subject, event)
    related_persons(draft, subject)
    conditions(draft, subject, visit)
    allergies(draft, subject)
    coverages(draft, subject)
    guarantors(draft, subject)
    procedures(draft, subject, visit)
    roles(draft, subject)
    observations(draft, Subject(subject, visit))
    return finish(draft, patient=subject.id)


def _whole(draft: Draft) -> Part:
    first = draft.message.first
    pid = first("PID")
    assert pid is not None
    return Part(pid, first("PD1"), first("PV1"), first("PV2"), draft.message.all("OBX"))


_SEVERAL = frozenset({"swap", "link", "unlink"})


def parts(draft: Draft) -> list[Part]:
    """The patients of the message, each with what stands between his PID and the next one."""
    groups: list[list[Segment]] = []
    for segment in draft.message.segments:
        if segment.name == "PID":
            groups.append([])
        if groups:
            groups[-1].append(segment)
    found = []
    for group in groups:
        by = {segment.name: segment for segment in reversed(group)}
        results = tuple(segment for segment in group if segment.name == "OBX")
        found.append(Part(by["PID"], by.get("PD1"), by.get("PV1"), by.get("PV2"), results))
    return found


def _several(draft: Draft, event: Event) -> Mapped:
    """A17: two patients change beds. A24: two records are of one person, so each points to the other; A37 undoes it."""
    subjects: list[Sheet] = []
    for part in parts(draft):
        draft.group = {one.name: one for one in (part.pid, part.pd1, part.pv1, part.pv2) if one is not None}
        subject = _subject(part, draft)
        if subject is None:
            return finish(draft)
        visit = _visit(part, draft, subject, event)
        if part.pv1 is not None and part.pv1.raw(20):
            coverages(draft, subject, part.pv1)
        observations(draft, Subject(subject, visit), part.obx)
        subjects.append(subject)
    for one in subjects:
        if event.kind == "unlink":
            one.delete("link")
        for other in subjects if event.kind == "link" else ():
            if other is not one:
                one.add("link", {"other": {"reference": other.ref}, "type": "seealso"})
    return finish(draft, patient=subjects[0].id)


def _place(draft: Draft) -> Mapped:
    """A20 (NPU): the state of a bed, of no patient."""
    npu = draft.message.first("NPU")
    value = npu.first(1) if npu is not None else None
    if npu is None or value is None or value.is_null:
        draft.issue("segment-missing", "NPU", segment="NPU")
        return finish(draft)
    if (found := location(value, draft, "NPU[Location]#NPU-1")) is not None:
        sheet = draft.sheets["Location", found["reference"].partition("/")[2]]
        apply("NPU[Location]", npu, sheet, draft)
    return finish(draft)


def _subject(part: Part, draft: Draft) -> Sheet | None:
    pid = part.pid
    subject = patient(pid, draft)
    if subject is None:
        return None
    if part.pd1 is not None:
        apply("PD1[Patient]", part.pd1, subject, draft)
        living_will(part.pd1, subject, draft)
    account(pid, subject, draft)
    last_update(pid, subject, draft)
    mother(pid, subject, draft)
    return subject


def _visit(part: Part, draft: Draft, subject: Sheet, event: Event) -> Sheet | None:
    pv1, pv2 = part.pv1, part.pv2
    if pv1 is None:
        return None
    start = draft.event_time if draft.message.event in ("A01", "A04") else ""
    visit = encounter(pv1, subject, draft, status=event.status, start=start)
    if visit is None:
        if event.kind != "update":
            draft.issue("resource-left-out", "PV1-19", type="Encounter", element="identifier")
        return None
    if event.status:
        draft.ledger.note(Leaf(0, 9, 1, 2, 1), "coded", visit.path("status"), "MSH[Encounter]#MSH-9")
    if pv2 is not None:
        apply("PV2[Encounter]", pv2, visit, draft)
    apply("PV1[Patient]", pv1, subject, draft)
    episode(pv1, subject, visit, draft)
    history(pv1, subject, visit, draft)
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
